"""Turn what a run has made into records, and those into a data set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from action100m.dataset.io import write_records
from action100m.dataset.rounds import Round, write_rounds
from action100m.errors import StoreError
from action100m.record import Record
from action100m.run.config import make_stages
from action100m.run.engine import make_record, stage_keys
from action100m.run.store import RunStore
from action100m.run.survey import Progress, survey
from action100m.stages.annotate import Annotated
from action100m.stages.base import Given, Stage


@dataclass
class _Tally:
    """Counts records as they pass."""

    videos: int = 0
    segments: int = 0
    annotated: int = 0
    valid: int = 0
    rounds: int = 0

    def count(self, records: Iterable[Record]) -> Iterator[Record]:
        for record in records:
            self.videos += 1
            self.segments += len(record.tree)
            self.annotated += sum(node.annotation is not None for node in record.tree.nodes)
            if record.provenance is not None:
                valid, rounds = record.provenance.valid_at_first
                self.valid, self.rounds = self.valid + valid, self.rounds + rounds
            yield record


@dataclass(frozen=True, slots=True)
class Packed:
    """What a data set was packed from."""

    path: str
    videos: int
    segments: int
    """Nodes of all trees; the paper counts those with an annotation."""
    annotated: int
    valid_at_first: tuple[int, int]
    """Replies that fitted the schema at the first try of their round, and rounds over all nodes."""
    left_out: tuple[str, ...]
    """Uids of videos that are not fully made; `status` says why."""


def pack(run: str | Path, out: str | Path, *, history: str | Path | None = None) -> Packed:
    """Write the data set of a run, in the published schema, sorted by uid. The same run gives the same bytes.

    history: a JSON-lines file for every reply of every round (`dataset.rounds`), of which the records hold the last answer only.

    Raises:
        DataSetError: a file cannot be written.
        StoreError: there is no run, or nothing in it is fully made.
    """
    store = RunStore(run)
    made, left_out = _divide(store)
    if not made:
        raise StoreError(f"{run} holds no video that is fully made; see: action100m status {run}")
    tally = _Tally()
    write_records(tally.count(_read_made(made, store)), str(out))
    if history is not None:
        write_rounds(_read_rounds(made, store), str(history))
    return Packed(str(out), tally.videos, tally.segments, tally.annotated, (tally.valid, tally.rounds), tuple(state.video.uid for state in left_out))


def run_records(run: str | Path) -> Iterator[Record]:
    """Yield the records of all videos that are fully made, sorted by uid.

    Raises:
        StoreError: there is no run, or an artifact in it is damaged.
    """
    store = RunStore(run)
    yield from _read_made(_divide(store)[0], store)


def run_locations(run: str | Path) -> dict[str, str]:
    """Return the path of each video of a run, by uid."""
    return {video.uid: video.location for video in RunStore(run).read_videos()}


def _divide(store: RunStore) -> tuple[list[Progress], list[Progress]]:
    states = survey(store.read_videos(), make_stages(store.read_config()), store)
    return [state for state in states if state.made], [state for state in states if not state.made]


def _read_made(made: Iterable[Progress], store: RunStore) -> Iterator[Record]:
    stages = make_stages(store.read_config())
    for state in made:
        yield _read_record(state, stages, store)


def _read_rounds(made: Iterable[Progress], store: RunStore) -> Iterator[Round]:
    stages = make_stages(store.read_config())
    for state in made:
        annotated = store.load(stages[-1], state.video, stage_keys(state.video, stages)[-1])
        assert isinstance(annotated, Annotated)
        for turn in annotated.history:
            yield Round(state.video.uid, turn.node, turn.round, turn.attempt, turn.text, turn.problem, turn.repaired)


def _read_record(state: Progress, stages: tuple[Stage, ...], store: RunStore) -> Record:
    given: Given = {}
    for stage, key in zip(stages, stage_keys(state.video, stages), strict=True):
        given[stage.name] = store.load(stage, state.video, key)
    return make_record(state.video, given, stages)
