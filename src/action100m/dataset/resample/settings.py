"""What a resampling is asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from action100m.errors import ConfigError
from action100m.record import TextField

Method = Literal["faiss", "minibatch", "lloyd"]
"""faiss; scikit-learn's MiniBatchKMeans; scikit-learn's KMeans."""
Members = Literal["texts", "samples"]
Layout = Literal["drawn", "counted"]


@dataclass(frozen=True, slots=True)
class ResampleConfig:
    """How many samples to draw, of how many clusters."""

    size: int
    """Samples to draw, with replacement. The paper draws 10 million."""
    clusters: int = 1000
    """Fewer balance more: of the paper's 1,000, 10,000 and 100,000 the first trained best (section 5.4)."""
    seed: int = 0
    """Of k-means and of the draws."""
    field: TextField = "brief_action"
    """The text that is clustered, and that a sample is trained on."""
    members: Members = "texts"
    """What is uniform inside a cluster, which the paper leaves open. "texts": its distinct texts, then the samples of the text. "samples": its
    samples, so that a text which stands a million times keeps its weight inside its cluster."""
    method: Method = "faiss"
    """The library of k-means. `benchmarks/kmeans.py` compares them."""
    points_per_cluster: int = 256
    """k-means learns from at most so many texts a cluster, drawn at random, which bounds its time and memory: 1,000 clusters of MiniLM's vectors
    learn from 0.4 GB. All texts are then assigned."""
    layout: Layout = "drawn"
    """Rows of the index. "drawn": one per draw, in the order drawn. "counted": one per sample that was drawn, in the order of the data, with the
    number of its draws as the column `draws`."""

    def __post_init__(self) -> None:
        for name in ("size", "clusters", "points_per_cluster"):
            if (value := getattr(self, name)) < 1:
                raise ConfigError(f"resample.{name} must be at least 1, got {value}")
        if not 0 <= self.seed < 2**31:
            raise ConfigError(f"resample.seed must be from 0 to 2,147,483,647, got {self.seed}")
        choices = (("field", TextField), ("members", Members), ("method", Method), ("layout", Layout))
        for name, known in choices:
            if (choice := getattr(self, name)) not in get_args(known):
                raise ConfigError(f"resample.{name} must be one of {', '.join(get_args(known))}, got {choice!r}")
