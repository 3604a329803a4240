"""The loops of `ward.py`, compiled by numba. Imported when the first video is segmented, not before.

One answer on every machine: each loop over d is elementwise, which any SIMD width computes alike, and its terms are added in one fixed order.

Means and distances are float64. A cluster of one frame is read from the float32 input; the mean of a larger one lies in a row of a pool. At most
n // 2 such clusters exist at once. The row of a new one is the last that came free, which the processor still has at hand; to write in place would
save a row, but the compiler gives no SIMD to a loop that reads and writes the same one.

Arrays that begin with content are made by the caller: each `np.full` or `np.arange` here would add to the seconds that a first call compiles.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from action100m.compiled import compiled

_NO_ROW = -1
"""Of a cluster of one frame."""


@compiled
def _sum(terms: NDArray[np.float64]) -> float:
    """Add the upper half to the lower half until one number is left. The upper half is only read."""
    half = len(terms) // 2
    while half > 0:
        for j in range(half):
            terms[j] += terms[half + j]
        half //= 2
    return float(terms[0])


@compiled
def _squared_distance(a: NDArray[np.floating], b: NDArray[np.floating], terms: NDArray[np.float64]) -> float:
    """Return the squared distance of two rows of d.

    terms: a power of two, at least d / 2 but less than d, or 1. Zero beyond the first d / 2, and left so, as that lies in its upper half.
    """
    half = len(a) // 2
    for j in range(half):
        one, other = np.float64(a[j]) - np.float64(b[j]), np.float64(a[half + j]) - np.float64(b[half + j])
        terms[j] = one * one + other * other
    if len(a) % 2:
        last = np.float64(a[-1]) - np.float64(b[-1])
        terms[half] = last * last
    return _sum(terms)


@compiled
def _mean(a: NDArray[np.floating], b: NDArray[np.floating], share: float, out: NDArray[np.float64]) -> None:
    """Write the mean of two rows, in which the second has this share. In this form the mean of equal rows is exactly that row."""
    for j in range(len(a)):
        out[j] = np.float64(a[j]) + (np.float64(b[j]) - np.float64(a[j])) * share


@compiled
def _merge(
    vectors: NDArray[np.float32], pool: NDArray[np.float64], start: int, row: int, cut: int, row_after: int, share: float, target: int
) -> None:
    """Write the mean of two clusters, given by first frame and row, to row `target`."""
    if row == _NO_ROW and row_after == _NO_ROW:
        _mean(vectors[start], vectors[cut], share, pool[target])
    elif row == _NO_ROW:
        _mean(vectors[start], pool[row_after], share, pool[target])
    elif row_after == _NO_ROW:
        _mean(pool[row], vectors[cut], share, pool[target])
    else:
        _mean(pool[row], pool[row_after], share, pool[target])


@compiled
def _ward_cost(size: int, other: int, squared_distance: float) -> float:
    """Return what a merge of clusters of so many frames adds to the squared distances of all frames from the mean of their cluster."""
    return size * other / (size + other) * squared_distance


@compiled
def _distance_beside(vectors: NDArray[np.float32], pool: NDArray[np.float64], start: int, row: int, target: int, terms: NDArray[np.float64]) -> float:
    """Return the squared distance of a cluster, given by first frame and row, from the one in row `target`."""
    if row == _NO_ROW:
        return _squared_distance(vectors[start], pool[target], terms)
    return _squared_distance(pool[row], pool[target], terms)


@compiled
def frame_costs(vectors: NDArray[np.float32], terms: NDArray[np.float64], costs: NDArray[np.float64]) -> None:
    """Write the cost of merging each of n frames with the next to costs (n - 1,)."""
    for i in range(len(costs)):
        costs[i] = _ward_cost(1, 1, _squared_distance(vectors[i], vectors[i + 1], terms))


@compiled
def _set_cost(tournament: NDArray[np.float64], cut: int, cost: float) -> None:
    """Change the cost of merging what lies on the two sides of a cut: cut 1 lies before frame 1."""
    k = len(tournament) // 2 + cut - 1
    tournament[k] = cost
    while k > 1:
        k //= 2
        tournament[k] = min(tournament[2 * k], tournament[2 * k + 1])


@compiled
def _cheapest_cut(tournament: NDArray[np.float64]) -> int:
    """Return the cut whose cost is lowest; of equal ones the leftmost."""
    size = len(tournament) // 2
    k = 1
    while k < size:
        k *= 2
        if tournament[k + 1] < tournament[k]:
            k += 1
    return k - size + 1


@compiled
def merge_all(
    vectors: NDArray[np.float32],
    tournament: NDArray[np.float64],
    pool: NDArray[np.float64],
    terms: NDArray[np.float64],
    children: NDArray[np.int64],
    heights: NDArray[np.float64],
    cuts: NDArray[np.int64],
) -> None:
    """Write the last three, the fields of `ward.Merges`.

    vectors: (n, d). tournament: (2 * size,), the costs of `frame_costs` from `size` on, then infinity, and at k < size the lower of 2k and 2k + 1,
    so that the lowest of all is at 1. pool: (n // 2 + 1, d), of any content. terms: as for `_squared_distance`.
    """
    n = len(vectors)
    number, row, stop_of = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)  # of the cluster that begins at a frame
    start_of = np.empty(n + 1, np.int64)  # of the cluster that stops before a frame
    for i in range(n):
        number[i], row[i], stop_of[i], start_of[i + 1] = i, _NO_ROW, i + 1, i
    free, free_rows = np.empty(len(pool), np.int64), len(pool)
    for i in range(free_rows):
        free[i] = free_rows - 1 - i
    for k in range(n - 1):
        cut = _cheapest_cut(tournament)
        start, stop = start_of[cut], stop_of[cut]
        children[k, 0], children[k, 1] = number[start], number[cut]
        heights[k], cuts[k] = np.sqrt(2 * tournament[1]), cut
        free_rows -= 1
        target = free[free_rows]
        _merge(vectors, pool, start, row[start], cut, row[cut], (stop - cut) / (stop - start), target)
        for begin in (start, cut):
            if row[begin] != _NO_ROW:
                free[free_rows] = row[begin]
                free_rows += 1
        number[start], row[start], stop_of[start], start_of[stop] = n + k, target, stop, start
        _set_cost(tournament, cut, np.inf)
        if start > 0:
            before = start_of[start]
            distance = _distance_beside(vectors, pool, before, row[before], target, terms)
            _set_cost(tournament, start, _ward_cost(start - before, stop - start, distance))
        if stop < n:
            distance = _distance_beside(vectors, pool, stop, row[stop], target, terms)
            _set_cost(tournament, stop, _ward_cost(stop_of[stop] - stop, stop - start, distance))
