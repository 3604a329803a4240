"""Cut a video into a binary tree of segments, from its embeddings alone (paper section 3.1).

Neighbours that look alike merge first (Ward linkage along time). Read from the last merge to the first, the merges are cuts from coarse to fine.
A cut is made only if both sides last `min_duration`, and never in a still picture, whose frames all have the same vector: nothing happens there.
What becomes of a node whose cut would leave a sliver on one side is the leaf rule:

    merges     |s|---------- R1 ----------|-------- R2 --------|     R1 and R2 make R, then s and R the whole
    "keep"     |--------------------- leaf --------------------|     not cut, nor is anything below it
    "absorb"   |----------- R1 -----------|-------- R2 --------|     s goes with R, and the cuts of R are next
"""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Final, Literal, Self, get_args

import numpy as np
from pydantic import ConfigDict

from action100m.embeddings import Embeddings
from action100m.errors import ConfigError
from action100m.models.ledger import Ledger
from action100m.stages.base import Facet, Given, ProgressCallback, StageName, ignore_progress
from action100m.stages.ward import Merges, ward_merges
from action100m.tree import Node, Tree, node_id, tree_from_json, tree_to_json
from action100m.video.video import Video

LeafRule = Literal["keep", "absorb"]

_ALGORITHM = 1
"""Raised when the same settings come to mean other trees."""
_TIME_TOLERANCE: Final = 1e-6
"""Seconds that rounding may take from a duration: 12 frames at 24 fps last 0.5 s, which float64 may show as 0.4999999999999."""


@dataclass(frozen=True, slots=True)
class SegmentConfig:
    """When to stop cutting."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    min_duration: float = 0.5
    """Shortest segment in seconds, inclusive (paper: 0.5). A side of a cut that is shorter is a sliver."""
    leaf_rule: LeafRule = "keep"
    """What becomes of a node whose cut would leave a sliver.

    "keep", the paper's rule as its data shows it: the node stays a leaf, however long (up to 25 s there, and leaves get no annotation).

    "absorb": the sliver goes with the other side, and that side's own cuts are tried. This is the better of the sliver's two neighbours: Ward
    linkage took the cheapest merge there was, so the neighbour beyond the node would have cost more. Slivers lend no length: both sides of
    every cut last `min_duration` without what they absorbed. Else one sliver after another, as a slow drift gives them, would be cut blindly
    every `min_duration`.
    """

    def __post_init__(self) -> None:
        if not 0 < self.min_duration < math.inf:
            raise ConfigError(f"segment.min_duration must be more than 0 seconds, got {self.min_duration}")
        if self.leaf_rule not in get_args(LeafRule):
            raise ConfigError(f"segment.leaf_rule must be one of {', '.join(get_args(LeafRule))}, got {self.leaf_rule!r}")


def segment(embeddings: Embeddings, config: SegmentConfig = SegmentConfig(), *, uid: str) -> Tree:
    """Return the tree whose root spans all embeddings, whose boundaries are edges, and whose leaves cannot be cut again.

    A node's id is made of the video's uid and of its place in the tree. Too short for one cut, a video is a root alone.
    """
    merges = ward_merges(embeddings.vectors)
    return Tree(tuple(_cut_top_down(merges, embeddings.edges.tolist(), config, uid)))


@dataclass(frozen=True, slots=True)
class _Segment:
    """A cluster on its way to become a node: frames [first, stop), and the seconds [start, end) that slivers beside them may widen."""

    path: str
    cluster: int
    first: int
    stop: int
    start: float
    end: float


def _cut_top_down(merges: Merges, edges: list[float], config: SegmentConfig, uid: str) -> Iterator[Node]:
    """Yield the nodes, breadth first. Without recursion: a tree may be as deep as the video is long."""
    frames = len(edges) - 1
    waiting = deque([_Segment("", 2 * frames - 2, 0, frames, edges[0], edges[-1])])
    while waiting:
        current = waiting.popleft()
        parent = node_id(uid, current.path[:-1]) if current.path else None
        yield Node(node_id(uid, current.path), parent, len(current.path), current.start, current.end)
        waiting.extend(_halves(current, merges, edges, config))


def _halves(whole: _Segment, merges: Merges, edges: list[float], config: SegmentConfig) -> tuple[_Segment, ...]:
    """Return the two sides of the first cut that leaves no sliver, or nothing for a leaf."""
    frames = len(edges) - 1
    cluster, first, stop = whole.cluster, whole.first, whole.stop
    while cluster >= frames and merges.heights[cluster - frames] > 0:
        left, right = merges.children[cluster - frames].tolist()
        cut = int(merges.cuts[cluster - frames])
        left_lasts = _lasts(edges[first], edges[cut], config.min_duration)
        right_lasts = _lasts(edges[cut], edges[stop], config.min_duration)
        if left_lasts and right_lasts:
            return (
                _Segment(whole.path + "0", left, first, cut, whole.start, edges[cut]),
                _Segment(whole.path + "1", right, cut, stop, edges[cut], whole.end),
            )
        if config.leaf_rule == "keep" or not (left_lasts or right_lasts):
            return ()
        cluster, first, stop = (left, first, cut) if left_lasts else (right, cut, stop)
    return ()


def _lasts(start: float, end: float, min_duration: float) -> bool:
    return end - start >= min_duration - _TIME_TOLERANCE


@dataclass(frozen=True, slots=True)
class Segmented:
    """The tree of one video, with nothing said about its nodes yet."""

    suffix: ClassVar[str] = "json"

    tree: Tree

    def to_bytes(self) -> bytes:
        """Return the artifact as JSON."""
        return json.dumps({"tree": tree_to_json(self.tree)}, ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote."""
        return cls(tree_from_json(json.loads(data)["tree"]))


class Segment:
    """The stage: one tree for one video's embeddings."""

    name: ClassVar[StageName] = "segment"
    artifact: ClassVar[type[Segmented]] = Segmented
    reads: ClassVar[frozenset[Facet]] = frozenset({"uid"})

    def __init__(self, config: SegmentConfig = SegmentConfig()) -> None:
        self.config = config

    @property
    def settings(self) -> dict[str, Any]:
        """Config and version of the algorithm."""
        return {"algorithm": _ALGORITHM, "config": asdict(self.config)}

    def setup(self, ledger: Ledger | None = None) -> None:
        """Compile the merge loop, or load it compiled, so that the first video need not wait for it."""
        ward_merges(np.zeros((2, 1), np.float32))

    def __call__(self, video: Video, given: Given, on_progress: ProgressCallback = ignore_progress) -> Segmented:
        """Segment the embeddings that the embed stage made."""
        return Segmented(segment(given["embed"].embeddings, self.config, uid=video.uid))
