"""How a run stands: per stage what is done, failed and left, and what a rerun would do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from action100m.run.config import make_stages
from action100m.run.figures.costs import read_costs
from action100m.run.ledger import Spent, read_held, read_spent
from action100m.run.spending.bill import Bill, make_bill
from action100m.run.spending.prices import Prices
from action100m.run.spending.rates import find_other_rates, find_rates
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
    spent: tuple[Spent, ...] = ()
    """What the models have read and written so far."""
    bill: Bill = Bill()
    """What that, and the hours of the stages, have cost."""

    @property
    def to_make(self) -> int:
        """Videos that a rerun would work on."""
        return self.videos - self.complete - self.left_alone


def status(run: str | Path, *, prices: Prices | None = None) -> RunStatus:
    """Return how the run in a folder stands under the settings it was last started with.

    prices: as for `plan`, added to those that the run was given.

    Raises:
        StoreError: there is no run.
    """
    store = RunStore(run)
    config = store.read_config()
    stages, spent = make_stages(config), read_spent(store.folder)
    prices = store.read_prices() | dict(prices or {})
    rates = find_rates(config, read_costs(), prices)
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
        spent=spent,
        bill=make_bill(spent, read_held(store.folder), (*rates, *find_other_rates(rates, prices))),
    )


def _stage_status(name: StageName, states: Sequence[Progress]) -> StageStatus:
    unmade = [state for state in states if name in state.missing]
    failed = Counter(state.failure.cause for state in unmade if state.failure is not None and state.failure.stage == name)
    blocked = sum(state.stopped and state.failure is not None and state.failure.stage != name for state in unmade)
    ahead = sum(not state.stopped for state in unmade)
    return StageStatus(name, len(states) - len(unmade), dict(failed), len(unmade) - failed.total() - blocked, blocked, ahead)
