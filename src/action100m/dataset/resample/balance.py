"""How even a set of samples is over its texts and clusters: what was there, and what was drawn.

Entropies are in nats: H = -sum p log p over the shares p of clusters, or of texts. exp(H) is the effective number: so many equally common ones would
be as even. H / log C, for C clusters that hold a text, is 1 where all are equally common.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from action100m.dataset.resample.collect import Collected

_HEAD: Final = 10
_PERCENTILES: Final = (0, 10, 25, 50, 75, 90, 99, 100)

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Balance:
    """How even some samples are."""

    samples: int
    texts: int
    """Distinct ones among them."""
    clusters: int
    """That some of them are in."""
    head_share: float
    """Of the ten most common texts."""
    head_cluster_share: float
    """Of the ten most common clusters."""
    effective_texts: float
    """exp of the entropy over texts."""
    cluster_entropy: float
    """In nats."""
    normalised_entropy: float
    """`cluster_entropy` / log of the clusters that hold a text; 1 is even."""
    cluster_percentiles: dict[str, float]
    """Percentile -> samples in a cluster, over the clusters that hold a text."""


@dataclass(frozen=True, slots=True)
class Share:
    """A text, or a cluster by its most common text, and its share of the samples."""

    text: str
    before: float
    after: float


Heads = tuple[tuple[Share, ...], tuple[Share, ...]]
"""Texts, and clusters."""


def measure_balance(by_text: Counts, labels: NDArray[np.int32], clusters: int) -> Balance:
    """Measure samples by how many there are of each text. labels: of each text, its cluster."""
    by_cluster = np.bincount(labels, weights=by_text, minlength=clusters)[np.bincount(labels, minlength=clusters) > 0]
    total, entropy = int(by_text.sum()), find_entropy(by_cluster)
    quantiles = np.percentile(by_cluster, _PERCENTILES)
    return Balance(
        samples=total,
        texts=int(np.count_nonzero(by_text)),
        clusters=int(np.count_nonzero(by_cluster)),
        head_share=_head_share(by_text),
        head_cluster_share=_head_share(by_cluster),
        effective_texts=float(np.exp(find_entropy(by_text))),
        cluster_entropy=entropy,
        normalised_entropy=entropy / log(len(by_cluster)) if len(by_cluster) > 1 else 1.0,
        cluster_percentiles={str(part): round(float(found), 1) for part, found in zip(_PERCENTILES, quantiles, strict=True)},
    )


def find_entropy(counts: NDArray[np.int64] | NDArray[np.float64]) -> float:
    """Return the entropy of a distribution in nats."""
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum()) + 0.0


def expect_normalised_entropy(clusters: int, size: int) -> float:
    """Return what the procedure can reach: the mean normalised entropy of `size` draws, uniform over C clusters.

    The draws k of a cluster are Binomial(size, 1 / C), so H is C times the mean of -(k / size) log(k / size). Where size is well above C, that is
    about log C - (C - 1) / (2 size).
    """
    if clusters == 1:
        return 1.0
    mean = size / clusters
    reach = 10 * sqrt(mean) + 40  # farther from the mean, all counts together have a chance below 1e-15 (Bernstein)
    k = np.arange(max(int(mean - reach), 0), min(int(mean + reach), size) + 1)
    ratios = (size - k[:-1]) / k[1:] / (clusters - 1)  # of the chance of k + 1 to that of k
    logs = np.concatenate([[0.0], np.cumsum(np.log(ratios))])
    chances = np.exp(logs - logs.max())
    shares = k / size
    terms = -shares * np.log(np.where(k > 0, shares, 1.0))
    return float(clusters * (chances * terms).sum() / chances.sum() / log(clusters)) + 0.0


def compare_heads(collected: Collected, before: Counts, after: Counts, labels: NDArray[np.int32]) -> Heads:
    """Return the ten texts and the ten clusters that were the most common before, and what became of them."""
    texts = tuple(_share(collected, text, np.array([text]), before, after) for text in _most_common(before))
    shares = []
    for cluster in _most_common(np.bincount(labels, weights=before)):
        members = np.flatnonzero(labels == cluster)
        shares.append(_share(collected, int(members[np.argmax(before[members])]), members, before, after))
    return texts, tuple(shares)


def _share(collected: Collected, text: int, members: NDArray[np.int64], before: Counts, after: Counts) -> Share:
    return Share(collected[text : text + 1][0], float(before[members].sum() / before.sum()), float(after[members].sum() / after.sum()))


def _most_common(counts: NDArray[np.int64] | NDArray[np.float64]) -> list[int]:
    order: list[int] = np.argsort(-counts, kind="stable")[:_HEAD].tolist()
    return [place for place in order if counts[place] > 0]


def _head_share(counts: NDArray[np.int64] | NDArray[np.float64]) -> float:
    return float(np.sort(counts)[-_HEAD:].sum() / counts.sum())
