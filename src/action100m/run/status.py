"""How a run stands: per stage what is done, failed and left, and what a rerun would do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from action100m.run.config import RunConfig, make_stages
from action100m.run.figures.costs import read_costs
from action100m.run.ledger_reader import read_ledger
from action100m.run.spending.bill import Bill, add_hours, make_bill, name_models
from action100m.run.spending.prices import GivenPrices, add_prices, refuse_unknown_names
from action100m.run.spending.rates import find_rates
from action100m.run.store import Failure, RunStore
from action100m.run.survey import Progress, survey
from action100m.stages.base import StageName


@dataclass(frozen=True, slots=True)
class StageStatus:
    """Where the videos are with respect to one stage: the four counts add up to all videos of the run."""

    name: StageName
    done: int
    failed: Mapping[str, int]
    """Cause -> videos that failed in this stage."""
    left: int
    """To be made by a rerun."""
    blocked: int
    """Not reached, because an earlier stage failed for good."""
    ahead: int
    """What a rerun would make in this stage: those left, and failures that it tries again."""


@dataclass(frozen=True, slots=True)
class RunStatus:
    """How a run stands."""

    videos: int
    stages: tuple[StageStatus, ...]
    rejected: tuple[Failure, ...]
    """Files that could not be taken in at all."""
    failures: tuple[Failure, ...]
    """Videos that stopped in a stage, or whose annotations have gaps that a retry may fill."""
    complete: int
    """Videos that can be packed."""
    to_retry: int
    """Failures that a rerun tries again by itself."""
    left_alone: int
    """Failures that only `--retry failed` tries again."""
    bill: Bill = Bill()
    """What its models have cost so far."""

    @property
    def to_make(self) -> int:
        """Videos that a rerun would work on."""
        return self.videos - self.complete - self.left_alone


def status(run: str | Path, *, prices: GivenPrices | None = None) -> RunStatus:
    """Return how the run in a folder stands under the settings it was last started with. Nothing is written.

    prices: as for `plan`, added to those that the run was given.

    Raises:
        ConfigError: a price is for a model that the run does not have.
        StoreError: there is no run, or a file of it is damaged.
    """
    store = RunStore(run)
    config = store.read_config()
    stages = make_stages(config)
    states = survey(store.read_videos(), stages, store)
    failures = tuple(state.failure for state in states if state.failure is not None)
    return RunStatus(
        videos=len(states),
        stages=tuple(_stage_status(stage.name, states) for stage in stages),
        rejected=tuple(failure for failure in store.read_failures() if failure.uid is None),
        failures=failures,
        complete=sum(state.made for state in states),
        to_retry=sum(not state.made and not state.stopped and state.failure is not None for state in states),
        left_alone=sum(state.stopped for state in states),
        bill=_read_bill(store, config, states, prices),
    )


def _read_bill(store: RunStore, config: RunConfig, states: Sequence[Progress], given: GivenPrices | None) -> Bill:
    kept, keys = store.read_prices(), {key for state in states for key in state.keys}
    prices = add_prices(kept, given)
    rates = find_rates(config, read_costs(), prices)
    with closing(read_ledger(store.folder)) as ledger:
        refuse_unknown_names(given, kept, find_known=lambda: name_models(rates, ledger))
        spent, work = tuple(ledger.spent()), tuple(ledger.work())
    now, earlier = (add_hours(one for one in work if (one.key in keys) is is_now) for is_now in (True, False))
    return make_bill(spent, now, rates, earlier=earlier, prices=prices)


def _stage_status(name: StageName, states: Sequence[Progress]) -> StageStatus:
    unmade = [state for state in states if name in state.missing]
    failed = Counter(state.failure.cause for state in unmade if state.failure is not None and state.failure.stage == name)
    blocked = sum(state.stopped and state.failure is not None and state.failure.stage != name for state in unmade)
    ahead = sum(not state.stopped for state in unmade)
    return StageStatus(name, len(states) - len(unmade), dict(failed), len(unmade) - failed.total() - blocked, blocked, ahead)
