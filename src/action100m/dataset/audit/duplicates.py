"""Texts that come twice: in a parent and its child, in two siblings, or anywhere else in the video."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from action100m.dataset.audit.finding import Finding, Measured
from action100m.dataset.audit.reading import Reading
from action100m.record import TextField
from action100m.tree import Node

_FIELDS: Final[tuple[TextField, ...]] = ("clip_caption", "frame_caption", "brief_caption", "detailed_caption", "detailed_action")
"""Short actions are left out: somebody may well speak to the camera twice."""
_FEWEST_WORDS: Final = 4
"""Two segments may both show "a man"."""


def find_duplicates(reading: Reading) -> Measured:
    """Find texts that are the same, but for case, spaces and the final mark, as one of another node."""
    groups: dict[tuple[TextField, str], list[str]] = defaultdict(list)
    for (node, name), text in reading.texts.items():
        plain = " ".join(text.lower().split()).rstrip(".!?")
        if name in _FIELDS and plain.count(" ") >= _FEWEST_WORDS - 1:
            groups[name, plain].append(node)
    tree = reading.tree
    return Measured(
        tuple(
            Finding(node, "duplicate", name, f"the same as that of {_relation(tree[node], tree[other])}")
            for (name, _), nodes in groups.items()
            if len(nodes) > 1
            for node, other in zip(nodes, (nodes[1], *nodes[:1] * (len(nodes) - 1)), strict=True)
        )
    )


def _relation(node: Node, other: Node) -> str:
    if node.parent == other.id:
        return "its parent"
    if other.parent == node.id:
        return "its child"
    if node.parent == other.parent:
        return "its sibling"
    return f"the segment [{other.start:g}, {other.end:g}) s"
