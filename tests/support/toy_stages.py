"""Stages that do next to nothing, for tests of what drives them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from action100m.models.ledger import Ledger
from action100m.stages.base import Facet, Given, ProgressCallback, StageName, ignore_progress
from action100m.video.video import Video


@dataclass(frozen=True)
class Text:
    """An artifact of one line."""

    suffix: ClassVar[str] = "txt"

    line: str
    failed: tuple[Any, ...] = ()

    def to_bytes(self) -> bytes:
        return self.line.encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        if data.startswith(b"\0"):
            raise ValueError("zeros")
        return cls(data.decode())


@dataclass
class ToyStage:
    """Writes down what it was given, counts its calls, and fails on the uids it is told to."""

    name: StageName
    settings: dict[str, Any] = field(default_factory=dict)
    reads: frozenset[Facet] = frozenset({"pixels"})
    error: Exception | None = None
    fails_on: frozenset[str] = frozenset()
    calls: Counter[str] = field(default_factory=Counter)

    artifact: ClassVar[type[Text]] = Text

    def setup(self, ledger: Ledger | None = None) -> None:
        """Load nothing."""

    def __call__(self, video: Video, given: Given, on_progress: ProgressCallback = ignore_progress) -> Text:
        self.calls[video.uid] += 1
        if self.error is not None and video.uid in self.fails_on:
            raise self.error
        on_progress(0.5)
        return Text(f"{self.name} of {video.uid} from {sorted(given)}")


def toy_stages(**settings: dict[str, Any]) -> tuple[ToyStage, ...]:
    """Return the four stages; settings by stage name."""
    reads: dict[StageName, frozenset[Facet]] = {
        "embed": frozenset({"pixels"}),
        "segment": frozenset({"uid"}),
        "caption": frozenset({"pixels", "transcript"}),
        "annotate": frozenset({"metadata"}),
    }
    return tuple(ToyStage(name, settings.get(name, {}), facets) for name, facets in reads.items())
