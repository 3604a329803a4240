"""The embedded database: LanceDB, which keeps a table with its indices in files and needs no server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from action100m.errors import MissingPackageError, SearchIndexError

if TYPE_CHECKING:
    from lancedb.db import DBConnection


def load_lancedb() -> ModuleType:
    """Import LanceDB.

    Raises:
        MissingPackageError: it is not installed.
    """
    os.environ.setdefault("LANCEDB_LOG", "error")  # its warnings are for those who write Rust
    try:
        import lancedb
    except ImportError as error:
        raise MissingPackageError("lancedb", extra="search", needed_by="search") from error
    return lancedb


def connect(folder: Path) -> DBConnection:
    """Open the database of a folder.

    Raises:
        MissingPackageError: LanceDB is not installed.
    """
    database: DBConnection = load_lancedb().connect(folder)
    return database


@contextmanager
def telling(folder: Path) -> Iterator[None]:
    """Turn what LanceDB raises, which has no errors of its own, into errors that say the cure.

    Raises:
        SearchIndexError: the database failed.
    """
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:
        first = str(error).partition("\n")[0]
        raise SearchIndexError(f"the index {folder} cannot be used ({first}): remove the folder, and it is built anew") from error
