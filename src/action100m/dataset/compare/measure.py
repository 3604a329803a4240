"""What is measured of one video: counts and sums, which add up over videos."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from action100m.dataset.compare.nodes import VideoNodes

_ROUNDING: Final = 1e-3
"""Seconds added to a tolerance: data sets hold times as float32, the released ones rounded to 2 decimals."""
_SAME_LEAF: Final = 1 << 40
"""Deeper than any level: two points that no boundary parts."""


@dataclass(frozen=True, slots=True)
class Matched:
    """The best matches between the nodes of two trees."""

    a_best: NDArray[np.float64]
    """Best temporal IoU of each node of a, among all nodes of b."""
    b_best: NDArray[np.float64]
    a_same: NDArray[np.float64]
    """Best temporal IoU of each node of a, among those of b of its own level."""
    b_same: NDArray[np.float64]
    a_match: NDArray[np.int64]
    """Which node of b is best; -1 where none overlaps."""
    b_match: NDArray[np.int64]

    def pairs(self, least: float) -> NDArray[np.int64]:
        """Return (n, 2): nodes of a and b that are each other's best match, with a temporal IoU of at least so much."""
        numbers = np.arange(len(self.a_match))
        mutual = (self.a_match >= 0) & (self.b_match[self.a_match] == numbers) & (self.a_best >= least)
        return np.stack([numbers[mutual], self.a_match[mutual]], axis=1)


def find_boundaries(video: VideoNodes) -> NDArray[np.float64]:
    """Return where the tree is cut, at any level: sorted seconds, without the ends of the video."""
    inner: NDArray[np.float64] = np.unique(video.start[video.start > video.start[0]])
    return inner


def count_hits(a: VideoNodes, b: VideoNodes, tolerances: tuple[float, ...]) -> NDArray[np.int64]:
    """Return (n + 2,): for each tolerance the boundaries matched one to one; then the boundaries of a and of b."""
    from action100m.dataset.compare.kernels import count_matches

    of_a, of_b = find_boundaries(a), find_boundaries(b)
    return np.array([*(count_matches(of_a, of_b, tolerance + _ROUNDING) for tolerance in tolerances), len(of_a), len(of_b)], np.int64)


def match_nodes(a: VideoNodes, b: VideoNodes) -> Matched:
    """Return the best match of each node on the other side."""
    from action100m.dataset.compare.kernels import find_best

    a_best, b_best, a_same, b_same = (np.zeros(length) for length in (len(a), len(b), len(a), len(b)))
    a_match, b_match = np.full(len(a), -1), np.full(len(b), -1)
    find_best(a.start, a.end, a.level, b.start, b.end, b.level, a_best, b_best, a_same, b_same, a_match, b_match)
    return Matched(a_best, b_best, a_same, b_same, a_match, b_match)


def measure_triplets(a: VideoNodes, b: VideoNodes, points: int) -> tuple[float, float] | None:
    """Return precision and recall of the T-measure: see `Comparison.tree`. None where a tree has no cut between two points.

    points: how many instants, evenly spread over the time that both trees cover.
    """
    from action100m.dataset.compare.kernels import share_triplets

    start, end = max(a.start[0], b.start[0]), min(a.end[0], b.end[0])
    if start >= end:
        return None
    instants = start + (np.arange(points) + 0.5) * (end - start) / points
    of_a, of_b = _find_cuts(a, instants), _find_cuts(b, instants)
    levels = 2 + max(int(cuts[cuts < _SAME_LEAF].max(initial=0)) for cuts in (of_a, of_b))
    recall, precision = share_triplets(np.minimum(of_a, levels - 1), np.minimum(of_b, levels - 1), np.zeros((levels, levels), np.int64))
    return None if min(recall, precision) < 0 else (precision, recall)


def _find_cuts(video: VideoNodes, instants: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return, for each step between neighbouring instants, the level of the deepest node that holds both.

    A node that starts between them parts them, so what holds both is above it: the coarsest such node tells.
    """
    cuts = np.full(len(instants), _SAME_LEAF)
    step = np.searchsorted(instants, video.start, side="left") - 1  # of the last instant before; one at the start is in the node
    inner = (step >= 0) & (video.level > 0) & (step < len(instants) - 1)
    np.minimum.at(cuts, step[inner], video.level[inner] - 1)
    return cuts[:-1]
