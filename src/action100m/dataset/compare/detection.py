"""Mean average precision as ActivityNet's evaluation has it: interpolated, over the classes of the reference (Heilbron et al., CVPR 2015).

A tree's nodes have no scores, so coarse ones come first: the score is -level, and of one level the earlier video, then the earlier node. So
predictions of equal scores are ranked in the order in which they come, which ActivityNet's code leaves to numpy's sort.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from action100m.dataset.compare.nodes import VideoNodes
from action100m.record import TextField


def average_precision(hits: NDArray[np.bool_], positives: int) -> float:
    """Return the interpolated average precision of predictions, best first.

    hits: bool (n,), whether each is true. positives: how many there are to be found.
    """
    found = np.cumsum(hits)
    precision = np.concatenate([found / np.arange(1, len(hits) + 1), [0.0]])
    highest = np.maximum.accumulate(precision[::-1])[::-1]  # at this recall or a higher one
    return float(highest[:-1][hits].sum() / positives)


class LabelledSpans(NamedTuple):
    """Segments of one video, each of a class."""

    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    labels: NDArray[np.int64]


class Detections:
    """Predictions and what was to be found, gathered video by video."""

    def __init__(self, thresholds: Sequence[float]) -> None:
        self._thresholds = np.asarray(thresholds, np.float64)
        self._hits: list[NDArray[np.bool_]] = []
        self._scores: list[NDArray[np.float64]] = []
        self._labels: list[NDArray[np.int32]] = []
        self._ids: dict[str, int] = {}
        self._positives: dict[int, int] = defaultdict(int)

    def add(self, a: VideoNodes, b: VideoNodes, field: TextField | None) -> None:
        """Add the nodes of a video, `a` as predictions of `b`. With a field, those with such a text, which is their class."""
        kept, predicted = self._label(a, field)
        scores = -a.level[kept].astype(np.float64)
        self.add_scored(predicted, scores, self._label(b, field)[1])

    def add_scored(self, predicted: LabelledSpans, scores: NDArray[np.float64], truth: LabelledSpans) -> None:
        """Add the predictions and the reference of a video."""
        from action100m.dataset.compare.kernels import mark_hits

        order = np.argsort(-scores, kind="stable")
        shape = len(self._thresholds), len(truth.labels)
        hits = np.zeros((len(self._thresholds), len(order)), np.bool_)
        starts, ends, labels = predicted.starts[order], predicted.ends[order], predicted.labels[order]
        mark_hits(starts, ends, labels, truth.starts, truth.ends, truth.labels, self._thresholds, np.zeros(shape, np.bool_), hits)
        self._hits.append(hits)
        self._scores.append(scores[order])
        self._labels.append(labels.astype(np.int32))
        for label, count in zip(*np.unique(truth.labels, return_counts=True), strict=True):
            self._positives[int(label)] += int(count)

    def mean_average_precision(self) -> NDArray[np.float64]:
        """Return the mAP at each threshold: the mean over the classes of the reference; a class that nobody predicted counts as 0."""
        if not self._positives:
            return np.zeros(len(self._thresholds))
        scores, labels, hits = np.concatenate(self._scores), np.concatenate(self._labels), np.concatenate(self._hits, axis=1)
        order = np.lexsort((np.arange(len(scores)), -scores, labels))  # by class, then best first, then as they came
        labels, hits = labels[order], hits[:, order]
        bounds = {int(label): (int(first), int(last)) for label, first, last in _runs(labels)}
        precisions = [[average_precision(row[slice(*bounds.get(label, (0, 0)))], count) for label, count in self._positives.items()] for row in hits]
        means: NDArray[np.float64] = np.asarray(precisions).mean(axis=1)
        return means

    def _label(self, video: VideoNodes, field: TextField | None) -> tuple[NDArray[np.intp], LabelledSpans]:
        """Return which nodes count, and their spans with the numbers of their classes: one class for all without a field."""
        if field is None:
            return np.arange(len(video)), LabelledSpans(video.start, video.end, np.zeros(len(video), np.int64))
        classes = {number: " ".join(text.casefold().split()) for number, text in enumerate(video.texts[field]) if text is not None}
        kept = np.asarray(list(classes), np.intp)
        labels = np.asarray([self._ids.setdefault(label, len(self._ids)) for label in classes.values()], np.int64)
        return kept, LabelledSpans(video.start[kept], video.end[kept], labels)


def _runs(labels: NDArray[np.int32]) -> zip[tuple[np.int32, np.intp, np.intp]]:
    values, firsts = np.unique(labels, return_index=True)
    return zip(values, firsts, np.append(firsts[1:], len(labels)), strict=True)
