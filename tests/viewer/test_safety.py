"""Texts from the network (titles, transcripts, model replies, uids) can neither run nor leave the report's folder."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from action100m.annotation import Action, Annotation, Summary
from action100m.record import Gap, Record
from action100m.video.video import Cue
from action100m.viewer.report import write_report
from support.records import make_record

ATTACKS = [
    "<script>window.hacked = 1</script>",
    "</script><script>window.hacked = 1</script>",
    "<!--<script>",
    '"><img src=x onerror="window.hacked = 1">',
    "</title></style><svg onload='window.hacked = 1'>",
    "javascript:window.hacked=1",
    "{{script}} {{payload}} ${window.hacked = 1}",
    "line\u2028and\u2029paragraph \u202e backwards",
    "bell \x07, escape \x1b[31m, NUL \x00, C1 \x9b",
    "half a pair \ud83c",
    "]]> & &amp; &lt;b&gt;",
]


UIDS = [
    "../../escaped",
    "/etc/passwd",
    "..",
    ".",
    "",
    "index",
    "CON",
    "a\x00b",
    "a/b\\c",
    "x" * 5000,
    "C:\\temp",
    "~",
    "%2e%2e",
    "caf\u00e9",
    "\ud83c",
]


def poisoned(attack: str) -> Record:
    """A record in which every text is the attack."""
    record = make_record("clip", provenance=True)
    annotation = Annotation(Summary(attack, attack), Action(attack, attack, attack))

    def poison(node):
        given = annotation if node.annotation else None
        return replace(node, clip_caption=attack, clip_action=attack, frame_caption=attack, annotation=given)

    gaps = tuple(Gap(node.id, "annotation", attack) for node in record.tree.leaves())
    provenance = replace(record.provenance, encoder=attack, lost=(attack,), gaps=gaps, prompts=((attack, attack),))
    metadata = replace(record.metadata, title=attack, description=attack, upload_date=attack, transcript=(Cue("1", attack), Cue(attack, attack)))
    return Record(attack, metadata, record.tree.update(poison), provenance)


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_text_runs_and_all_are_shown_as_they_are(attack, tmp_path, visit):
    record = poisoned(attack)
    index, path = write_report([record], tmp_path, videos={attack: f"nowhere/{attack}".translate({0: None, 0xD83C: None})})
    listed, opened = visit(index), visit(path)
    page = opened.page
    page.locator("details").evaluate_all("found => found.forEach(details => details.open = true)")
    opened.click(record.tree.nodes[3].id)
    page.locator("#query").fill(attack)
    page.locator(".node").first.hover()

    places = [page.locator(place).first for place in ("#title", "#segment h2", "#segment dd", ".cue span", "#about dd", ".node span")]
    assert [place.text_content() for place in places] == [attack] * len(places)
    assert page.locator("#hint").text_content().startswith(attack)
    assert not [sign for sign in page.title() if sign < " "]
    for shown, scripts in ((listed.page, 1), (page, 2)):  # a page has its data besides its script
        assert shown.evaluate("window.hacked") is None
        assert shown.locator("img, iframe, object, embed, svg[onload], [onerror], base").count() == 0
        assert shown.locator("script").count() == scripts


def test_no_uid_leaves_the_folder(tmp_path, visit):
    folder = tmp_path / "report"
    index, *pages = write_report([replace(make_record(), uid=uid) for uid in UIDS], folder)
    assert [page.parent for page in pages] == [folder] * len(UIDS)
    assert [page.name for page in pages if not re.fullmatch(r"[\w-]{1,80}\.html", page.name, re.ASCII)] == []
    assert sorted(tmp_path.iterdir()) == [folder]
    assert sorted(folder.iterdir()) == sorted([index, *pages])
    links = visit(index).page.locator("a.video").evaluate_all("found => found.map(link => link.href)")
    assert links == [page.as_uri() for page in pages]


def test_uids_that_differ_only_in_case_or_signs_have_pages_of_their_own(tmp_path):
    uids = ["aB", "Ab", "a-b", "a b", "a/b", "a_b"]
    _, *pages = write_report(map(make_record, uids), tmp_path)
    assert len({page.name.lower() for page in pages}) == len(uids)


def test_the_policy_stops_a_script_that_got_in(tmp_path, visit):
    _, path = write_report([make_record()], tmp_path)
    path.write_text(path.read_text().replace("</body>", "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'></body>"))
    page = visit(path)
    assert page.page.evaluate("window.hacked") is None
    assert len(page.complaints) >= 2
    assert all("Content Security Policy" in complaint for complaint in page.complaints)
    page.complaints.clear()
