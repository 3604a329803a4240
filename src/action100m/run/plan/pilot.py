"""What a small run tells of a larger one of the same settings: for each of its videos, how much there was to do and how long it took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from action100m.errors import ConfigError
from action100m.run.config import RunConfig, make_stages
from action100m.run.engine import stage_keys
from action100m.run.figures.costs import Price
from action100m.run.figures.estimate import Estimate
from action100m.run.ledger import Spent, SqliteLedger, open_ledger
from action100m.run.store import RunStore
from action100m.run.survey import survey
from action100m.stages.base import Stage, StageName
from action100m.stages.caption_plan import count_captions
from action100m.stages.windows import count_windows
from action100m.video.video import Video


@dataclass(frozen=True, slots=True)
class Trial:
    """One video of a pilot."""

    seconds: float
    samples: int
    width: int
    """Numbers in a vector."""
    windows: int
    nodes: int
    segments: int
    """Nodes that the chat model was asked about."""
    requests: Mapping[StageName, int]
    """Asked for one after the other by what was made; those to models that cost something stand in `spent`, with all that went wrong."""
    spent: tuple[Spent, ...]
    held: Mapping[StageName, float]
    """Seconds of the stage's device, or of this machine."""
    disk: Mapping[StageName, float]
    """Bytes, the ledger's share included."""


@dataclass(frozen=True, slots=True)
class Pilot:
    """A small run whose videos stand for those of a larger one."""

    place: str
    config: RunConfig
    prices: dict[str, Price | Estimate]
    """Those given to the run."""
    trials: tuple[Trial, ...]

    def refuse_other_settings(self, config: RunConfig) -> None:
        """Check that what is planned is what was tried. Addresses and batches may differ.

        Raises:
            ConfigError: it is not; the message names the stage.
        """
        if config == self.config:
            return
        for tried, planned in zip(make_stages(self.config), make_stages(config), strict=True):
            if tried.settings != planned.settings:
                raise ConfigError(
                    f"the pilot {self.place} was run with other settings of stage {tried.name}; leave out --preset and --config for its own, "
                    "or run another pilot"
                )


def read_pilot(run: str | Path) -> Pilot:
    """Return what a run tells by its finished videos.

    Raises:
        StoreError: there is no run.
        ConfigError: it holds no finished video, or does not tell how long the stages took, or several settings are mixed in it.
    """
    store = RunStore(run)
    config = store.read_config()
    stages, ledger = make_stages(config), open_ledger(store.folder)
    if ledger is None or store.folder is None:
        raise ConfigError(f"a pilot needs the ledger of a run on this machine; {run} is behind a URL")
    with closing(ledger):
        made = [state.video for state in survey(store.read_videos(), stages, store) if state.made]
        if not made:
            raise ConfigError(f"the pilot {run} holds no finished video; make one with: action100m run VIDEOS --limit 5 --out {run}")
        size = sum(path.stat().st_size for path in store.folder.glob("ledger.sqlite*")) / max(ledger.last_id(), 1)
        return Pilot(str(run), config, store.read_prices(), tuple(_read_trial(video, stages, store, ledger, bytes_per_reply=size) for video in made))


def _read_trial(video: Video, stages: Sequence[Stage], store: RunStore, ledger: SqliteLedger, *, bytes_per_reply: float) -> Trial:
    keys = dict(zip((stage.name for stage in stages), stage_keys(video, stages), strict=True))
    embedded: Any = store.load(stages[0], video, keys["embed"])
    annotated: Any = store.load(stages[-1], video, keys["annotate"])
    spent = tuple(ledger.spent(video=video.uid))
    disk = {stage.name: float(store.size(stage, video, keys[stage.name])) for stage in stages}
    for one in spent:
        disk[one.purpose] += one.requests * bytes_per_reply
    settings = stages[0].settings["config"]
    windows = count_windows(len(embedded.seconds), window=settings["window"], stride=settings["stride"])
    return Trial(
        seconds=float(embedded.embeddings.edges[-1] - embedded.embeddings.edges[0]),
        samples=len(embedded.seconds),
        width=embedded.embeddings.vectors.shape[1],
        windows=windows,
        nodes=len(annotated.tree),
        segments=len({turn.node for turn in annotated.history}),
        requests={"embed": windows, "caption": count_captions(annotated.tree), "annotate": len(annotated.history)},
        spent=spent,
        held={name: _read_held(video, name, key, store, ledger) for name, key in keys.items()},
        disk=disk,
    )


def _read_held(video: Video, stage: StageName, key: str, store: RunStore, ledger: SqliteLedger) -> float:
    held = ledger.held_for(video.uid, stage)
    if set(held) != {key}:
        known = "the ledger does not tell how long it took" if key not in held else "it was made with several settings"
        raise ConfigError(f"{store.url} cannot be a pilot: of stage {stage} of {video.uid}, {known}. Make one in a folder of its own")
    return held[key]
