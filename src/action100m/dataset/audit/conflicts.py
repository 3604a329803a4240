"""Texts about the same that contradict each other. Only what needs no model to tell, and only where hardly another reading is left.

- A colour or a state of the same noun: "a red bowl" and "a blue bowl"; "the closed lid" and "the open lid". Colours that one may take for another
  (red and pink, grey and silver) do not contradict.
- A number of the same noun: "two women" and "three women".
- A negation: "does not whisk" where the other text whisks.

Compared are the texts of one annotation with each other; and the annotation with the captions of its node and below, where a noun has the other
colour only, more than once. Of colours alone: the frame caption of a node with its clip caption; and two children of one parent, where two texts of
each agree on it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Final, Literal

from action100m.dataset.audit.colours import COLOURS, are_opposed
from action100m.dataset.audit.finding import Finding, Measured
from action100m.dataset.audit.reading import ANNOTATION, CAPTIONS, Reading
from action100m.dataset.audit.words import FUNCTION_WORDS, NUMBERS, stem
from action100m.record import TextField
from action100m.tree import Node

Quality = Literal["colour", "number", "state"]
Described = Mapping[tuple[Quality, str], frozenset[str]]
"""(quality, stem of a noun) -> its values, such as ("colour", "bowl") -> {"red"}."""

Places = Mapping[tuple[str, TextField], Described]
"""(node, field) -> what its text describes."""
Conflict = tuple[TextField, str]
"""Where it shows, and what it is."""

_OPPOSITES: Final[dict[str, str]] = {
    one: other
    for pair in ("open closed", "empty full", "hot cold", "wet dry", "left right", "raw cooked", "clean dirty", "upper lower", "young old")
    for one, other in (pair.split(), pair.split()[::-1])
}
_PART: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)?|[^\w\s\u2010\u2011-]")
_VALUES: Final[Mapping[str, tuple[Quality, str]]] = {
    **{word: ("state", word) for word in _OPPOSITES},
    **{word: ("number", digits) for word, digits in NUMBERS.items() if digits not in {"0", "1"}},
    **{word: ("colour", word) for word in COLOURS},
}
"""Word -> which quality of a noun it tells, and its value."""
_VALUE: Final = re.compile(rf"\b(?:{'|'.join(_VALUES)})\b")
_LOOKAHEAD: Final = 60
"""Characters in which the phrase must end."""
_LONGEST_PHRASE: Final = 3
"""Words from a quality to its noun: "red polka dot apron"."""
_NEGATION: Final = re.compile(
    r"\b(?:(?:do|does|did|is|are|was|were) not|doesn't|isn't|aren't|never|without)\s+(?:(?:a|an|the|any|yet)\s+)?([^\W\d_]+)"
)
_FEWEST_MENTIONS: Final = 2
"""Captions that must say otherwise: a single one may be the one that is wrong."""
_UNCOUNTED: Final = frozenset({"time", "second", "step", "minute", "level", "side", "hand"})
"""Of these there are several kinds in one scene: two hands and one hand."""
_VAGUE: Final = frozenset(map(stem, ("object", "item", "thing", "color", "background", "text", "light", "surface", "container")))
"""Of these there are many in one picture."""


def find_conflicts(reading: Reading) -> Measured:
    """Find nodes in `conflict` with themselves, with their captions or with their siblings."""
    findings = []
    described = {place: describe(text) for place, text in reading.texts.items() if place[1] != "clip_action"}
    for node in reading.tree.nodes:
        conflict = next(_conflicts(reading, node, described), None)
        if conflict is not None:
            findings.append(Finding(node.id, "conflict", *conflict))
    return Measured(tuple(findings))


def _conflicts(reading: Reading, node: Node, described: Places) -> Iterator[Conflict]:
    own = {name: described[node.id, name] for name in ANNOTATION if (node.id, name) in described}
    yield from _within(own)
    yield from _against_captions(reading, node, own, described)
    yield from _negated(reading, node)
    yield from _between_captions(reading, node, described)
    yield from _against_siblings(reading, node, described)


def describe(text: str) -> Described:
    """Return the colours, numbers and states that a text gives to nouns."""
    found: dict[tuple[Quality, str], set[str]] = defaultdict(set)
    lower = text.lower()
    for match in _VALUE.finditer(lower):
        quality, value = _VALUES[match[0]]
        noun = _noun(_PART.findall(lower, match.end(), match.end() + _LOOKAHEAD))
        if noun and not (quality == "number" and noun in _UNCOUNTED):
            found[quality, noun].add(value)
    return {key: frozenset(values) for key, values in found.items()}


def _noun(parts: list[str]) -> str:
    """Return the stem of the last word of the phrase that begins here: "polka dot apron" ends with its noun."""
    start = 0
    while parts[start : start + 1] in (["and"], ["or"]):  # "a red and a blue bowl": both are of the bowl
        second = start + 1 + (parts[start + 1 : start + 2] in (["a"], ["an"], ["the"]))
        if second >= len(parts) or parts[second] not in _VALUES:
            break
        start = second + 1
    end = start
    while end < min(start + _LONGEST_PHRASE, len(parts)) and parts[end][0].isalpha() and parts[end] not in FUNCTION_WORDS:
        end += 1
    return stem(parts[end - 1]) if end > start and parts[end - 1] not in _VALUES else ""


def _opposed(quality: Quality, one: frozenset[str], other: frozenset[str]) -> bool:
    """Tell whether no value of one fits any value of the other."""
    match quality:
        case "colour":
            return all(are_opposed(a, b) for a in one for b in other)
        case "number":
            return len(one) == len(other) == 1 and one != other
        case "state":
            return len(one) == len(other) == 1 and _OPPOSITES[min(one)] == min(other)


def _within(own: Mapping[TextField, Described]) -> Iterator[Conflict]:
    for (first, one), (second, other) in combinations(own.items(), 2):
        for key in sorted(one.keys() & other.keys()):
            if key[0] != "state" and _opposed(key[0], one[key], other[key]):
                yield second, f"{_tell(one[key])} {key[1]} in {first}, {_tell(other[key])} in {second}"


def _against_captions(reading: Reading, node: Node, own: Mapping[TextField, Described], described: Places) -> Iterator[Conflict]:
    keys = {key for one in own.values() for key in one if key[0] == "colour"}
    if not keys:
        return
    below = [described[part.id, name] for part in reading.tree.walk(node) for name in CAPTIONS if (part.id, name) in described]
    seen = {key: [one[key] for one in below if key in one] for key in keys}
    for name, one in own.items():
        for key in sorted(one.keys() & keys):
            others = seen[key]
            if len(others) >= _FEWEST_MENTIONS and _opposed("colour", one[key], frozenset().union(*others)):
                yield name, f"{_tell(one[key])} {key[1]}, but {_tell(frozenset().union(*others))} in {len(others)} captions"


def _between_captions(reading: Reading, node: Node, described: Places) -> Iterator[Conflict]:
    """Only of a noun that each caption has once: of two bowls each may speak of another one."""
    frame, clip = (described.get((node.id, name), {}) for name in ("frame_caption", "clip_caption"))
    for quality, noun in sorted(frame.keys() & clip.keys()):
        one, other = frame[quality, noun], clip[quality, noun]
        if quality != "colour" or noun in _VAGUE or not _opposed(quality, one, other):
            continue
        if all(_count(reading.texts[node.id, name], noun) == 1 for name in CAPTIONS):
            yield "frame_caption", f"{_tell(one)} {noun} in frame_caption, {_tell(other)} in clip_caption"


def _against_siblings(reading: Reading, node: Node, described: Places) -> Iterator[Conflict]:
    """Colours that all texts of a node give to a noun, and all of its sibling oppose. Numbers and states change with time."""
    siblings = [] if node.parent is None else [child for child in reading.tree.children(reading.tree[node.parent]) if child.id != node.id]
    for sibling in siblings:
        own, others = (_gather_colours(child, described) for child in (node, sibling))
        for noun in sorted(own.keys() & others.keys() - _VAGUE):
            one, other = (frozenset().union(*found[noun].values()) for found in (own, others))
            if min(len(own[noun]), len(others[noun])) >= _FEWEST_MENTIONS and _opposed("colour", one, other):
                yield next(iter(own[noun])), f"{_tell(one)} {noun}, but {_tell(other)} in {len(others[noun])} texts of its sibling"


def _count(text: str, noun: str) -> int:
    """Return how often a text has a noun, by its stem."""
    return [stem(word) for word in _PART.findall(text.lower())].count(noun)


def _gather_colours(node: Node, described: Places) -> Mapping[str, Mapping[TextField, frozenset[str]]]:
    """Return noun -> text -> its colours there, over clip caption and annotation."""
    found: dict[str, dict[TextField, frozenset[str]]] = defaultdict(dict)
    for name in ("clip_caption", *ANNOTATION):
        for (quality, noun), values in described.get((node.id, name), {}).items():
            if quality == "colour":
                found[noun][name] = values
    return found


def _negated(reading: Reading, node: Node) -> Iterator[Conflict]:
    """A stem that one text only denies and another only affirms."""
    denied = {
        name: {stem(word) for word in _NEGATION.findall(reading.texts[node.id, name].lower())}
        for name in ANNOTATION
        if (node.id, name) in reading.texts
    }
    for name, stems in denied.items():
        for other, words in ((other, reading.words[node.id, other]) for other in denied if other != name):
            for word in sorted(stems & words - denied[other]):
                yield name, f"denies {word!r}, which {other} affirms"


def _tell(values: frozenset[str]) -> str:
    return "/".join(sorted(values))
