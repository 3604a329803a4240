"""Actors who are not those who are seen. Told by sex and age alone, which texts name in many words: "the woman", "a girl", "her", "female".

An actor conflicts where the summary of the same annotation names only the other sex; or, if it names none, where at least two captions of the segment
do and none names his or hers; or where the actors of both children are of the other sex. And nobody acts where the action is "N/A".
"""

from __future__ import annotations

from typing import Final, Literal

from action100m.dataset.audit.blanks import is_sentinel
from action100m.dataset.audit.finding import Finding, Measured
from action100m.dataset.audit.reading import Reading
from action100m.dataset.audit.words import find_words
from action100m.models.verbs import words
from action100m.tree import Node

Sex = Literal["female", "male"]

_FEMALE: Final = words("woman women girl girls female lady ladies she her hers herself mother mom mum grandmother sister wife daughter")
_MALE: Final = words("man men boy boys male gentleman guy guys he him his himself father dad grandfather brother husband son")
_OTHER: Final[dict[Sex, Sex]] = {"female": "male", "male": "female"}
_FEWEST_CAPTIONS: Final = 2


def find_actors(reading: Reading) -> Measured:
    """Find annotations whose `actor` is not who is seen."""
    found = (_fault(reading, node) for node in reading.tree.nodes if node.annotation is not None)
    return Measured(tuple(Finding(node, "actor", "actor", message) for node, message in filter(None, found)))


def sexes(text: str) -> frozenset[Sex]:
    """Return the sexes of the people that a text names."""
    found = frozenset(find_words(text))
    named: tuple[tuple[Sex, frozenset[str]], ...] = (("female", _FEMALE), ("male", _MALE))
    return frozenset(sex for sex, its_words in named if found & its_words)


def _fault(reading: Reading, node: Node) -> tuple[str, str] | None:
    texts = reading.texts
    actor = texts.get((node.id, "actor"), "")
    if is_sentinel(texts.get((node.id, "brief_action"), "")) and actor.strip() and not is_sentinel(actor):
        return node.id, f"the action is {texts[node.id, 'brief_action']!r}, but {actor[:60]!r} acts"
    named = sexes(actor)
    if len(named) != 1:
        return None
    (sex,) = named
    summary = sexes(f"{texts.get((node.id, 'brief_caption'), '')} {texts.get((node.id, 'detailed_caption'), '')}")
    if summary == {_OTHER[sex]}:
        return node.id, f"{actor[:60]!r} acts, but the summary names the other sex only"
    if not summary and _captions_differ(reading, node, sex):
        return node.id, f"{actor[:60]!r} acts, but captions name the other sex only"
    children = [sexes(texts.get((child.id, "actor"), "")) for child in reading.tree.children(node)]
    if len(children) > 1 and all(named == {_OTHER[sex]} for named in children):
        return node.id, f"{actor[:60]!r} acts, but those of both children are of the other sex"
    return None


def _captions_differ(reading: Reading, node: Node, sex: Sex) -> bool:
    seen = [sexes(text) for part in reading.tree.walk(node) if (text := reading.texts.get((part.id, "clip_caption")))]
    return sum(named == {_OTHER[sex]} for named in seen) >= _FEWEST_CAPTIONS and not any(sex in named for named in seen)
