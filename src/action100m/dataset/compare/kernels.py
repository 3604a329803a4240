"""The loops of `compare` over nodes and boundaries, compiled by numba. Imported when two data sets are compared, not before.

Times are float64 seconds, levels int64. All arrays of nodes are of one length per video.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from action100m.compiled import compiled


@compiled
def count_matches(a: NDArray[np.float64], b: NDArray[np.float64], tolerance: float) -> int:
    """Return how many pairs of boundaries can be matched one to one, at most `tolerance` seconds apart. Both are sorted.

    To match the earliest two that fit, again and again, is a largest matching on a line: the earlier of them could not do better later.
    """
    i, j, count = 0, 0, 0
    while i < len(a) and j < len(b):
        if a[i] < b[j] - tolerance:
            i += 1
        elif b[j] < a[i] - tolerance:
            j += 1
        else:
            count += 1
            i += 1
            j += 1
    return count


@compiled
def find_best(
    a_start: NDArray[np.float64],
    a_end: NDArray[np.float64],
    a_level: NDArray[np.int64],
    b_start: NDArray[np.float64],
    b_end: NDArray[np.float64],
    b_level: NDArray[np.int64],
    a_best: NDArray[np.float64],
    b_best: NDArray[np.float64],
    a_same: NDArray[np.float64],
    b_same: NDArray[np.float64],
    a_match: NDArray[np.int64],
    b_match: NDArray[np.int64],
) -> None:
    """Write the best temporal IoU of each node among all of the other side, which one it is, and the best among those of its own level.

    The arrays to write begin with 0, and with -1 for the matches: a node that overlaps nothing keeps them.
    """
    for i in range(len(a_start)):
        for j in range(len(b_start)):
            shared = min(a_end[i], b_end[j]) - max(a_start[i], b_start[j])
            if shared <= 0:
                continue
            overlap = shared / (a_end[i] - a_start[i] + b_end[j] - b_start[j] - shared)
            if overlap > a_best[i]:
                a_best[i], a_match[i] = overlap, j
            if overlap > b_best[j]:
                b_best[j], b_match[j] = overlap, i
            if a_level[i] == b_level[j]:
                a_same[i] = max(a_same[i], overlap)
                b_same[j] = max(b_same[j], overlap)


@compiled
def mark_hits(
    a_start: NDArray[np.float64],
    a_end: NDArray[np.float64],
    a_label: NDArray[np.int64],
    b_start: NDArray[np.float64],
    b_end: NDArray[np.float64],
    b_label: NDArray[np.int64],
    thresholds: NDArray[np.float64],
    taken: NDArray[np.bool_],
    hits: NDArray[np.bool_],
) -> None:
    """Write which predictions `a`, best first, are true at each threshold, as ActivityNet counts them.

    A prediction takes, of the reference's segments of its label that no earlier one has taken, that with the highest temporal IoU, if this is at
    least the threshold. taken: False (n_thresholds, n_b), used up. hits: False (n_thresholds, n_a).
    """
    best = np.empty(len(thresholds))
    which = np.empty(len(thresholds), np.int64)
    for i in range(len(a_start)):
        best[:] = 0.0
        which[:] = -1
        for j in range(len(b_start)):
            shared = min(a_end[i], b_end[j]) - max(a_start[i], b_start[j])
            if shared <= 0 or a_label[i] != b_label[j]:
                continue
            overlap = shared / (a_end[i] - a_start[i] + b_end[j] - b_start[j] - shared)
            for t in range(len(thresholds)):
                if overlap >= thresholds[t] and overlap > best[t] and not taken[t, j]:
                    best[t], which[t] = overlap, j
        for t in range(len(thresholds)):
            if which[t] >= 0:
                hits[t, i] = taken[t, which[t]] = True


@compiled
def share_triplets(a_cuts: NDArray[np.int64], b_cuts: NDArray[np.int64], counts: NDArray[np.int64]) -> tuple[float, float]:
    """Return the share of b's triplets that a has, and of a's that b has, each the mean over the points that have triplets; -1 where none has.

    a_cuts, b_cuts: for each of n - 1 steps between neighbouring points, the level of the deepest segment that both are in; below `len(counts)`.
    counts: zeros (levels, levels), used and left as zeros.
    """
    n, levels = len(a_cuts) + 1, len(counts)
    of_b, of_a, points_b, points_a = 0.0, 0.0, 0, 0
    above = np.empty(levels, np.int64)
    for point in range(n):
        a_low = b_low = levels - 1
        for k in range(point, n - 1):
            a_low, b_low = min(a_low, a_cuts[k]), min(b_low, b_cuts[k])
            counts[a_low, b_low] += 1
        a_low = b_low = levels - 1
        for k in range(point - 1, -1, -1):
            a_low, b_low = min(a_low, a_cuts[k]), min(b_low, b_cuts[k])
            counts[a_low, b_low] += 1
        both, a_ordered, b_ordered, a_above, total_b = 0, 0, 0, 0, 0
        above[:] = 0  # points met so far, which are nearer in a, by their level in b
        for i in range(levels - 1, -1, -1):
            nearer, row = 0, 0
            for j in range(levels - 1, -1, -1):
                both += counts[i, j] * nearer
                nearer += above[j]
                row += counts[i, j]
            a_ordered += row * a_above
            a_above += row
            for j in range(levels):
                above[j] += counts[i, j]
        for j in range(levels - 1, -1, -1):
            b_ordered += above[j] * total_b
            total_b += above[j]
        counts[:] = 0
        if b_ordered:
            of_b += both / b_ordered
            points_b += 1
        if a_ordered:
            of_a += both / a_ordered
            points_a += 1
    return (of_b / points_b if points_b else -1.0), (of_a / points_a if points_a else -1.0)
