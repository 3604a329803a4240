from __future__ import annotations

import json

import pytest

from action100m.viewer.assemble import assemble, embed_json, escape


@pytest.mark.parametrize("text", ["</script>", "<!--", "\u2028", "caf\u00e9", "\ud83c", "\x00", "{{style}}"])
def test_embedded_json_reads_back_and_is_plain(text):
    embedded = embed_json({"text": text})
    assert json.loads(embedded) == {"text": text}
    assert "<" not in embedded
    assert embedded.isascii()
    assert embedded.isprintable()


def test_json_that_no_browser_reads_is_refused():
    with pytest.raises(ValueError, match="JSON"):
        embed_json(float("nan"))


def test_escaped_text_is_no_markup():
    assert escape("<b title=\"x\" id='y'>&") == "&lt;b title=&quot;x&quot; id=&#x27;y&#x27;&gt;&amp;"
    assert escape("tab\t, line\n, NUL \x00, half \ud83c") == "tab\t, line\n, NUL \ufffd, half \ufffd"


def test_what_fills_a_slot_is_not_filled_again():
    page = assemble("video.html", styles=["base.css"], scripts=["dom.js"], slots={"title": "{{payload}}", "payload": "{{title}}", "list": ""})
    assert "<title>{{payload}}</title>" in page
    assert ">{{title}}</script>" in page
