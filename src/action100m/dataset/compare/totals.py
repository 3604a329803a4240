"""Sums over videos, and what they come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from action100m.dataset.compare.comparison import BoundaryScore, DetectionScore, OverlapScore, TreeScore
from action100m.dataset.compare.detection import Detections
from action100m.dataset.compare.measure import Matched, count_hits, match_nodes, measure_triplets
from action100m.dataset.compare.nodes import VideoNodes
from action100m.record import TextField


class Totals:
    """Of A and B, or of A with its leaves shuffled and B."""

    def __init__(self, tolerances: tuple[float, ...], tious: tuple[float, ...], *, points: int, labels: TextField | None) -> None:
        self._tolerances, self._tious, self._points, self._labels = tolerances, tious, points, labels
        self._boundaries = np.zeros(len(tolerances) + 2, np.int64)
        self._overlap: Counter[tuple[int | None, str]] = Counter()  # (level, side) -> sum of temporal IoU
        self._nodes: Counter[tuple[int | None, str]] = Counter()
        self._triplets: list[tuple[float, float]] = []
        self._detections = Detections(tious)

    def add(self, a: VideoNodes, b: VideoNodes) -> Matched:
        """Add a video, and return which nodes match."""
        self._boundaries += count_hits(a, b, self._tolerances)
        matched = match_nodes(a, b)
        for side, video, best, same in (("a", a, matched.a_best, matched.a_same), ("b", b, matched.b_best, matched.b_same)):
            self._nodes[None, side] += len(video)
            self._overlap[None, side] += best.sum()
            counts, sums = np.bincount(video.level), np.bincount(video.level, same)
            for level in np.flatnonzero(counts).tolist():
                self._nodes[level, side] += int(counts[level])
                self._overlap[level, side] += sums[level]
        triplets = measure_triplets(a, b, self._points)
        if triplets is not None:
            self._triplets.append(triplets)
        self._detections.add(a, b, self._labels)
        return matched

    def boundaries(self) -> NDArray[np.float64]:
        """Return (n, 3): precision, recall and F1 at each tolerance. Where there is nothing to find and nothing found, all are 1."""
        *hits, of_a, of_b = self._boundaries.tolist()
        return np.array([(_share(hit, of_a), _share(hit, of_b), _share(2 * hit, of_a + of_b)) for hit in hits]).reshape(-1, 3)

    def levels(self) -> list[int | None]:
        """Return None, for all, and then each level that a side has."""
        return [None, *sorted({level for level, _ in self._nodes if level is not None})]

    def nodes(self, level: int | None, side: str) -> int:
        """Return how many nodes a level has."""
        return self._nodes[level, side]

    def overlap(self, level: int | None, side: str) -> float:
        """Return the mean best temporal IoU; 0 for nodes that the other side lacks, also where there is none."""
        return float(self._overlap[level, side] / max(self._nodes[level, side], 1))

    def triplets(self) -> tuple[int, float, float, float]:
        """Return the number of videos, and their mean precision, recall and F1."""
        if not self._triplets:
            return 0, 1.0, 1.0, 1.0
        precision, recall = np.array(self._triplets).T
        f1 = 2 * precision * recall / np.maximum(precision + recall, np.finfo(float).tiny)
        return len(precision), float(precision.mean()), float(recall.mean()), float(f1.mean())

    def detection(self) -> NDArray[np.float64]:
        """Return the mAP at each temporal IoU."""
        return self._detections.mean_average_precision()


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def score_boundaries(tolerances: Sequence[float], real: Totals, chance: Sequence[Totals]) -> tuple[BoundaryScore, ...]:
    """Return the scores of A and B beside the mean of those by chance."""
    by_chance = np.mean([totals.boundaries()[:, 2] for totals in chance], axis=0)
    rows = zip(tolerances, *real.boundaries().T.tolist(), by_chance.tolist(), strict=True)
    return tuple(BoundaryScore(*row) for row in rows)


def score_overlap(real: Totals, chance: Sequence[Totals]) -> tuple[OverlapScore, ...]:
    """Return the scores of A and B beside the mean of those by chance."""

    def score(level: int | None) -> OverlapScore:
        expected = [float(np.mean([totals.overlap(level, side) for totals in chance])) for side in "ab"]
        counts, means = [real.nodes(level, side) for side in "ab"], [real.overlap(level, side) for side in "ab"]
        return OverlapScore(level, *counts, *means, *expected)

    return tuple(score(level) for level in real.levels())


def score_tree(real: Totals, chance: Sequence[Totals]) -> TreeScore:
    """Return the score of A and B beside the mean of those by chance."""
    videos, precision, recall, f1 = real.triplets()
    expected = float(np.mean([totals.triplets()[3] for totals in chance]))
    return TreeScore(videos, precision, recall, f1, expected, (f1 - expected) / (1 - expected) if expected < 1 else f1)


def score_detection(tious: Sequence[float], real: Totals, chance: Sequence[Totals]) -> tuple[DetectionScore, ...]:
    """Return the scores of A and B beside the mean of those by chance."""
    by_chance = np.mean([totals.detection() for totals in chance], axis=0)
    return tuple(DetectionScore(*row) for row in zip(tious, real.detection().tolist(), by_chance.tolist(), strict=True))
