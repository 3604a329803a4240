"""k-means as `resample` does it against scikit-learn's MiniBatchKMeans as it comes: time and inertia, learning and assigning all.

The vectors are made: of length 1, around centres of which the k-th is 1 / k times as common as the first, as the meanings of actions are. Each way
is timed in turn, so that a busy machine slows all alike.

python benchmarks/kmeans.py [--rows 200000] [--width 384] [--clusters 1000] [--rounds 1] [--methods faiss lloyd]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import get_args

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import MiniBatchKMeans

from action100m.dataset.resample.cluster import find_clusters
from action100m.dataset.resample.settings import Method

MEANINGS = 3000
SPREAD = 0.8
"""Length of the noise around a centre, which is of length 1."""
REFERENCE = "scikit-learn MiniBatchKMeans"
Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Found:
    """Of one way, over the rounds."""

    seconds: float
    """Median."""
    inertia: float
    """Mean."""


def make_vectors(rows: int, width: int, seed: int = 0) -> Vectors:
    """Return float32 (rows, width) of length 1."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((MEANINGS, width), np.float32)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    shares = 1 / np.arange(1, MEANINGS + 1)
    vectors = centres[rng.choice(MEANINGS, rows, p=shares / shares.sum())]
    vectors += rng.standard_normal((rows, width), np.float32) * np.float32(SPREAD / np.sqrt(width))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def compare(vectors: Vectors, clusters: int, methods: list[Method], rounds: int) -> dict[str, Found]:
    """Run all ways in turn, as often as is asked."""
    ways: dict[str, Callable[[int], float]] = {REFERENCE: lambda seed: MiniBatchKMeans(clusters, random_state=seed).fit(vectors).inertia_}
    for method in methods:
        for points in (64, 256):
            ways[f"{method}, {points} points a cluster"] = lambda seed, method=method, points=points: (
                find_clusters(vectors, clusters, method=method, seed=seed, points_per_cluster=points).inertia
            )
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    inertias: dict[str, list[float]] = {name: [] for name in ways}
    for seed in range(rounds):
        for name, way in ways.items():
            began = time.perf_counter()
            inertias[name].append(way(seed))
            seconds[name].append(time.perf_counter() - began)
    return {name: Found(median(seconds[name]), sum(inertias[name]) / rounds) for name in ways}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--width", type=int, default=384)
    parser.add_argument("--clusters", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--methods", nargs="+", choices=get_args(Method), default=["faiss", "lloyd"])
    asked = parser.parse_args()
    small = make_vectors(2000, asked.width)
    compare(small, 10, asked.methods, 1)  # libraries are imported, and threads are started, before the time is taken
    found = compare(make_vectors(asked.rows, asked.width), asked.clusters, asked.methods, asked.rounds)
    reference = found[REFERENCE]
    print(f"{asked.rows:,} x {asked.width}, k = {asked.clusters:,}; medians of {asked.rounds} rounds")
    for name, one in found.items():
        faster, better = reference.seconds / one.seconds, 1 - one.inertia / reference.inertia
        print(f"{name:36}{one.seconds:8.1f} s  inertia {one.inertia:12,.0f}  {faster:5.2f} times as fast, inertia {-better:+.1%}")


if __name__ == "__main__":
    main()
