"""The cuts of a tree from the top: those between the most unlike halves first. Shared by `timed_events.py` and `known_cuts.py`."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

from action100m.embeddings import Embeddings
from action100m.stages.embed import Embed, EmbedConfig, Embedded
from action100m.stages.segment import SegmentConfig, segment
from action100m.stages.ward import ward_merges
from action100m.tree import Node, Tree
from action100m.video.video import Video


@dataclass(frozen=True)
class Cut:
    """One cut of a tree."""

    seconds: float
    level: int
    """Of the node that is cut; the root's is 0."""


def embed(location: str) -> Embedded:
    """Return what a run with default settings makes of a video first."""
    return Embed(EmbedConfig())(Video(uid="benchmark", location=location, sha256=""), {})


def cuts_from_top(embeddings: Embeddings) -> list[Cut]:
    """Return all cuts of the tree with default settings: of the nodes reached so far, the one whose merge was highest is always cut next."""
    merges = ward_merges(embeddings.vectors)
    heights = {float(embeddings.edges[cut]): float(height) for cut, height in zip(merges.cuts, merges.heights, strict=True)}
    return list(_walk(segment(embeddings, SegmentConfig(), uid="benchmark"), heights))


def _walk(tree: Tree, heights: dict[float, float]) -> Iterator[Cut]:
    waiting: list[tuple[float, float, Node]] = []

    def reach(node: Node) -> None:
        if children := tree.children(node):
            cut = children[0].end
            heapq.heappush(waiting, (-heights[cut], cut, node))

    reach(tree.root)
    while waiting:
        _, cut, node = heapq.heappop(waiting)
        yield Cut(cut, node.level)
        for child in tree.children(node):
            reach(child)
