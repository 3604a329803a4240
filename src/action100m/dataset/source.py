"""Where rows come from: Parquet files, folders of them, or any fsspec URL of either, read a few rows at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem

from action100m.dataset.conform import conform_batch
from action100m.dataset.convert import Row, row_from_dict
from action100m.dataset.schema import SCHEMA
from action100m.errors import DataSetError

Source = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
"""A Parquet file, a folder of them, an fsspec URL of either (s3://, hf://, memory://), or several of these."""

_BATCH_ROWS: Final = 8
"""Rows in memory at once: about 2 MB of text in the released data, and 20 MB for hour-long videos."""
_BUFFER_BYTES: Final = 1 << 20
"""Read ahead per column. Without it, or with `pre_buffer`, pyarrow loads whole row groups, which other writers make as large as the file."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """One Parquet file."""

    name: str
    """As shown to people."""
    filesystem: fsspec.AbstractFileSystem
    path: str
    """On its file system."""


def find_files(source: Source | DataFile) -> list[DataFile]:
    """Return the files of a source in the order given; those of a folder sorted by path, leaving out names that begin with "." or "_".

    A file that was found before stays as it is: its name need not lead back to it, as in a folder of an archive.

    Raises:
        DataSetError: nothing is there, or a folder holds no .parquet file.
    """
    if isinstance(source, DataFile):
        return [source]
    locations = [source] if isinstance(source, str | os.PathLike) else source
    return [file for location in locations for file in _expand(os.fspath(location))]


def read_schema(file: DataFile) -> pa.Schema:
    """Return the Arrow schema that a file holds.

    Raises:
        DataSetError: it cannot be opened.
    """
    with open_parquet(file) as parquet:
        return parquet.schema_arrow


def read_rows(file: DataFile) -> Iterator[Row]:
    """Yield the rows of a file, unchecked.

    Raises:
        DataSetError: the file cannot be opened or is damaged, a column is missing, or a value does not fit. The message names the file.
    """
    number = 0
    with open_parquet(file) as parquet:
        columns = [field for field in parquet.schema_arrow if field.name in SCHEMA.names]
        batch_to_values(pa.RecordBatch.from_pylist([], schema=pa.schema(columns)), file, number)  # a missing column is told also when there is no row
        batches = parquet.iter_batches(batch_size=_BATCH_ROWS, columns=[field.name for field in columns])
        while (batch := next_batch(batches, file, number)) is not None:
            for value in batch_to_values(batch, file, number):
                yield row_from_dict(value, file=file.name, number=number)
                number += 1


def _expand(location: str) -> list[DataFile]:
    try:
        filesystem, path = fsspec.core.url_to_fs(location)
        if not filesystem.exists(path):
            raise DataSetError(f"{location}: there is no such file or folder")
        if not filesystem.isdir(path):
            return [DataFile(location, filesystem, path)]
        paths = sorted(found for found in filesystem.find(path) if _is_data(found, path))
    except (OSError, ImportError, ValueError) as error:  # the last two: no driver for this kind of URL
        raise DataSetError(f"{location} cannot be read: {error}") from error
    if not paths:
        raise DataSetError(f"{location} holds no .parquet file")
    return [DataFile(_shown(filesystem, found), filesystem, found) for found in paths]


def _is_data(path: str, folder: str) -> bool:
    parts = PurePosixPath(path.removeprefix(folder)).parts
    return path.endswith(".parquet") and not any(part.startswith((".", "_")) for part in parts)


def _shown(filesystem: fsspec.AbstractFileSystem, path: str) -> str:
    return path if isinstance(filesystem, LocalFileSystem) else str(filesystem.unstrip_protocol(path))


@contextmanager
def open_parquet(file: DataFile, *, footer: pq.FileMetaData | None = None) -> Iterator[pq.ParquetFile]:
    """Open a file so that only what is asked for is read.

    footer: of the file, where it was read before.

    Raises:
        DataSetError: it cannot be read, or is no Parquet file.
    """
    try:
        stream = file.filesystem.open(file.path, "rb")
    except OSError as error:
        raise DataSetError(f"{file.name} cannot be read: {error}") from error
    with stream:
        try:
            parquet = pq.ParquetFile(stream, metadata=footer, buffer_size=_BUFFER_BYTES, pre_buffer=False)
        except (OSError, pa.ArrowException) as error:
            raise DataSetError(f"{file.name} is not a whole Parquet file ({error}): download or write it again") from error
        with parquet:
            yield parquet


def next_batch(batches: Iterator[pa.RecordBatch], file: DataFile, row: int) -> pa.RecordBatch | None:
    """Return the next batch, or None behind the last. `row` is the number of its first row.

    Raises:
        DataSetError: the file is damaged there.
    """
    try:
        return next(batches, None)
    except (OSError, pa.ArrowException) as error:
        raise DataSetError(f"{file.name} is damaged behind row {row} ({error}): download or write it again") from error


def batch_to_values(batch: pa.RecordBatch, file: DataFile, row: int) -> list[dict[str, Any]]:
    """Return the rows of a batch as `row_from_dict` reads them. `row` is the number of the first one.

    Raises:
        DataSetError: a column is missing, or a value does not fit.
    """
    try:
        values: list[dict[str, Any]] = conform_batch(batch).to_pylist()
    except DataSetError as error:
        raise DataSetError(f"{file.name}: {error}") from error
    except UnicodeDecodeError as error:
        raise DataSetError(f"{file.name}: a text in rows {row} to {row + len(batch) - 1} is not UTF-8 ({error})") from error
    return values
