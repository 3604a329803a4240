"""What an export came to: counted while it goes, told when it ends."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from action100m.dataset.capped import Capped
from action100m.errors import Action100MError


@dataclass(frozen=True, slots=True)
class ExportFailure:
    """A record, video or segment that was left out, and why."""

    uid: str | None
    """None for a record that could not be read."""
    node: str | None
    """None for the whole video."""
    cause: str
    """Class of the error, one of `action100m.errors`."""
    message: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was written, and what was left out."""

    videos: int
    """With at least one segment written."""
    segments: int
    files: tuple[str, ...]
    """Paths, in the order they were finished; those that an earlier call had finished come first."""
    failures: tuple[ExportFailure, ...]
    """The first 1,000 of `failure_count`."""
    failure_count: int
    damaged: tuple[str, ...]
    """Of videos whose clips were cut: what does not decode in them, in words. The first 1,000 of `damaged_count`."""
    damaged_count: int

    @property
    def ok(self) -> bool:
        """Whether nothing was left out."""
        return not self.failures

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)


@dataclass(slots=True)
class Tally:
    """The count of an export that is going on."""

    videos: int = 0
    segments: int = 0
    failures: Capped[ExportFailure] = field(default_factory=Capped)
    damaged: Capped[str] = field(default_factory=Capped)

    def add(self, segments: int) -> None:
        """Count a video that was written with so many segments."""
        self.videos += segments > 0
        self.segments += segments

    def fail(self, error: Action100MError, *, uid: str | None = None, node: str | None = None) -> None:
        """Count what is left out."""
        self.failures.add(ExportFailure(uid, node, type(error).__name__, str(error), error.retryable))

    def report(self, files: list[str]) -> ExportReport:
        """Return what it came to."""
        failures, damaged = self.failures, self.damaged
        told = (tuple(failures.first), failures.count, tuple(damaged.first), damaged.count)
        return ExportReport(self.videos, self.segments, tuple(files), *told)
