"""How far evidence holds what an annotation says.

    support(node) = weight(words of its annotation that the evidence has) / weight(words of its annotation)

Evidence is what its author was shown: captions of the node, of all below it and of its ancestors, what is said during it, title and description. A
word is supported, too, by one with the same first five letters: "preparation" by "prepares".

An annotator has words of its own ("presents", "steadily"), so a word without evidence is a finding only where it is a colour or a number, or where
nothing else in the whole video has it, other annotations included.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from action100m.dataset.audit.colours import COLOUR_STEMS
from action100m.dataset.audit.finding import Finding, Measured
from action100m.dataset.audit.reading import ANNOTATION, Reading
from action100m.record import TextField
from action100m.tree import Node

_PREFIX: Final = 5
_TERSE: Final[tuple[TextField, ...]] = ("brief_caption", "brief_action", "actor")
"""Texts of few words, of which each is meant. Long ones paraphrase."""
LONE_WORDS: Final = 1
"""Words met nowhere else, over the terse texts together, from which an annotation is flagged."""
LEAST_SUPPORT: Final = 0.5
"""Support below which an annotation is flagged whatever its words."""


def find_unsupported(reading: Reading) -> Measured:
    """Score the `support` of every annotation, and find those that are `unsupported`."""
    scores: dict[str, float] = {}
    findings = []
    users = Counter(word for node in reading.tree.nodes for word in {word[:_PREFIX] for word in reading.of(node, *ANNOTATION)})
    known = frozenset(word[:_PREFIX] for word in evidence(reading, reading.tree.root))
    for node in reading.tree.nodes:
        words = reading.of(node, *ANNOTATION)
        if not words:
            continue
        unseen = unsupported_words(words, evidence(reading, node))
        scores[node.id] = 1 - reading.weigh(unseen) / reading.weigh(words)
        checkable = {word for word in unseen if word in COLOUR_STEMS or word.isdigit()}
        lone = {word for word in unseen & reading.of(node, *_TERSE) - checkable if users[word[:_PREFIX]] == 1 and word[:_PREFIX] not in known}
        if checkable or len(lone) >= LONE_WORDS:
            findings.append(Finding(node.id, "unsupported", _where(reading, node, checkable | lone), ", ".join(sorted(checkable | lone))))
        elif scores[node.id] < LEAST_SUPPORT:
            findings.append(Finding(node.id, "unsupported", "detailed_caption", f"{scores[node.id]:.0%} supported"))
    return Measured(tuple(findings), {"support": scores})


def evidence(reading: Reading, node: Node) -> frozenset[str]:
    """Return the words of all that the author of a node's annotation was shown."""
    above = (reading.of(ancestor, "clip_caption") for ancestor in reading.tree.ancestors(node))
    return reading.below[node.id].union(reading.heard(node), reading.about, *above)


def unsupported_words(words: frozenset[str], shown: frozenset[str]) -> frozenset[str]:
    """Return the words that neither are among those shown nor begin like one of them."""
    beginnings = {word[:_PREFIX] for word in shown if len(word) >= _PREFIX}
    return frozenset(word for word in words - shown if word[:_PREFIX] not in beginnings)


def _where(reading: Reading, node: Node, words: frozenset[str] | set[str]) -> TextField:
    return next(name for name in ANNOTATION if reading.of(node, name) & words)
