"""How far each video of a run is, under given settings: what a rerun and the command `status` both start from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from action100m.run.engine import stage_keys
from action100m.run.store import Failure, RunStore
from action100m.stages.base import Stage, StageName
from action100m.video.video import Video


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one video is."""

    video: Video
    missing: tuple[StageName, ...]
    """Stages whose artifact is not there, in order."""
    keys: tuple[str, ...]
    """Of its artifacts, in the order of the stages."""
    failure: Failure | None
    """Why it stopped under these very settings, or which annotations it lacks."""

    @property
    def made(self) -> bool:
        """Whether its record can be packed."""
        return not self.missing

    @property
    def stopped(self) -> bool:
        """Whether a rerun leaves it alone: it failed in a way that only a changed file, other settings or an explicit retry can cure."""
        return bool(self.missing) and self.failure is not None and not self.failure.retryable and not self.failure.partial


def survey(videos: Iterable[Video], stages: Sequence[Stage], store: RunStore) -> list[Progress]:
    """Return the progress of each video, in order. Lists the store once, however many videos there are."""
    names = store.artifacts()
    failures = {failure.uid: failure for failure in store.read_failures()}
    return [_progress(video, stages, store, names, failures.get(video.uid)) for video in videos]


def _progress(video: Video, stages: Sequence[Stage], store: RunStore, names: frozenset[str], failure: Failure | None) -> Progress:
    keys = stage_keys(video, stages)
    missing = tuple(stage.name for stage, key in zip(stages, keys, strict=True) if store.name(stage, video, key) not in names)
    current = failure if failure is not None and failure.key in keys and (missing or failure.partial) else None
    return Progress(video, missing, tuple(keys), current)
