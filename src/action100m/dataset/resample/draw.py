"""Draw uniformly over clusters, with replacement, until the target size is met (paper section 5.4).

A cluster that holds no text cannot be drawn, so "uniform" is over the C clusters that hold one. Each draw is of a cluster, then of one of its texts,
then of one of the samples of that text. So a sample is expected to be drawn

    members "texts":    size / (C x texts in its cluster x samples of its text)
    members "samples":  size / (C x samples in its cluster)

times, which is its weight; the weights of all samples sum to the size.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from action100m.dataset.resample.settings import ResampleConfig

_BLOCK: Final = 1 << 20
"""Draws at once."""

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Groups:
    """Things in groups: those of group g are `order[first[g] : first[g + 1]]`."""

    order: Rows
    first: Rows
    """(groups + 1,)."""

    @classmethod
    def of(cls, labels: NDArray[np.int32], groups: int) -> Groups:
        """Gather things by their labels, which are from 0 to groups - 1."""
        return cls(np.argsort(labels, kind="stable"), np.concatenate([[0], np.cumsum(np.bincount(labels, minlength=groups))]))

    def sizes(self) -> Rows:
        """Return how many things each group has, (groups,)."""
        return np.diff(self.first)

    def draw(self, groups: Rows, rng: np.random.Generator) -> Rows:
        """Return for each of the groups, none of which is empty, one of its things, uniformly."""
        first = self.first[groups]
        drawn: Rows = self.order[first + rng.integers(self.first[groups + 1] - first)]
        return drawn


@dataclass(frozen=True, slots=True)
class Sampling:
    """Samples, ready to be drawn from."""

    texts: NDArray[np.int32]
    """Of each sample, the number of its text."""
    labels: NDArray[np.int32]
    """Of each text, its cluster."""
    clusters: int
    config: ResampleConfig

    def draw(self) -> Iterator[Rows]:
        """Yield blocks of the numbers of the samples drawn, `size` in all. The same seed draws the same."""
        rng = np.random.default_rng([self.config.seed, 1])  # not the numbers that k-means had
        steps = self._steps()
        filled = np.flatnonzero(steps[0].sizes())
        for start in range(0, self.config.size, _BLOCK):
            drawn = filled[rng.integers(len(filled), size=min(_BLOCK, self.config.size - start))]
            for step in steps:
                drawn = step.draw(drawn, rng)
            yield drawn

    def expect(self) -> NDArray[np.float64]:
        """Return the weight of each sample: how often it is expected to be drawn, float64 (samples,)."""
        own, whole = self.labels[self.texts], self.config.members == "samples"
        in_cluster = np.bincount(own if whole else self.labels, minlength=self.clusters)
        of_text = np.ones(len(self.labels), np.int64) if whole else np.bincount(self.texts, minlength=len(self.labels))
        weights: NDArray[np.float64] = self.config.size / np.count_nonzero(in_cluster) / (in_cluster[own] * of_text[self.texts])
        return weights

    def _steps(self) -> list[Groups]:
        """Return what is drawn from what, cluster first and sample last."""
        if self.config.members == "samples":
            return [Groups.of(self.labels[self.texts], self.clusters)]
        return [Groups.of(self.labels, self.clusters), Groups.of(self.texts, len(self.labels))]
