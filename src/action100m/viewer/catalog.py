"""What a server knows of every video of a set: enough to list, sort and search them, and where each record is.

It is made once, at the start, from four columns of the data, and kept in a temporary SQLite file: what is in memory does not grow with the set.
"""

from __future__ import annotations

import sqlite3
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from action100m.dataset.columns import ColumnBatch, read_columns
from action100m.dataset.lookup import RecordLookup
from action100m.dataset.source import Source, find_files
from action100m.errors import DataSetError
from action100m.record import Record
from action100m.viewer.picture import find_shapes

Sorting = Literal["set", "title", "longest", "shortest", "segments", "annotated"]
"""In the order of the set, by title, or by length, count of segments or of annotated ones."""

SORTINGS: Final[tuple[Sorting, ...]] = get_args(Sorting)
_ORDER: Final[dict[Sorting, str]] = {
    "set": "number",
    "title": "title COLLATE NOCASE, number",
    "longest": "seconds DESC, number",
    "shortest": "seconds, number DESC",
    "segments": "segments DESC, number",
    "annotated": "annotated DESC, number",
}
_TABLE: Final = """
CREATE TABLE videos (number INTEGER PRIMARY KEY, uid TEXT UNIQUE, title TEXT, words TEXT, seconds REAL, segments INTEGER, annotated INTEGER,
    picture BLOB, file INTEGER, row INTEGER)
"""
_LONGEST: Final = 1_000
"""Characters of a title or uid that are kept for lists and searched there."""
_TOLD: Final = 1_000
"""Problems that are kept; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One video of the set."""

    number: int
    """Its place among those that could be read, from 0."""
    uid: str
    title: str
    """Its uid where it has none."""
    seconds: float
    segments: int
    annotated: int
    picture: bytes
    """Compressed `picture.find_shapes`."""
    file: int
    row: int

    def shapes(self) -> NDArray[np.uint16]:
        """Return what `picture.draw_shapes` draws."""
        return np.frombuffer(zlib.decompress(self.picture), np.uint16).reshape(-1, 4)


@dataclass(frozen=True, slots=True)
class Totals:
    """What all videos come to."""

    videos: int
    seconds: float
    segments: int
    annotated: int


class Catalog:
    """The videos of a set. May be used by several threads."""

    def __init__(self, source: Source, *, on_progress: Callable[[int], None] | None = None) -> None:
        """Read through a data set.

        on_progress: told how many videos have been read.

        Raises:
            DataSetError: nothing is there. What is there but cannot be read is told in `problems`, and the rest goes on.
        """
        files = find_files(source)
        self.problems: list[str] = []
        """The first 1,000 records and files that are left out, and why."""
        self.problem_count = 0
        self._lookup = RecordLookup(files)
        self._folder = tempfile.TemporaryDirectory(prefix="action100m-", ignore_cleanup_errors=True)
        self._path = Path(self._folder.name) / "catalog.sqlite"
        with closing(sqlite3.connect(self._path, isolation_level=None)) as database:
            database.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _TABLE)
            self._fill(database, source, {file.name: number for number, file in enumerate(files)}, on_progress or (lambda count: None))
            for column in ("title COLLATE NOCASE", "seconds DESC", "segments DESC", "annotated DESC"):
                database.execute(f"CREATE INDEX {column.split()[0]}_order ON videos ({column}, number)")
            counts = database.execute("SELECT COUNT(*), TOTAL(seconds), SUM(segments), SUM(annotated) FROM videos").fetchone()
            self.totals = Totals(*(count or 0 for count in counts))

    def close(self) -> None:
        """Remove the file."""
        self._folder.cleanup()

    def page(self, *, query: str = "", sort: Sorting = "set", offset: int = 0, limit: int = 50) -> tuple[list[Entry], int]:
        """Return some of the videos in whose title or uid all words of a query occur, whatever their case, and how many these are in all."""
        words = query.casefold().split()
        where = " AND ".join(["instr(words, ?) > 0"] * len(words)) or "1"
        with self._connect() as database:
            found = self.totals.videos if not words else database.execute(f"SELECT COUNT(*) FROM videos WHERE {where}", words).fetchone()[0]
            rows = self._select(database, f"WHERE {where} ORDER BY {_ORDER[sort]} LIMIT ? OFFSET ?", *words, limit, offset)
        return rows, found

    def find(self, uid: str) -> Entry | None:
        """Return the entry of a video, or None where it is not in the set."""
        with self._connect() as database:
            return next(iter(self._select(database, "WHERE uid = ?", uid)), None)

    def beside(self, entry: Entry, step: Literal[-1, 1]) -> Entry | None:
        """Return the video before or after another one in the set."""
        with self._connect() as database:
            return next(iter(self._select(database, "WHERE number = ?", entry.number + step)), None)

    def read(self, entry: Entry) -> Record:
        """Return the record of a video.

        Raises:
            DataSetError: it cannot be read, is no tree, or the file was replaced since the start.
        """
        return self._lookup.read(entry.file, entry.row, uid=entry.uid)

    def _connect(self) -> closing[sqlite3.Connection]:
        return closing(sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True))

    def _select(self, database: sqlite3.Connection, condition: str, *values: Any) -> list[Entry]:
        columns = "number, uid, title, seconds, segments, annotated, picture, file, row"
        return [Entry(*row) for row in database.execute(f"SELECT {columns} FROM videos {condition}", values)]

    def _fill(self, database: sqlite3.Connection, source: Source, files: dict[str, int], told: Callable[[int], None]) -> None:
        number = 0
        for batch in read_columns(source, videos=["title"], nodes=["level", "start", "end", "annotated"], on_error=self._leave_out):
            database.execute("BEGIN")
            for uid, title, *rest in _entries(batch):
                texts = (title, f"{title}\n{uid[:_LONGEST]}".casefold())
                values = (number, uid, *texts, *rest[:-1], files[batch.file], rest[-1])
                if database.execute("INSERT OR IGNORE INTO videos VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values).rowcount:
                    number += 1
                else:
                    self._leave_out(DataSetError(f"{batch.file}, row {rest[-1]} ({uid}): the video is there a second time"))
            database.execute("COMMIT")
            told(number)

    def _leave_out(self, error: DataSetError) -> None:
        self.problem_count += 1
        if len(self.problems) < _TOLD:
            self.problems.append(str(error))


def _entries(batch: ColumnBatch) -> Iterator[tuple[Any, ...]]:
    """Yield (uid, title, seconds, segments, annotated, picture, row) of each video. Whether nodes are trees is told when one is opened."""
    levels, starts, ends, annotated = (batch.nodes[name].to_numpy(zero_copy_only=False) for name in ("level", "start", "end", "annotated"))
    bounds = np.searchsorted(batch.nodes["video"].to_numpy(), np.arange(len(batch.videos) + 1))
    for index, (row, uid, title) in enumerate(zip(*(batch.videos[name].to_pylist() for name in ("row", "uid", "title")), strict=True)):
        part = slice(bounds[index], bounds[index + 1])
        shapes = find_shapes(levels[part], starts[part], ends[part], annotated[part])
        seconds = float(ends[part].max() - starts[part].min()) if part.stop > part.start else 0.0
        shown = (title or "")[:_LONGEST].strip() or uid[:_LONGEST]
        seconds = max(seconds, 0.0) if np.isfinite(seconds) else 0.0
        segments = int(part.stop - part.start)  # SQLite takes NumPy's numbers for bytes
        yield uid, shown, seconds, segments, int(annotated[part].sum()), zlib.compress(shapes.tobytes(), 1), row
