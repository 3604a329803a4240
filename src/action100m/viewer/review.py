"""What people say about a data set: marks in a JSON-lines file beside it, one line each, only ever appended.

    {"time": "2026-01-31T12:00:00Z", "who": "ann", "uid": "clip", "node": "eb94...", "field": "brief_action", "mark": "edit", "text": "Beat the eggs"}

The last mark of a place counts; a mark of null takes the one before back. `field` is null for a whole segment, `node` too for a whole video. Nothing
is ever overwritten, so two tabs, or two servers of one file, lose nothing of each other.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any, Final, Literal, get_args

from action100m.dataset.source import Source
from action100m.errors import ConfigError, DataSetError
from action100m.record import TextField

MarkKind = Literal["keep", "reject", "edit"]

_FIELDS: Final = frozenset(get_args(TextField))
_TOLD: Final = 100


@dataclass(frozen=True, slots=True)
class Mark:
    """What somebody says about one place."""

    uid: str
    node: str | None
    """None: of the whole video."""
    field: TextField | None
    """None: of the whole segment."""
    mark: MarkKind | None
    """None: the mark before it is taken back."""
    text: str | None = None
    """What should stand there, for an edit; a remark, for the others."""
    who: str = ""
    time: str = ""
    """UTC, ISO 8601; set when it is added."""

    def __post_init__(self) -> None:
        texts = (self.uid, self.node or "", self.text or "", self.who, self.time)
        if not all(isinstance(text, str) for text in texts):
            raise ConfigError("uid, node, text, who and time of a mark are texts")
        if self.mark not in (None, *get_args(MarkKind)):
            raise ConfigError(f"a mark is keep, reject, edit or null, got {self.mark!r:.100}")
        if self.field is not None and (self.field not in _FIELDS or self.node is None):
            raise ConfigError(f"a field is one of {', '.join(sorted(_FIELDS))} of a node, got {self.field!r:.100}")
        if self.mark == "edit" and (self.field is None or self.text is None):
            raise ConfigError("an edit names a field, and the text that should stand there")


Place = tuple[str | None, TextField | None]


class Review:
    """The marks of one data set. May be used by several threads; other processes may append to the file at the same time."""

    def __init__(self, path: Path | None) -> None:
        """Read the marks that are there.

        path: None where there is no place for marks: they are then refused.

        Raises:
            DataSetError: the file is there but cannot be read.
        """
        self.path = path
        self.problems: list[str] = []
        """Lines that are no marks, the first 100."""
        self._last: dict[str, dict[Place, Mark]] = {}
        self._read_bytes = self._read_lines = 0
        self._lock = Lock()
        self._follow()

    def of(self, uid: str) -> list[Mark]:
        """Return what is said about a video, the last of each place."""
        with self._lock:
            self._follow()
            return [mark for mark in self._last.get(uid, {}).values() if mark.mark is not None]

    def count(self, uid: str) -> Counter[MarkKind]:
        """Return how many places of a video have each mark."""
        return Counter(mark.mark for mark in self.of(uid) if mark.mark is not None)

    def add(self, mark: Mark) -> None:
        """Append a mark to the file.

        Raises:
            DataSetError: there is no file for marks, or it cannot be written.
        """
        if self.path is None:
            raise DataSetError("marks are kept beside local data only: start with --review FILE to keep them there")
        written = {**asdict(mark), "time": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")}
        with self._lock:
            try:
                self._append(self.path, json.dumps(written).encode() + b"\n")
            except OSError as error:
                raise DataSetError(f"the mark was not kept: {self.path} cannot be written ({error.strerror}); start with --review FILE") from error
            self._follow()

    def _append(self, path: Path, line: bytes) -> None:
        """One write to a file opened for appending: lines of two processes do not mix."""
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        try:
            size = os.lseek(handle, 0, os.SEEK_END)
            if size and (os.lseek(handle, size - 1, os.SEEK_SET), os.read(handle, 1))[1] != b"\n":
                line = b"\n" + line  # what was cut off by a crash stays a line of its own
            os.write(handle, line)
            os.fsync(handle)
        finally:
            os.close(handle)

    def _follow(self) -> None:
        """Read what was appended since, by us or by others; from the start where the file became shorter."""
        try:
            size = self.path.stat().st_size if self.path else 0
            if size < self._read_bytes:
                self._last, self._read_bytes, self._read_lines = {}, 0, 0
            if self.path is None or size == self._read_bytes:
                return
            with self.path.open("rb") as file:
                file.seek(self._read_bytes)
                added = file.read()
        except FileNotFoundError:
            return
        except OSError as error:
            raise DataSetError(f"{self.path} cannot be read: {error}") from error
        whole = added[: added.rfind(b"\n") + 1]
        self._read_bytes += len(whole)
        for line in whole.splitlines():
            self._read_lines += 1
            self._read(line)

    def _read(self, line: bytes) -> None:
        try:
            value: dict[str, Any] = json.loads(line)
            mark = Mark(**{entry.name: value[entry.name] for entry in fields(Mark)})
        except (ValueError, KeyError, TypeError, RecursionError, ConfigError) as error:
            if line.strip() and len(self.problems) < _TOLD:
                self.problems.append(f"{self.path}, line {self._read_lines} is no mark and is left alone: {error!r:.200}")
            return
        self._last.setdefault(mark.uid, {})[mark.node, mark.field] = mark


def find_review_path(source: Source) -> Path | None:
    """Return where the marks of a data set are kept: beside it, under its name. None where it is not local.

    data.parquet: data.review.jsonl; folder/: folder/review.jsonl; several: beside the first.
    """
    first = source if isinstance(source, str | os.PathLike) else next(iter(source), "")
    location = os.fspath(first).removeprefix("file://")
    if "://" in location or "::" in location or not location:
        return None
    path = Path(location)
    return path / "review.jsonl" if path.is_dir() else path.with_name(f"{path.stem}.review.jsonl")
