"""Every reply of a model, in one SQLite file in the run folder: a second run sends nothing, and what was spent can be told.

Replies are only ever added. The latest one under a key counts; the totals count them all. Several workers write to it at once, each reply in a
transaction of its own. A run behind a URL has no ledger: SQLite needs a file.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from action100m.errors import StoreError
from action100m.models.base import TokenUsage
from action100m.models.ledger import Entry, Purpose

_FILE: Final = "ledger.sqlite"
_PATIENCE: Final = 60.0
"""Seconds to wait while other workers write."""
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS replies (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, purpose TEXT NOT NULL, model TEXT NOT NULL, reply TEXT NOT NULL,
    input INTEGER NOT NULL, cached INTEGER NOT NULL, output INTEGER NOT NULL, seconds REAL NOT NULL, retries INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS by_key ON replies (key);
CREATE INDEX IF NOT EXISTS by_model ON replies (purpose, model, id, input, output, cached, seconds, retries);
"""


@dataclass(frozen=True, slots=True)
class Spent:
    """What the replies of one model to one stage came to, those of earlier runs into the same folder included."""

    purpose: Purpose
    model: str
    requests: int
    usage: TokenUsage
    seconds: float
    """Sum over the requests, of which many are under way at once."""
    retries: int


class SqliteLedger:
    """Ledger of the protocol in `models.ledger`. Belongs to the thread that made it."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it.

        Raises:
            StoreError: it is no SQLite file, or cannot be written.
        """
        self._path = path
        try:
            self._file = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
            self._file.execute("PRAGMA journal_mode = WAL")
            self._file.execute("PRAGMA synchronous = NORMAL")  # a power cut may cost the last replies, a kill none
            self._file.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise StoreError(f"{path}: the ledger of replies cannot be opened ({error}); move it away to start a new one") from error

    def recall(self, key: str) -> Entry | None:
        """Return the latest reply noted under a digest."""
        row = self._file.execute("SELECT reply FROM replies WHERE key = ? ORDER BY id DESC LIMIT 1", (key,)).fetchone()
        if row is None:
            return None
        value = json.loads(row[0])
        return Entry(**{**value, "usage": TokenUsage(**value["usage"])})

    def note(self, key: str, entry: Entry, *, purpose: Purpose, model: str) -> None:
        """Keep a reply.

        Raises:
            StoreError: the disk is full, say.
        """
        usage = entry.usage
        row = (key, purpose, model, json.dumps(asdict(entry)), usage.input, usage.cached, usage.output, entry.seconds, entry.retries)
        try:
            self._file.execute(
                "INSERT INTO replies (key, purpose, model, reply, input, cached, output, seconds, retries) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row
            )
        except sqlite3.Error as error:
            raise StoreError(f"{self._path}: a reply cannot be noted ({error})") from error

    def spent(self) -> Iterator[Spent]:
        """Yield what each model has cost in each stage."""
        rows = self._file.execute(
            "SELECT purpose, model, COUNT(*), SUM(input), SUM(output), SUM(cached), SUM(seconds), SUM(retries)"
            " FROM replies GROUP BY purpose, model ORDER BY MIN(id)"
        )
        for purpose, model, requests, input_, output, cached, seconds, retries in rows:
            yield Spent(purpose, model, requests, TokenUsage(input_, output, cached), seconds, retries)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def open_ledger(folder: Path | None) -> SqliteLedger | None:
    """Return the ledger of a run folder; None where the run is not on this machine."""
    return None if folder is None else SqliteLedger(folder / _FILE)


def read_spent(folder: Path | None) -> tuple[Spent, ...]:
    """Return what a run has spent; nothing where no model was paid for."""
    if folder is None or not (folder / _FILE).exists():
        return ()
    with closing(SqliteLedger(folder / _FILE)) as ledger:
        return tuple(ledger.spent())
