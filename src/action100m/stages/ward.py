"""Ward linkage along time: the neighbours that differ least merge, until one cluster holds the whole video.

Only clusters that touch may merge. A merge costs what it adds to the squared distances of all frames from the mean of their cluster, and the
cheapest merge of the whole video always comes next. It can be cheaper than the one before it: of A B A, the merge of A with B costs three times
that of AB with A. So the order matters, and merging all mutually nearest neighbours at once, as is done for Ward linkage without the constraint,
would give other trees.

Of merges that cost exactly the same, the leftmost in time comes first. A still picture therefore grows from its left end, one frame at a time,

    frames   a a a a b b b               before it meets anything else: equal frames merge at cost 0, and their mean is exactly
    merges   (((a a) a) a) ((b b) b)     that frame again. Of scenes that repeat exactly, the first two merge first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Merges:
    """The n - 1 merges of n frames, in order. Cluster i < n is frame i, cluster n + k is what merge k made (as in scikit-learn)."""

    children: NDArray[np.int64]
    """(n - 1, 2): the clusters merged, the earlier in time first."""
    heights: NDArray[np.float64]
    """(n - 1,): sqrt(2 * cost), the distances of `sklearn.cluster.ward_tree`. They need not increase. 0 if, and only if, all frames of the cluster
    are equal: unequal clusters never touch with one mean, as the part that lies next to the other would have merged with it before."""
    cuts: NDArray[np.int64]
    """(n - 1,): the first frame of the later cluster, where undoing the merge cuts."""


def ward_merges(vectors: NDArray[np.float32]) -> Merges:
    """Merge float32 (n, d), n >= 1, along time.

    Takes O(n d + n log n) time and, beside the input, at most as much memory again.

    Raises:
        ValueError: the vectors are not float32 (n, d), there is none, or some are not finite.
    """
    from action100m.stages.ward_kernel import frame_costs, merge_all  # imports numba, and compiles on the first call

    if vectors.ndim != 2 or vectors.dtype != np.float32 or len(vectors) == 0:
        raise ValueError(f"vectors must be float32 (n, d) with n >= 1, got {vectors.dtype} {vectors.shape}")
    vectors = np.require(vectors, requirements=["C", "A"]).view()
    vectors.flags.writeable = False  # numba compiles for read-only arrays apart: one kind for all callers
    n, d = vectors.shape
    terms, costs = np.zeros(_power_of_two((d + 1) // 2)), np.empty(n - 1)
    frame_costs(vectors, terms, costs)
    if not np.all(np.isfinite(costs)):
        raise ValueError("vectors must be finite")
    merges = Merges(np.empty((n - 1, 2), np.int64), np.empty(n - 1), np.empty(n - 1, np.int64))
    pool = np.empty((n // 2 + 1, d))
    merge_all(vectors, _tournament(costs), pool, terms, merges.children, merges.heights, merges.cuts)
    return merges


def _power_of_two(least: int) -> int:
    """Return the first power of two that is not less."""
    return 1 << max(0, least - 1).bit_length()


def _tournament(costs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rounds in which the lowest cost wins: the costs in the last half, the lower of places 2k and 2k + 1 at k."""
    size = _power_of_two(len(costs))
    rounds = np.full(2 * size, np.inf)
    rounds[size : size + len(costs)] = costs
    while size > 1:
        rounds[size // 2 : size] = rounds[size : 2 * size].reshape(-1, 2).min(axis=1)
        size //= 2
    return rounds
