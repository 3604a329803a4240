"""Fill the templates in `page/`: styles and scripts inlined, because a page opened from disk may load nothing else, and text escaped.

A content security policy names the one script and the one style by hash, so that nothing else in a page can run, whatever a title holds.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any, Final

_SLOT: Final = re.compile(r"\{\{(\w+)\}\}")
_ON_DISK: Final = "media-src 'self' file:; form-action 'none'"
_SERVED: Final = "media-src 'self'; connect-src 'self'; form-action 'self'"
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def assemble(template: str, *, styles: Sequence[str], scripts: Sequence[str], slots: Mapping[str, str], served: bool = False) -> str:
    """Return a page: the template with its styles and scripts, each in the given order, and `slots`, which hold HTML.

    served: by our server, to which it may then speak; a page on disk may speak to nobody.
    """
    style, script = "\n".join(map(_read, styles)), "\n".join(map(_read, scripts))
    filled = {**slots, "style": style, "script": script, "policy": _policy(style, script) + (_SERVED if served else _ON_DISK)}
    return _SLOT.sub(lambda slot: filled[slot[1]], _read(template))  # one pass: what fills a slot is never searched for slots


def escape(text: str) -> str:
    """Return text as HTML that shows it. What no page may hold, such as a NUL, becomes the replacement character."""
    return html.escape(_UNPRINTABLE.sub("\ufffd", text))


def embed_json(value: Any) -> str:
    """Return JSON that can stand inside a script element: pure ASCII, without `<`."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


@cache
def _read(name: str) -> str:
    return resources.files(__package__).joinpath("page", name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    return f"default-src 'none'; style-src '{_fingerprint(style)}'; script-src '{_fingerprint(script)}'; base-uri 'none'; "


def _fingerprint(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
