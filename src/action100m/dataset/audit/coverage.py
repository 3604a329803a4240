"""How far the text of a parent covers what its children say.

    coverage(parent) = mean over its children of  weight(words of the child that the parent has) / weight(words of the child)

A word weighs log(1 + N / n): N nodes, n of them with the word. The text of a node is its annotation, else its clip caption.
"""

from __future__ import annotations

from typing import Final

from action100m.dataset.audit.finding import Finding, Measured
from action100m.dataset.audit.reading import ANNOTATION, Reading
from action100m.record import TextField
from action100m.tree import Node

UNCOVERED: Final = 0.1
"""Coverage below which a parent is flagged."""
_FEWEST_WORDS: Final = 4
"""A child with fewer content words tells nothing about its parent."""


def find_uncovered(reading: Reading) -> Measured:
    """Score the `coverage` of every parent, and find those that are `uncovered`."""
    scores: dict[str, float] = {}
    for node in reading.tree.nodes:
        shares = [_recall(reading, node, child) for child in reading.tree.children(node)]
        told = [share for share in shares if share is not None]
        if told and _text_words(reading, node):
            scores[node.id] = sum(told) / len(told)
    low = ((reading.tree[place], score) for place, score in scores.items() if score < UNCOVERED)
    findings = (Finding(node.id, "uncovered", _field(node), f"covers {score:.0%} of its children") for node, score in low)
    return Measured(tuple(findings), {"coverage": scores})


def _field(node: Node) -> TextField:
    return "detailed_caption" if node.annotation else "clip_caption"


def _text_words(reading: Reading, node: Node) -> frozenset[str]:
    return reading.of(node, *ANNOTATION) or reading.of(node, "clip_caption")


def _recall(reading: Reading, parent: Node, child: Node) -> float | None:
    said = _text_words(reading, child)
    return reading.weigh(said & _text_words(reading, parent)) / reading.weigh(said) if len(said) >= _FEWEST_WORDS else None
