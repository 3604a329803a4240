"""What is counted node by node. Counts of two parts of a data set add up to those of the whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, Final, get_args

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from action100m.dataset.columns import ColumnBatch, NodeColumn
from action100m.dataset.stats.texts import FieldCounts, MeasuredTexts, count_field, measure_texts
from action100m.record import TextField

FIELDS: Final[tuple[TextField, ...]] = get_args(TextField)
COUNTED: Final[tuple[NodeColumn, ...]] = ("level", "start", "end", "annotated", *FIELDS)
"""The columns that `count_batch` reads."""
DURATION_BINS: Final = ((0, 3), (3, 10), (10, 60), (60, np.inf))
"""The paper's, in seconds: from the first inclusive to the second exclusive."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Sums over videos and nodes."""

    videos: int = 0
    seconds: float = 0.0
    """Length of all videos: the sum of their root nodes."""
    nodes: int = 0
    annotated: int = 0
    """Nodes with an annotation: what the paper calls segments."""
    leaves: int = 0
    """Nodes that are not cut again."""
    levels: tuple[int, ...] = ()
    """Nodes of level 0, 1, ..."""
    annotated_levels: tuple[int, ...] = ()
    durations: tuple[int, ...] = (0,) * len(DURATION_BINS)
    """Nodes by duration: see `DURATION_BINS`. The paper's figure counts these."""
    annotated_durations: tuple[int, ...] = (0,) * len(DURATION_BINS)
    fields: Mapping[TextField, FieldCounts] = field(default_factory=lambda: {name: FieldCounts() for name in FIELDS})

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            videos=self.videos + other.videos,
            seconds=self.seconds + other.seconds,
            nodes=self.nodes + other.nodes,
            annotated=self.annotated + other.annotated,
            leaves=self.leaves + other.leaves,
            levels=_add(self.levels, other.levels),
            annotated_levels=_add(self.annotated_levels, other.annotated_levels),
            durations=_add(self.durations, other.durations),
            annotated_durations=_add(self.annotated_durations, other.annotated_durations),
            fields={name: self.fields[name] + other.fields[name] for name in FIELDS},
        )

    def coverage(self, name: TextField) -> float:
        """Return the share of the nodes that may have a text that do: captions of frames are of leaves, texts of annotations of annotated nodes."""
        among = {"clip_caption": self.nodes, "clip_action": self.nodes, "frame_caption": self.leaves}.get(name, self.annotated)
        return self.fields[name].present / among if among else 0.0


def count_batch(batch: ColumnBatch) -> tuple[Counts, Mapping[TextField, MeasuredTexts]]:
    """Count a batch of the columns `COUNTED`. Also return the measures of its texts, by field."""
    nodes = batch.nodes
    levels, annotated = _to_numpy(nodes["level"]), _to_numpy(nodes["annotated"]).astype(bool)
    durations = find_durations(nodes)
    measured = {name: measure_texts(nodes[name]) for name in FIELDS}
    counts = Counts(
        videos=len(batch.videos),
        seconds=float(durations[levels == 0].sum()),
        nodes=len(nodes),
        annotated=int(annotated.sum()),
        leaves=(len(nodes) + int((levels == 0).sum())) // 2,  # every inner node has two children
        levels=_histogram(np.maximum(levels, 0)),
        annotated_levels=_histogram(np.maximum(levels[annotated], 0)),
        durations=_bin_durations(durations),
        annotated_durations=_bin_durations(durations[annotated]),
        fields={name: count_field(texts) for name, texts in measured.items()},
    )
    return counts, measured


def find_durations(nodes: pa.RecordBatch) -> NDArray[np.float64]:
    """Return the seconds of each node. Times are kept as float32, so that 0.001 s is the most that a difference of two tells."""
    start, end = (_to_numpy(nodes[name]).astype(np.float64) for name in ("start", "end"))
    return np.round(end - start, 3)


def _to_numpy(column: pa.Array) -> NDArray[Any]:
    return np.asarray(column.to_numpy(zero_copy_only=False))


def _histogram(values: NDArray[Any]) -> tuple[int, ...]:
    return tuple(np.bincount(values).tolist()) if len(values) else ()


def _bin_durations(seconds: NDArray[np.float64]) -> tuple[int, ...]:
    return tuple(int(((seconds >= low) & (seconds < high)).sum()) for low, high in DURATION_BINS)


def _add(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(a + b for a, b in zip_longest(one, other, fillvalue=0))
