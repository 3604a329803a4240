"""Texts whose model did not come to an end: they go round in a loop, or break off in the midst of a sentence or word."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from action100m.dataset.audit.blanks import is_sentinel
from action100m.dataset.audit.finding import Finding, Measured
from action100m.dataset.audit.reading import Reading
from action100m.dataset.audit.words import find_words
from action100m.models.repetition import find_loop
from action100m.record import TextField

_SENTENCES: Final[tuple[TextField, ...]] = ("clip_caption", "frame_caption", "brief_caption", "detailed_caption", "detailed_action")
"""Texts that end as sentences do."""
_OPEN_END: Final = re.compile(r"[\w,;:&/(\u2010-\u2015-]\s*\Z")
_UNPUNCTUATED: Final = 0.5
"""Where more texts of a field than this have no final mark, its model writes none, and nothing follows from one."""
_WHOLE_ROUNDS: Final = 4
"""Sentences in a row that are the same make a loop from here on; two or three may be a refrain."""
_SHORTEST_LOOP: Final = 24
"""Words. What is shorter is not looked into."""
_SHORTEST_STUMP: Final = 5
"""Letters: "lock" may be a word of its own, "mixtur" hardly."""
_INFLECTIONS: Final = frozenset({"s", "es", "d", "ed", "r", "er", "ing", "ly", "y"})


def find_loops(reading: Reading) -> Measured:
    """Find texts that are `looping` or `truncated`."""
    looping = tuple(_looping(reading))
    cut = {(finding.node, finding.field) for finding in looping}
    open_ends = (finding for finding in _open_ended(reading) if (finding.node, finding.field) not in cut)
    return Measured((*looping, *open_ends, *_stumps(reading)))


def _looping(reading: Reading) -> Iterator[Finding]:
    for (node, name), text in reading.texts.items():
        tokens = text.split()
        if len(tokens) < _SHORTEST_LOOP:
            continue
        loop = find_loop(tokens)
        if loop is not None:
            yield Finding(node, "looping", name, f"from word {loop.start} on, {loop.period} words come again and again")
        elif (sentence := _refrain(text)) is not None:
            yield Finding(node, "looping", name, f"the same sentence over and over: {sentence[:60]!r}")


def _refrain(text: str) -> str | None:
    """Return the first sentence that comes `_WHOLE_ROUNDS` times in a row."""
    same = 1
    for before, after in pairwise(re.split(r"(?<=[.!?])\s+", text.strip().lower())):
        same = same + 1 if before == after else 1
        if same == _WHOLE_ROUNDS and len(after.split()) > 2:
            return after
    return None


def _open_ended(reading: Reading) -> Iterator[Finding]:
    for name in _SENTENCES:
        texts = {node: text for (node, field), text in reading.texts.items() if field == name and text.strip() and not is_sentinel(text)}
        ends = [node for node, text in texts.items() if _OPEN_END.search(text)]
        if len(ends) <= _UNPUNCTUATED * len(texts):
            yield from (Finding(node, "truncated", name, f"ends with {texts[node][-30:]!r}") for node in ends)


def _stumps(reading: Reading) -> Iterator[Finding]:
    """A short action breaks off where its last word is the beginning of a word of the record and no word of it otherwise: "Stir mixtur"."""
    actions = {node: found[-1] for (node, name), text in reading.texts.items() if name == "clip_action" and (found := find_words(text))}
    stumps = {word for word in actions.values() if len(word) >= _SHORTEST_STUMP}
    others = (text for (_, name), text in reading.texts.items() if name != "clip_action")
    known = {word for text in others for word in find_words(text)} if stumps else set()
    longer = sorted(known)
    for node, word in actions.items():
        if word in stumps - known and _begins_another(word, longer):
            yield Finding(node, "truncated", "clip_action", f"ends with {word!r}")


def _begins_another(word: str, known: Sequence[str]) -> bool:
    """Tell whether a word is the beginning of one of the sorted words, and not another form of it."""
    place = bisect_left(known, word)
    return place < len(known) and known[place].startswith(word) and known[place].removeprefix(word) not in _INFLECTIONS
