"""A video as a row of vectors, each with the stretch of time it stands for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Embeddings:
    """One vector for each sampled frame.

    vectors: float32 (n, d). edges: float64 (n + 1,) seconds, strictly increasing: vector i covers [edges[i], edges[i + 1]).
    """

    vectors: NDArray[np.float32]
    edges: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.vectors.ndim != 2 or self.vectors.dtype != np.float32:
            raise ValueError(f"vectors must be float32 (n, d), got {self.vectors.dtype} {self.vectors.shape}")
        if self.edges.shape != (len(self.vectors) + 1,) or self.edges.dtype != np.float64:
            raise ValueError(f"edges must be float64 ({len(self.vectors) + 1},), got {self.edges.dtype} {self.edges.shape}")
        if not np.all(np.diff(self.edges) > 0):
            raise ValueError("edges must increase strictly")
        if not np.all(np.isfinite(self.vectors)):
            raise ValueError("vectors must be finite; the encoder gave NaN or infinity")

    def __len__(self) -> int:
        return len(self.vectors)


def frame_edges(seconds: NDArray[np.float64], end: float) -> NDArray[np.float64]:
    """Return float64 (n + 1,): from 0, over the midpoints between neighbouring sampled frames, to the end of the last presented frame.

    The released boundaries are such midpoints (reference: all inner boundaries lie 2 raw frames after a multiple of 4).
    """
    return np.concatenate([[0.0], (seconds[1:] + seconds[:-1]) / 2, [end]])
