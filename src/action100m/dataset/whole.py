"""Files that appear when they are complete: a break leaves what was there before."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import fsspec
from fsspec.implementations.local import LocalFileSystem

from action100m.errors import DataSetError


@contextmanager
def open_whole(path: str) -> Iterator[BinaryIO]:
    """Open a file or fsspec URL for writing. It appears, under its name, when the block ends without an error.

    Raises:
        DataSetError: it cannot be written.
    """
    try:
        filesystem, target = fsspec.core.url_to_fs(path)
    except (ImportError, ValueError) as error:  # no driver for this kind of URL
        raise DataSetError(f"{path} cannot be written: {error}") from error
    try:
        with _open_renamed(Path(target)) if isinstance(filesystem, LocalFileSystem) else _open_uploaded(filesystem, target) as file:
            yield file
    except OSError as error:
        raise DataSetError(f"{path} cannot be written: {error}") from error


@contextmanager
def _open_renamed(target: Path) -> Iterator[BinaryIO]:
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _open_uploaded(filesystem: fsspec.AbstractFileSystem, target: str) -> Iterator[BinaryIO]:
    """Object stores show an upload when it is complete, but an error in the midst of one would complete it early."""
    with tempfile.TemporaryDirectory(prefix="action100m-") as folder:
        partial = Path(folder) / "part"
        with partial.open("wb") as file:
            yield file
        filesystem.put_file(str(partial), target)
