"""Annotate many videos, keeping everything that is made: the same call again goes on where the last one stopped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from action100m.errors import ConfigError, ModelError
from action100m.run.config import RunConfig, make_stages
from action100m.run.executors.channel import Done, Step, Task
from action100m.run.executors.local import run_local
from action100m.run.figures.costs import read_costs
from action100m.run.intake import Intake, take_in
from action100m.run.ledger import open_ledger
from action100m.run.ledger_reader import read_ledger
from action100m.run.meter import Meter, SilentMeter
from action100m.run.spending.accounts import Accounts
from action100m.run.spending.bill import name_models
from action100m.run.spending.budget import Budget, BudgetReached
from action100m.run.spending.prices import GivenPrices, Prices, add_prices, refuse_unknown_names
from action100m.run.spending.rates import Rate, find_rates, finds_gpu
from action100m.run.store import Failure, RunStore
from action100m.run.survey import Progress, survey
from action100m.stages.base import Stage, StageName

Retry = Literal["failed"]


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a run came to. made + failures of stage "discover" + other failures that are not partial = files found, duplicates aside."""

    found: int
    made: int
    """Videos whose record can be packed, those made before included."""
    fresh: int
    """Videos worked on now."""
    failures: tuple[Failure, ...]
    """All that stands in the way, from now and from before."""
    duplicates: tuple[tuple[str, str], ...]
    """(path, path of the file with the same content)."""
    stopped: str | None = None
    """Why the run stopped before its end: its budget was used up. The same call goes on from there."""


def run_videos(
    videos: Sequence[str | Path],
    out: str | Path,
    config: RunConfig | None = None,
    *,
    limit: int | None = None,
    workers: int = 1,
    retry: Retry | None = None,
    max_tokens: int | None = None,
    max_cost: float | None = None,
    max_gpu_hours: float | None = None,
    prices: GivenPrices | None = None,
    meter: Meter | None = None,
) -> RunSummary:
    """Annotate videos (files, folders, manifests) and keep what is made in the folder or URL `out`.

    videos: empty means all that the run has met before. config: None means the settings of the run that is there, else the preset `preview`.
    limit: only the first files found. workers: processes. retry="failed": redo only what failed, also what no rerun would try by itself.
    max_tokens, max_cost, max_gpu_hours: stop when the models have read and written so many tokens, cost so much, or held GPUs of one's own for so
    many hours in this call; replies remembered from before cost nothing. Money is tokens at their price for hosted models, hours of the device for
    the others: one hour for each hour in which at least one video is in the model's stage, for each address of its server.
    prices: as for `plan`, added to those that the run was given before; None for a name forgets what was given for it.

    Raises:
        ConfigError: settings that do not fit together, a price for a model that the run does not have, or none for one and max_cost needs it.
        ModelError: a model cannot be loaded; no video was touched.
        StoreError: `out` is something else than a run.
    """
    if workers < 1 or (limit is not None and limit < 1):
        raise ConfigError(f"workers and limit must be at least 1, got {workers} and {limit}")
    store, budget = RunStore(out), Budget(max_tokens, max_cost, max_gpu_hours)
    if budget.is_set and store.folder is None:
        raise ConfigError(f"max_tokens, max_cost and max_gpu_hours need the ledger of a run on this machine; {out} is behind a URL")
    earlier = store.read_config() if store.exists() else None
    config = config or earlier or RunConfig()
    given, prices = prices, _take_prices(store, config, prices)
    find = partial(find_rates, config, read_costs(), prices)
    if max_cost is not None:
        budget.refuse_unknown_prices(find(has_gpu=finds_gpu(config)))
    intake = take_in([str(video) for video in videos], store, limit=limit)
    stages = make_stages(config)
    todo = [state for state in survey(intake.videos, stages, store) if _has_work(state, retry)]
    store.open(config)
    if given:
        store.write_prices(prices)
    rates = find(has_gpu=bool(todo) and finds_gpu(config))  # which takes seconds
    stopped = None
    try:
        _execute(todo, stages, store, rates, budget, workers=workers, meter=meter or SilentMeter())
    except BudgetReached as reached:
        stopped = str(reached)
    except ModelError:
        store.open(earlier or config)  # settings that cannot be run must not hide what the run has made
        raise
    return _summarize(intake, survey(intake.videos, stages, store), fresh=len(todo), retry=retry, stopped=stopped)


def _summarize(intake: Intake, states: Sequence[Progress], *, fresh: int, retry: Retry | None, stopped: str | None) -> RunSummary:
    return RunSummary(
        found=len(intake.videos) + len(intake.failures) + len(intake.duplicates),
        made=sum(state.made for state in states),
        fresh=fresh,
        failures=(*intake.failures, *(state.failure for state in states if state.failure is not None)),
        duplicates=intake.duplicates,
        stopped=stopped if any(_has_work(state, retry) for state in states) else None,  # what was bought last may have been the last thing to buy
    )


def _take_prices(store: RunStore, config: RunConfig, given: GivenPrices | None) -> Prices:
    """Return the prices of before with those given now."""
    kept = store.read_prices()
    prices = add_prices(kept, given)
    with closing(read_ledger(store.folder)) as ledger:
        refuse_unknown_names(given, kept, find_known=lambda: name_models(find_rates(config, read_costs(), prices), ledger))
    return prices


def _has_work(state: Progress, retry: Retry | None) -> bool:
    if retry == "failed":
        return state.failure is not None
    return not state.made and not state.stopped


def _execute(
    todo: Sequence[Progress], stages: tuple[Stage, ...], store: RunStore, rates: Sequence[Rate], budget: Budget, *, workers: int, meter: Meter
) -> None:
    if not todo:
        return
    ahead = Counter(name for state in todo for name in _stages_ahead(state))
    work = {stage.name: ahead[stage.name] for stage in stages if ahead[stage.name]}
    tasks = [Task(state.video, redo_gaps=state.made) for state in todo]
    names = [stage.name for stage in stages]
    keys = {state.video.uid: dict(zip(names, state.keys, strict=True)) for state in todo}

    def report(event: Step | Done) -> None:
        meter.tell(event)
        accounts.tell(event)

    accounts = Accounts(open_ledger(store.folder), rates, budget, keys)
    meter.begin(work, accounts.read)
    try:
        run_local(tasks, stages, list(work), store, workers=workers, report=report)
    finally:
        meter.end()
        accounts.end()


def _stages_ahead(state: Progress) -> tuple[StageName, ...]:
    return state.missing or ("annotate",)  # a made video is only here to have its gaps asked for once more
