"""What stands in the ledger of a run, for those who only look: nothing is made, changed or left behind beside it.

A ledger that is not there, or of a version that did not note something yet, tells nothing of it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from action100m.errors import StoreError
from action100m.models.base import TokenUsage
from action100m.models.ledger import Purpose
from action100m.stages.base import StageName

LEDGER_FILE: Final = "ledger.sqlite"


@dataclass(frozen=True, slots=True)
class Spent:
    """What the replies of one model to one stage came to, those of earlier runs into the same folder included."""

    purpose: Purpose
    model: str
    """The name under which it was loaded, with revision and parameters."""
    requests: int
    usage: TokenUsage
    seconds: float
    """Sum over the requests, of which many are under way at once."""
    retries: int

    def __add__(self, other: Spent) -> Spent:
        usage = TokenUsage(self.usage.input + other.usage.input, self.usage.output + other.usage.output, self.usage.cached + other.usage.cached)
        counts = self.requests + other.requests, usage, self.seconds + other.seconds, self.retries + other.retries
        return Spent(self.purpose, self.model, *counts)


@dataclass(frozen=True, slots=True)
class Gpus:
    """The GPUs of one's own that a model runs on."""

    count: int = 0
    shared: int = 0
    """Of these, the ones that a model before it in the same stage runs on already, whose hours are counted with that one."""


@dataclass(frozen=True, slots=True)
class Work:
    """How long a stage was at work on one artifact, with its models on the same GPUs all the while."""

    video: str
    stage: StageName
    key: str
    """Of the artifact."""
    held: float
    """Seconds, its share of those that it was not alone in."""
    gpus: Mapping[str, Gpus]
    """By the label of the model's `Rate`; of hosted models, none."""

    @property
    def gpu_hours(self) -> dict[tuple[StageName, str], float]:
        """Hours of GPUs by stage and label of the model, each counted with the first model that is on it."""
        return {(self.stage, label): self.held / 3600 * (one.count - one.shared) for label, one in self.gpus.items()}


class LedgerReader:
    """What is in a ledger at the moment."""

    def __init__(self, file: sqlite3.Connection) -> None:
        self._file = file
        self._replies, self._work = list_columns(file, "replies"), list_columns(file, "work")

    @classmethod
    def of_nothing(cls) -> Self:
        """Return what there is to read where no ledger is."""
        return cls(sqlite3.connect(":memory:"))

    def spent(self, *, after: int = 0, upto: int | None = None, video: str | None = None) -> Iterator[Spent]:
        """Yield what each model has cost in each stage, by the replies with after < id <= upto, and by those about one video if it is named."""
        if not self._replies or (video is not None and "video" not in self._replies):
            return
        bounds, values = ["id > ?"], [after, *(value for value in (upto, video) if value is not None)]
        bounds += [bound for bound, value in (("id <= ?", upto), ("video = ?", video)) if value is not None]
        rows = self._file.execute(
            "SELECT purpose, model, COUNT(*), SUM(input), SUM(output), SUM(cached), SUM(seconds), SUM(retries) FROM replies"
            f" WHERE {' AND '.join(bounds)} GROUP BY purpose, model ORDER BY MIN(id)",
            values,
        )
        for purpose, model, requests, input_, output, cached, seconds, retries in rows:
            yield Spent(purpose, model, requests, TokenUsage(input_, output, cached), seconds, retries)

    def last_id(self) -> int:
        """Return the number of the latest reply; 0 if there is none. Numbers rise in the order in which replies become visible."""
        return int(self._file.execute("SELECT COALESCE(MAX(id), 0) FROM replies").fetchone()[0]) if self._replies else 0

    def work(self) -> Iterator[Work]:
        """Yield how long each stage was at work on each artifact. Of ledgers that do not tell on what, the GPUs are not known, nor their hours."""
        if not self._work:
            return
        gpus = "gpus" if "gpus" in self._work else "'{}'"
        rows = self._file.execute(f"SELECT video, stage, key, SUM(held), {gpus} FROM work GROUP BY video, stage, key, {gpus}")
        for video, stage, key, held, on in rows:
            yield Work(video, stage, key, held, {label: Gpus(*counts) for label, counts in json.loads(on).items()})

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class FreshSpending:
    """What is noted in a ledger from now on. Each reading looks only at the replies that are new."""

    def __init__(self, ledger: LedgerReader) -> None:
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


def read_ledger(folder: Path | None) -> LedgerReader:
    """Return what is in the ledger of a run folder; nothing where there is none.

    Raises:
        StoreError: it is no ledger, or cannot be read.
    """
    if folder is None or not (path := folder / LEDGER_FILE).exists():
        return LedgerReader.of_nothing()
    try:
        return LedgerReader(_open_to_read(path))
    except sqlite3.Error as error:
        raise explain(path, error) from error


def list_columns(file: sqlite3.Connection, table: str) -> frozenset[str]:
    """Return the names of the columns of a table; none if it is not there."""
    return frozenset(name for (name,) in file.execute("SELECT name FROM pragma_table_info(?)", (table,)))


def explain(path: Path, error: sqlite3.Error) -> StoreError:
    """Return the error for a ledger that cannot be opened."""
    is_no_database = getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)
    cure = "move it away to start a new one" if is_no_database else "see that the file and its folder can be read and written"
    return StoreError(f"{path}: the ledger of replies cannot be opened ({error}); {cure}")


def _open_to_read(path: Path) -> sqlite3.Connection:
    """A writer leaves `-wal` beside the file while it works. Without it the file is whole: then SQLite is told so, or it would make `-wal` anew."""
    wal = path.with_name(f"{path.name}-wal")
    is_whole = not wal.exists() or not wal.stat().st_size
    file = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro" + ("&immutable=1" if is_whole else ""), uri=True)
    file.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()  # or what is wrong would be told later
    return file
