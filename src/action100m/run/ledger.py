"""Every reply of a model, in one SQLite file in the run folder: a second run sends nothing, and what was spent can be told.

Replies are only ever added. The latest one under a key counts; the totals count them all. Several workers write to it at once, each reply in a
transaction of its own. Beside them stands how long each stage worked on each video, and on what, which no artifact may hold: it differs from run to
run. A run behind a URL has no ledger: SQLite needs a file. Those who only look use `ledger_reader.py`.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from action100m.errors import StoreError
from action100m.models.base import TokenUsage
from action100m.models.ledger import Entry, Purpose
from action100m.run.ledger_reader import LEDGER_FILE, Gpus, LedgerReader, explain, list_columns
from action100m.stages.base import StageName

_PATIENCE: Final = 60.0
"""Seconds to wait while other workers write."""
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS replies (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, purpose TEXT NOT NULL, model TEXT NOT NULL, reply TEXT NOT NULL,
    input INTEGER NOT NULL, cached INTEGER NOT NULL, output INTEGER NOT NULL, seconds REAL NOT NULL, retries INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS work (
    id INTEGER PRIMARY KEY, video TEXT NOT NULL, stage TEXT NOT NULL, key TEXT NOT NULL, held REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, reply INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS by_key ON replies (key);
CREATE INDEX IF NOT EXISTS by_model ON replies (purpose, model, id, input, output, cached, seconds, retries);
"""
_LATER: Final = (("replies", "video", "TEXT NOT NULL DEFAULT ''"), ("work", "gpus", "TEXT NOT NULL DEFAULT '{}'"))
"""Columns that ledgers of earlier versions lack: table, name, definition."""


@dataclass(frozen=True, slots=True)
class Spell:
    """One stretch of work of a stage on a video."""

    video: str
    stage: StageName
    held: float = 0.0
    """Seconds of the stage's device: its share of those that it was not alone in."""


class SqliteLedger:
    """Ledger of the protocol in `models.ledger`."""

    video: str = ""
    """The one whose replies are noted."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it.

        Raises:
            StoreError: it is no SQLite file, or cannot be written.
        """
        self._path = path
        self._lock = threading.Lock()  # the connection is shared: replies are noted by the thread that fetches them
        try:
            self._file = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
            self._file.execute("PRAGMA journal_mode = WAL")
            self._file.execute("PRAGMA synchronous = NORMAL")  # a power cut may cost the last replies, a kill none
            self._file.executescript(_SCHEMA)
            _add_columns(self._file)
        except sqlite3.Error as error:
            raise explain(path, error) from error

    def recall(self, key: str, *, since: int = 0) -> Entry | None:
        """Return the latest reply noted under a digest, after a mark."""
        with self._lock:
            row = self._file.execute("SELECT reply FROM replies WHERE key = ? AND id > ? ORDER BY id DESC LIMIT 1", (key, since)).fetchone()
        if row is None:
            return None
        value = json.loads(row[0])
        return Entry(**{**value, "usage": TokenUsage(**value["usage"])})

    def mark(self, name: str) -> int:
        """Return the number of the latest reply at the time when this was first called with this name.

        Raises:
            StoreError: the disk is full, say.
        """
        self._insert("INSERT OR IGNORE INTO marks VALUES (?, (SELECT COALESCE(MAX(id), 0) FROM replies))", (name,))
        with self._lock:
            return int(self._file.execute("SELECT reply FROM marks WHERE name = ?", (name,)).fetchone()[0])

    def note(self, key: str, entry: Entry, *, purpose: Purpose, model: str) -> None:
        """Keep a reply.

        Raises:
            StoreError: the disk is full, say.
        """
        usage = entry.usage
        row = (key, purpose, model, json.dumps(asdict(entry)), usage.input, usage.cached, usage.output, entry.seconds, entry.retries, self.video)
        columns = "key, purpose, model, reply, input, cached, output, seconds, retries, video"
        self._insert(f"INSERT INTO replies ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def note_work(self, spell: Spell, *, key: str, gpus: Mapping[str, Gpus]) -> None:
        """Keep how long a stage worked on a video. key: of the artifact that it made, or was to make. gpus: by the label of the model's `Rate`.

        Raises:
            StoreError: the disk is full, say.
        """
        on = json.dumps({label: [one.count, one.shared] for label, one in gpus.items()})
        self._insert("INSERT INTO work (video, stage, key, held, gpus) VALUES (?, ?, ?, ?, ?)", (spell.video, spell.stage, key, spell.held, on))

    def _insert(self, statement: str, row: tuple[str | float, ...]) -> None:
        try:
            with self._lock:
                self._file.execute(statement, row)
        except sqlite3.Error as error:
            raise StoreError(f"{self._path}: it cannot be written ({error})") from error

    def read(self) -> LedgerReader:
        """Return what is in it, as it grows."""
        return LedgerReader(self._file)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def open_ledger(folder: Path | None) -> SqliteLedger | None:
    """Return the ledger of a run folder, made where there is none; None where the run is not on this machine."""
    return None if folder is None else SqliteLedger(folder / LEDGER_FILE)


def _add_columns(file: sqlite3.Connection) -> None:
    """Bring a ledger of an earlier version up to date. Two workers may try at once: the second waits, then finds nothing to do."""
    if all(name in list_columns(file, table) for table, name, _ in _LATER):
        return
    file.execute("BEGIN IMMEDIATE")
    for table, name, definition in _LATER:
        if name not in list_columns(file, table):
            file.execute(f"ALTER TABLE {table} ADD COLUMN {name} {definition}")
    file.execute("CREATE INDEX IF NOT EXISTS by_video ON replies (video)")
    file.execute("COMMIT")
