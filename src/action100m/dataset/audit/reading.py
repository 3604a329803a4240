"""A record with its words found once: what all measures read."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, get_args

from action100m.dataset.audit.words import content_words
from action100m.record import Record, TextField, read_text
from action100m.tree import Node, Tree

FIELDS: Final[tuple[TextField, ...]] = get_args(TextField)
CAPTIONS: Final[tuple[TextField, ...]] = ("clip_caption", "frame_caption")
"""What is said about the pictures."""
ANNOTATION: Final[tuple[TextField, ...]] = ("brief_caption", "detailed_caption", "brief_action", "detailed_action", "actor")
"""What was written from them."""

_NOTHING: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True)
class Reading:
    """The content words of every text of a record, and what they weigh in it."""

    record: Record
    texts: Mapping[tuple[str, TextField], str] = field(init=False)
    """(node, field) -> text, where there is one."""
    words: Mapping[tuple[str, TextField], frozenset[str]] = field(init=False)
    """(node, field) -> stems of its content words."""

    def __post_init__(self) -> None:
        found = {(node.id, name): text for node in self.tree.nodes for name in FIELDS if (text := read_text(node, name)) is not None}
        object.__setattr__(self, "texts", found)
        object.__setattr__(self, "words", {place: content_words(text) for place, text in found.items()})

    @property
    def tree(self) -> Tree:
        """The nodes."""
        return self.record.tree

    def of(self, node: Node, *fields: TextField) -> frozenset[str]:
        """Return the words of some texts of a node together."""
        return _NOTHING.union(*(self.words.get((node.id, name), _NOTHING) for name in fields))

    @cached_property
    def below(self) -> Mapping[str, frozenset[str]]:
        """Node -> words of the captions of the node and of all below it."""
        found: dict[str, frozenset[str]] = {}
        for node in reversed(self.tree.nodes):  # children come after their parents
            found[node.id] = self.of(node, *CAPTIONS, "clip_action").union(*(found[child.id] for child in self.tree.children(node)))
        return found

    @cached_property
    def about(self) -> frozenset[str]:
        """Words of title and description."""
        metadata = self.record.metadata
        return content_words(f"{metadata.title or ''}\n{metadata.description or ''}")

    @cached_property
    def _cues(self) -> tuple[list[float], list[frozenset[str]]]:
        cues = [(cue.start, cue.text) for cue in self.record.metadata.transcript or () if cue.start is not None]
        cues.sort(key=lambda cue: cue[0])
        return [start for start, _ in cues], [content_words(text) for _, text in cues]

    def heard(self, node: Node) -> frozenset[str]:
        """Return the words of what is said during a node; a cue lasts until the next one starts."""
        starts, spoken = self._cues
        first = max(bisect_right(starts, node.start) - 1, 0)
        return _NOTHING.union(*spoken[first : bisect_left(starts, node.end)])

    @cached_property
    def weights(self) -> Mapping[str, float]:
        """Word -> log(1 + nodes / nodes that have it): what is said everywhere weighs little."""
        counts = Counter(word for node in self.tree.nodes for word in self.of(node, *FIELDS))
        return {word: math.log1p(len(self.tree) / count) for word, count in counts.items()}

    def weigh(self, words: Iterable[str]) -> float:
        """Return the weight of some words together."""
        rarest = math.log1p(len(self.tree))
        return sum(self.weights.get(word, rarest) for word in words)
