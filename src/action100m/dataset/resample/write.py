"""The files of a resampling: the index of what was drawn, and the weight of every sample."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from action100m.dataset.resample.collect import Collected
from action100m.dataset.samples import SAMPLE_SCHEMA
from action100m.dataset.whole import open_whole
from action100m.record import TextField

_ROWS: Final = 65_536
"""Rows in memory at once, and in a row group."""

Extra = dict[str, NDArray[np.float64] | NDArray[np.int64]]


def write_drawn(path: str, collected: Collected, labels: NDArray[np.int32], field: TextField, draws: Iterable[NDArray[np.int64]]) -> None:
    """Write a row for every draw, in order: Sample and `cluster`."""
    _write(path, collected, labels, field, _cut(draws), {})


def write_all(path: str, collected: Collected, labels: NDArray[np.int32], field: TextField, rows: NDArray[np.int64], extra: Extra) -> None:
    """Write some samples in the order of the data: Sample, `cluster`, and more columns, with a value for every sample of the data."""
    _write(path, collected, labels, field, _cut([rows]), extra)


def write_bytes(path: str, data: bytes) -> None:
    """Write a whole file, or none."""
    with open_whole(path) as file:
        file.write(data)


def _cut(blocks: Iterable[NDArray[np.int64]]) -> Iterator[NDArray[np.int64]]:
    for block in blocks:
        for start in range(0, len(block), _ROWS):
            yield block[start : start + _ROWS]


def _write(path: str, collected: Collected, labels: NDArray[np.int32], field: TextField, blocks: Iterator[NDArray[np.int64]], extra: Extra) -> None:
    columns = [pa.field("cluster", pa.int32()), *(pa.field(name, pa.from_numpy_dtype(values.dtype)) for name, values in extra.items())]
    schema = pa.schema([*SAMPLE_SCHEMA, *columns])
    with open_whole(os.fspath(path)) as file, pq.ParquetWriter(file, schema, compression="zstd", version="2.6") as writer:
        for rows in blocks:
            found = collected.rows.take(pa.array(rows))
            texts = found.column("text").to_numpy()
            values = [found.column(name) for name in ("uid", "node", "start", "end")]
            values += [pa.repeat(field, len(rows)), collected.texts.column("text").take(pa.array(texts)), pa.array(labels[texts])]
            values += [pa.array(one[rows]) for one in extra.values()]
            writer.write_table(pa.Table.from_arrays(values, schema=schema))
