"""Texts that say nothing: blank ones, missing ones, those that stand for "nothing", and those with hardly a word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from action100m.dataset.audit.finding import Finding, Measured
from action100m.dataset.audit.reading import CAPTIONS, Reading
from action100m.record import TextField

SHORT_WORDS: Final[dict[TextField, int]] = {"clip_caption": 5, "frame_caption": 5, "detailed_caption": 8, "brief_caption": 4, "detailed_action": 4}
"""Fewer words than these are few. In the released records no annotation is that short."""
_SENTINEL: Final = re.compile(
    r"\W*(n\s*/?\s*a|none|null|nil|unknown|undefined|nothing|not applicable|not available|no (action|actions|actor|caption|description)s?)\b\W*"
    r"((there (is|are)|because|as|since|in|shown|visible|found|given|available)\b.*)?",
    re.IGNORECASE | re.DOTALL,
)
_LONGEST_SENTINEL: Final = 120
"""Characters. What is longer says something."""


def find_blanks(reading: Reading) -> Measured:
    """Find what is `missing`, a `sentinel`, or `short`."""
    return Measured((*_missing(reading), *_empty_talk(reading)))


def is_sentinel(text: str) -> bool:
    """Tell whether a text stands for "nothing"."""
    return len(text) <= _LONGEST_SENTINEL and _SENTINEL.fullmatch(text.strip()) is not None


def _missing(reading: Reading) -> Iterator[Finding]:
    """A caption that no node of the record has is not made by this engine, so it is not missing."""
    made = {name for _, name in reading.texts}
    for node in reading.tree.nodes:
        expected = (name for name in (*CAPTIONS, "clip_action") if name != "frame_caption" or reading.tree.is_leaf(node))
        for name in expected:
            if name in made and (node.id, name) not in reading.texts:
                yield Finding(node.id, "missing", name, "there is none")


def _empty_talk(reading: Reading) -> Iterator[Finding]:
    for (node, name), text in reading.texts.items():
        if not text.strip():
            yield Finding(node, "missing", name, "the text is blank")
        elif is_sentinel(text):
            yield Finding(node, "sentinel", name, f"{text.strip()!r} stands for nothing")
        elif (count := len(text.split(maxsplit=8))) < SHORT_WORDS.get(name, 1):
            yield Finding(node, "short", name, f"{count} words: {text.strip()[:60]!r}")
