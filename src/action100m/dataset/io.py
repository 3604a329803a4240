"""Read and write records as a stream: neither ever holds more than a few rows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Final, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from action100m.dataset.convert import record_from_row, record_to_batch
from action100m.dataset.schema import PUBLISHED_SCHEMA, SCHEMA
from action100m.dataset.source import DataFile, Source, find_files, read_rows
from action100m.dataset.whole import open_whole
from action100m.errors import DataSetError
from action100m.record import Record

_ROW_GROUP_ROWS: Final = 32
"""About 6 MB of text in the released data (which has groups of 5), and 80 MB for hour-long videos."""


def read_records(source: Source, *, on_error: Callable[[DataSetError], None] | None = None) -> Iterator[Record]:
    """Yield the records of a Parquet file, a folder of them, an fsspec URL of either, or several of these, in order.

    on_error: called for each record or file that has to be left out, and the others go on. Without it the first one is raised.

    Raises:
        DataSetError: nothing is there (at once); a file is not in the published schema, or a record is no tree (when it is met). The message
            names the file, and the row and uid where there is one.
    """
    return _kept(chain.from_iterable(map(_outcomes, find_files(source))), on_error)


def write_records(records: Iterable[Record], path: str | os.PathLike[str], *, provenance: Literal["auto", "keep", "drop"] = "auto") -> int:
    """Write records to a Parquet file or fsspec URL, and return how many. The same records give the same bytes.

    The file appears when it is complete, so a break leaves what was there before; a remote file is made in the local temporary folder first.
    provenance: "drop" writes exactly the published columns, "keep" adds ours, "auto" does what the first record asks for.

    Raises:
        DataSetError: the path cannot be written, a record does not fit the schema, or, with "auto", a later record has provenance and the first
            has none.
    """
    stream = iter(records)
    first = next(stream, None)
    known = first is not None and first.provenance is not None
    if provenance == "auto" and not known:
        stream = map(_refuse_provenance, stream)
    schema = SCHEMA if provenance == "keep" or (provenance == "auto" and known) else PUBLISHED_SCHEMA
    rows = (record_to_batch(record, schema) for record in chain([] if first is None else [first], stream))
    with open_whole(os.fspath(path)) as file, pq.ParquetWriter(file, schema, compression="snappy", version="2.6") as writer:
        return _write_groups(rows, writer)


def _outcomes(file: DataFile) -> Iterator[Record | DataSetError]:
    try:
        for row in read_rows(file):
            try:
                yield record_from_row(row)
            except DataSetError as error:
                yield error
    except DataSetError as error:
        yield error


def _kept(outcomes: Iterable[Record | DataSetError], on_error: Callable[[DataSetError], None] | None) -> Iterator[Record]:
    for outcome in outcomes:
        if isinstance(outcome, Record):
            yield outcome
        elif on_error is None:
            raise outcome
        else:
            on_error(outcome)


def _refuse_provenance(record: Record) -> Record:
    if record.provenance is not None:
        raise DataSetError(f"the record {record.uid} has provenance, the first one has none: pass provenance='keep' or 'drop'")
    return record


def _write_groups(rows: Iterator[pa.RecordBatch], writer: pq.ParquetWriter) -> int:
    count = 0
    while group := list(islice(rows, _ROW_GROUP_ROWS)):
        writer.write_table(pa.Table.from_batches(group).combine_chunks())
        count += len(group)
    return count
