"""Read single records of a data set in any order, each by the file and the row that it is in.

Of a file only its footer is kept, and of a row group only the part up to the row is decoded, a few rows at a time: files of one large row group take
longer, but no more memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import pyarrow.parquet as pq

from action100m.dataset.convert import record_from_row, row_from_dict
from action100m.dataset.schema import SCHEMA
from action100m.dataset.source import DataFile, batch_to_values, next_batch, open_parquet
from action100m.errors import DataSetError
from action100m.record import Record

_FOOTERS: Final = 16
"""Files whose footer is kept. That of 100,000 videos takes some 10 MB."""
_BATCH_ROWS: Final = 8


class RecordLookup:
    """Finds records in some files. May be used by several threads."""

    def __init__(self, files: Sequence[DataFile]) -> None:
        self._files = tuple(files)
        self._footer = lru_cache(_FOOTERS)(self._read_footer)

    def read(self, file: int, number: int, *, uid: str | None = None) -> Record:
        """Return the record in a row of a file; both count from 0.

        uid: whose record it was when the row was noted.

        Raises:
            DataSetError: the file cannot be read, there is no such row, it holds no record, or it holds another video's, since the file was replaced.
        """
        source, footer = self._files[file], self._footer(file)
        group, first = _find_group(footer, number, source)
        with open_parquet(source, footer=footer) as parquet:
            columns = [name for name in parquet.schema_arrow.names if name in SCHEMA.names]
            batches = parquet.iter_batches(batch_size=_BATCH_ROWS, row_groups=[group], columns=columns)
            while (batch := next_batch(batches, source, first)) is not None and first + len(batch) <= number:
                first += len(batch)
        if batch is None:
            raise DataSetError(f"{source.name} is damaged behind row {first}: download or write it again")
        (value,) = batch_to_values(batch.take([number - first]), source, number)
        row = row_from_dict(value, file=source.name, number=number)
        if uid is not None and row.uid != uid:
            raise DataSetError(f"{source.name} has changed: row {number} is no longer the video {uid!r} but {row.uid!r}; start again")
        return record_from_row(row)

    def _read_footer(self, file: int) -> pq.FileMetaData:
        with open_parquet(self._files[file]) as parquet:
            return parquet.metadata


def _find_group(footer: pq.FileMetaData, number: int, file: DataFile) -> tuple[int, int]:
    """Return the row group that a row is in, and the number of its first row."""
    first = 0
    for group in range(footer.num_row_groups):
        rows = footer.row_group(group).num_rows
        if first <= number < first + rows:
            return group, first
        first += rows
    raise DataSetError(f"{file.name} has {first} rows, there is no row {number}")
