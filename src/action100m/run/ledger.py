"""Every reply of a model, in one SQLite file in the run folder: a second run sends nothing, and what was spent can be told.

Replies are only ever added. The latest one under a key counts; the totals count them all. Several workers write to it at once, each reply in a
transaction of its own. Beside them stands how long each stage worked on each video, which no artifact may hold: it differs from run to run. A run
behind a URL has no ledger: SQLite needs a file.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from action100m.errors import StoreError
from action100m.models.base import TokenUsage
from action100m.models.ledger import Entry, Purpose
from action100m.run.spending.clock import Spell
from action100m.stages.base import StageName

_FILE: Final = "ledger.sqlite"
_PATIENCE: Final = 60.0
"""Seconds to wait while other workers write."""
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS replies (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, purpose TEXT NOT NULL, model TEXT NOT NULL, reply TEXT NOT NULL,
    input INTEGER NOT NULL, cached INTEGER NOT NULL, output INTEGER NOT NULL, seconds REAL NOT NULL, retries INTEGER NOT NULL,
    video TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS by_video ON replies (video);
CREATE TABLE IF NOT EXISTS work (
    id INTEGER PRIMARY KEY, video TEXT NOT NULL, stage TEXT NOT NULL, key TEXT NOT NULL, held REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, reply INTEGER NOT NULL);
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

    def __add__(self, other: Spent) -> Spent:
        usage = TokenUsage(self.usage.input + other.usage.input, self.usage.output + other.usage.output, self.usage.cached + other.usage.cached)
        counts = self.requests + other.requests, usage, self.seconds + other.seconds, self.retries + other.retries
        return Spent(self.purpose, self.model, *counts)


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
        except sqlite3.Error as error:
            raise StoreError(f"{path}: the ledger of replies cannot be opened ({error}); move it away to start a new one") from error

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

    def note_work(self, spell: Spell, *, key: str) -> None:
        """Keep how long a stage worked on a video. key: of the artifact that it made, or was to make.

        Raises:
            StoreError: the disk is full, say.
        """
        self._insert("INSERT INTO work (video, stage, key, held) VALUES (?, ?, ?, ?)", (spell.video, spell.stage, key, spell.held))

    def _insert(self, statement: str, row: tuple[str | float, ...]) -> None:
        try:
            with self._lock:
                self._file.execute(statement, row)
        except sqlite3.Error as error:
            raise StoreError(f"{self._path}: it cannot be written ({error})") from error

    def spent(self, *, after: int = 0, upto: int | None = None, video: str | None = None) -> Iterator[Spent]:
        """Yield what each model has cost in each stage, by the replies with after < id <= upto, and by those about one video if it is named."""
        rows = self._file.execute(
            "SELECT purpose, model, COUNT(*), SUM(input), SUM(output), SUM(cached), SUM(seconds), SUM(retries) FROM replies"
            " WHERE id > ? AND (? IS NULL OR id <= ?) AND (? IS NULL OR video = ?) GROUP BY purpose, model ORDER BY MIN(id)",
            (after, upto, upto, video, video),
        )
        for purpose, model, requests, input_, output, cached, seconds, retries in rows:
            yield Spent(purpose, model, requests, TokenUsage(input_, output, cached), seconds, retries)

    def last_id(self) -> int:
        """Return the number of the latest reply; 0 if there is none. Numbers rise in the order in which replies become visible."""
        return int(self._file.execute("SELECT COALESCE(MAX(id), 0) FROM replies").fetchone()[0])

    def held(self) -> dict[StageName, float]:
        """Return for how many seconds each stage was at work, on however many videos at once."""
        return dict(self._file.execute("SELECT stage, SUM(held) FROM work GROUP BY stage"))

    def held_for(self, video: str, stage: StageName) -> dict[str, float]:
        """Return the share of those seconds that went into each artifact of a video, by its key."""
        return dict(self._file.execute("SELECT key, SUM(held) FROM work WHERE video = ? AND stage = ? GROUP BY key", (video, stage)))

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class FreshSpending:
    """What is noted in a ledger from now on. Each reading looks only at the replies that are new."""

    def __init__(self, ledger: SqliteLedger) -> None:
        self._ledger = ledger
        self._seen = ledger.last_id()
        self._totals: dict[tuple[Purpose, str], Spent] = {}

    def read(self) -> tuple[Spent, ...]:
        """Return the sums up to now."""
        last = self._ledger.last_id()
        for spent in self._ledger.spent(after=self._seen, upto=last):
            place = spent.purpose, spent.model
            self._totals[place] = self._totals[place] + spent if place in self._totals else spent
        self._seen = last
        return tuple(self._totals.values())


def open_ledger(folder: Path | None) -> SqliteLedger | None:
    """Return the ledger of a run folder; None where the run is not on this machine."""
    return None if folder is None else SqliteLedger(folder / _FILE)


def read_spent(folder: Path | None) -> tuple[Spent, ...]:
    """Return what a run has spent; nothing where no model was paid for."""
    if folder is None or not (folder / _FILE).exists():
        return ()
    with closing(SqliteLedger(folder / _FILE)) as ledger:
        return tuple(ledger.spent())


def read_held(folder: Path | None) -> dict[StageName, float]:
    """Return for how many seconds each stage of a run was at work."""
    if folder is None or not (folder / _FILE).exists():
        return {}
    with closing(SqliteLedger(folder / _FILE)) as ledger:
        return ledger.held()
