"""Samples as Parquet: one training pair per row, read and written as a stream."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import islice
from typing import Final, get_args

import pyarrow as pa
import pyarrow.parquet as pq

from action100m.dataset.conform import conform_batch
from action100m.dataset.source import DataFile, Source, find_files, next_batch, open_parquet, read_schema
from action100m.dataset.whole import open_whole
from action100m.errors import DataSetError
from action100m.record import Sample, TextField

SAMPLE_SCHEMA: Final = pa.schema(
    [("uid", pa.string()), ("node", pa.string()), ("start", pa.float64()), ("end", pa.float64()), ("field", pa.string()), ("text", pa.string())]
)
"""The fields of `Sample`, none of them null. Samples of a video stand together, in the order of its nodes."""

_GROUP_ROWS: Final = 10_000
_BATCH_ROWS: Final = 1_000
"""Samples in memory at once: 0.5 MB of detailed captions, and 10 MB of the longest captions."""


def write_samples(samples: Iterable[Sample], path: str | os.PathLike[str]) -> int:
    """Write samples to a Parquet file or fsspec URL, which appears when it is complete, and return how many. The same samples give the same bytes.

    Raises:
        DataSetError: the path cannot be written, or a sample does not fit the schema.
    """
    stream = iter(samples)
    groups = iter(lambda: list(islice(stream, _BATCH_ROWS)), [])
    return write_sample_batches(map(_to_batch, groups), path)


def write_sample_batches(batches: Iterable[pa.RecordBatch], path: str | os.PathLike[str]) -> int:
    """Write batches of `SAMPLE_SCHEMA`, as `write_samples` does."""
    count = 0
    with open_whole(os.fspath(path)) as file, pq.ParquetWriter(file, SAMPLE_SCHEMA, compression="snappy", version="2.6") as writer:
        for table in _regroup(batches):
            writer.write_table(table)
            count += table.num_rows
    return count


def read_samples(source: Source | DataFile) -> Iterator[Sample]:
    """Yield the samples of a Parquet file, a folder of them, an fsspec URL of either, or several of these, in order.

    Raises:
        DataSetError: nothing is there (at once), or a file does not hold samples (when it is met). The message names the file.
    """
    return (sample for file in find_files(source) for sample in _read_file(file))


def holds_samples(file: DataFile) -> bool:
    """Tell samples from a data set by the columns of a file.

    Raises:
        DataSetError: the file cannot be opened.
    """
    return set(SAMPLE_SCHEMA.names) <= set(read_schema(file).names)


def _to_batch(samples: list[Sample]) -> pa.RecordBatch:
    try:
        return pa.RecordBatch.from_pylist([asdict(sample) for sample in samples], schema=SAMPLE_SCHEMA)
    except (pa.ArrowException, UnicodeEncodeError) as error:
        raise DataSetError(f"a sample of {samples[0].uid} or one behind it does not fit the schema: {error}") from error


def _regroup(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Yield tables of `_GROUP_ROWS` rows, so that the file does not depend on the size of the batches."""
    waiting = SAMPLE_SCHEMA.empty_table()
    for batch in batches:
        waiting = pa.concat_tables([waiting, pa.Table.from_batches([batch])])
        while waiting.num_rows >= _GROUP_ROWS:
            yield waiting.slice(0, _GROUP_ROWS).combine_chunks()
            waiting = waiting.slice(_GROUP_ROWS)
    if waiting.num_rows:
        yield waiting.combine_chunks()


def _read_file(file: DataFile) -> Iterator[Sample]:
    number = 0
    with open_parquet(file) as parquet:
        missing = [name for name in SAMPLE_SCHEMA.names if name not in parquet.schema_arrow.names]
        if missing:
            raise DataSetError(f"{file.name} holds no samples: the column {missing[0]} is missing")
        batches = parquet.iter_batches(batch_size=_BATCH_ROWS, columns=SAMPLE_SCHEMA.names)
        while (batch := next_batch(batches, file, number)) is not None:
            yield from _to_samples(batch, file, number)
            number += len(batch)


def _to_samples(batch: pa.RecordBatch, file: DataFile, first: int) -> Iterator[Sample]:
    try:
        rows = conform_batch(batch, SAMPLE_SCHEMA).to_pylist()
    except (DataSetError, UnicodeDecodeError) as error:
        raise DataSetError(f"{file.name}, rows {first} to {first + len(batch) - 1}: {error}") from error
    for number, row in enumerate(rows, first):
        if None in row.values():
            raise DataSetError(f"{file.name}, row {number}: {next(name for name, value in row.items() if value is None)} is null")
        if row["field"] not in get_args(TextField):
            raise DataSetError(f"{file.name}, row {number}: field is {row['field']!r}, expected one of {', '.join(get_args(TextField))}")
        yield Sample(**row)
