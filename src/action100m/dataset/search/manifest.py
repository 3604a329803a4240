"""What an index is of: written last, so that an index without it is not whole, and compared before it is used, so that none is used for other data.

INDEX/
├── search-index.json   what it is of, and which table it is in
├── segments-1f0c.lance the table with its indices
├── work/               while it is made: rows, and vectors that a killed build goes on with
└── lock                held while it is made
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from fsspec.implementations.local import LocalFileSystem

from action100m.dataset.source import DataFile
from action100m.errors import SearchIndexError
from action100m.record import TextField

_NAME: Final = "search-index.json"
_FORMAT: Final = 1
"""Another one is another layout, and its indices are made anew."""


@dataclass(frozen=True, slots=True)
class IndexedFile:
    """A file of the data set, as it was."""

    name: str
    size: int
    stamp: str
    """Time of the last change, or what a storage has instead of one."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an index is of."""

    files: tuple[IndexedFile, ...]
    fields: tuple[TextField, ...]
    """The texts that are searched, in this order."""
    encoder: str | None
    """Name of the encoder of the vectors; None where there are none."""
    table: str = ""
    """Empty while the index is made."""
    rows: int = 0
    """Segments."""
    left_out: tuple[str, ...] = ()
    """Why records are not in it, the first few."""
    left_out_count: int = 0

    def serves(self, wanted: Manifest) -> bool:
        """Tell whether the index answers what another one would be made for. One with vectors also serves searches by words."""
        same_vectors = wanted.encoder is None or wanted.encoder == self.encoder
        return bool(self.table) and self.files == wanted.files and self.fields == wanted.fields and same_vectors


def look_at(file: DataFile) -> IndexedFile:
    """Return what tells a file from a changed one.

    Raises:
        OSError: it is not there.
    """
    info = file.filesystem.info(file.path)
    if isinstance(file.filesystem, LocalFileSystem):
        path = Path(file.path).resolve()
        return IndexedFile(str(path), info["size"], str(path.stat().st_mtime_ns))
    return IndexedFile(file.name, info.get("size") or 0, str(file.filesystem.ukey(file.path)))


def find_changed(files: Sequence[IndexedFile]) -> str | None:
    """Return the first local file that is there, but not as it was. Others cannot be told, or are gone, and then the index is all that is left."""
    for file in files:
        path = Path(file.name)
        if path.is_absolute() and path.is_file() and (path.stat().st_size, str(path.stat().st_mtime_ns)) != (file.size, file.stamp):
            return file.name
    return None


def is_index(folder: str | os.PathLike[str]) -> bool:
    """Tell whether a folder is an index, whole or not."""
    return "://" not in os.fspath(folder) and (Path(folder) / _NAME).is_file()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write it whole or not at all."""
    partial = folder / f"{_NAME}.{os.getpid()}.partial"
    with partial.open("w", encoding="utf-8") as file:
        json.dump({"format": _FORMAT, **asdict(manifest)}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(folder / _NAME)


def read_manifest(folder: Path) -> Manifest:
    """Return what an index is of.

    Raises:
        SearchIndexError: there is none, or one of another version.
    """
    try:
        found: dict[str, Any] = json.loads((folder / _NAME).read_text(encoding="utf-8"))
        if found.pop("format") != _FORMAT:
            raise SearchIndexError(f"the index {folder} was made by another version: build it anew")
        files = tuple(IndexedFile(**file) for file in found.pop("files"))
        return Manifest(files=files, fields=tuple(found.pop("fields")), left_out=tuple(found.pop("left_out")), **found)
    except (OSError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise SearchIndexError(f"{folder} is no search index ({error})") from error
