"""What a small run tells of a larger one of the same settings: for each of its videos, how much there was to do and how long it took."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from action100m.errors import ConfigError
from action100m.run.config import RunConfig, make_stages
from action100m.run.figures.costs import Price
from action100m.run.figures.estimate import Estimate
from action100m.run.ledger_reader import LEDGER_FILE, Gpus, LedgerReader, Spent, Work, read_ledger
from action100m.run.spending.bill import GpuHours, add_hours
from action100m.run.store import RunStore
from action100m.run.survey import Progress, survey
from action100m.stages.base import Stage, StageName
from action100m.stages.caption_plan import count_captions
from action100m.stages.windows import count_windows


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
    gpu_hours: GpuHours
    gpus: Mapping[tuple[StageName, str], Gpus]
    """What each model ran on, by stage and label of its `Rate`; if on several in turn, the most."""
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
        """Check that what is planned is what was tried. Addresses, devices and batches may differ, which `plan_by_pilot` tells.

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
    stages = make_stages(config)
    if store.folder is None:
        raise ConfigError(f"a pilot needs the ledger of a run on this machine; {run} is behind a URL")
    states = [state for state in survey(store.read_videos(), stages, store) if state.made]
    if not states:
        raise ConfigError(f"the pilot {run} holds no finished video; make one with: action100m run VIDEOS --limit 5 --out {run}")
    with closing(read_ledger(store.folder)) as ledger:
        size = sum(path.stat().st_size for path in store.folder.glob(f"{LEDGER_FILE}*")) / max(ledger.last_id(), 1)
        work = defaultdict[str, list[Work]](list)
        for one in ledger.work():
            work[one.video].append(one)
        trials = tuple(_read_trial(state, stages, store, ledger, work[state.video.uid], bytes_per_reply=size) for state in states)
    return Pilot(str(run), config, store.read_prices(), trials)


def _read_trial(
    state: Progress, stages: Sequence[Stage], store: RunStore, ledger: LedgerReader, work: Sequence[Work], *, bytes_per_reply: float
) -> Trial:
    video, keys = state.video, dict(zip((stage.name for stage in stages), state.keys, strict=True))
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
        held={name: _sum_held(work, name, key, f"{store.url} cannot be a pilot: of stage {name} of {video.uid}") for name, key in keys.items()},
        gpu_hours=add_hours(work),
        gpus=_list_gpus(work),
        disk=disk,
    )


def _sum_held(work: Sequence[Work], stage: StageName, key: str, refusal: str) -> float:
    made = {one.key for one in work if one.stage == stage}
    if made != {key}:
        known = "it was made with several settings" if key in made else "the ledger does not tell how long it took"
        raise ConfigError(f"{refusal}, {known}. Make one in a folder of its own")
    return sum(one.held for one in work if one.stage == stage)


def _list_gpus(work: Sequence[Work]) -> dict[tuple[StageName, str], Gpus]:
    seen = [((one.stage, label), gpus) for one in work for label, gpus in one.gpus.items()]
    return {place: max((gpus for at, gpus in seen if at == place), key=lambda gpus: gpus.count) for place, _ in seen}
