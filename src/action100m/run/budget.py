"""Stop a run when its models have read and written as many tokens as they may."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from action100m.run.executors.channel import Done, Step
from action100m.run.ledger import Spent
from action100m.run.meter import Meter
from action100m.stages.base import StageName


class BudgetReached(Exception):  # noqa: N818 - no error: the run was told to stop here
    """The tokens are used up. Every reply so far is in the ledger, so that the next run goes on from here."""


class Budget:
    """A meter that passes on what it is told, and raises `BudgetReached` when the tokens are used up.

    It looks at every step of a video; what is under way between two steps may still be sent.
    """

    def __init__(self, meter: Meter, max_tokens: int) -> None:
        self._meter = meter
        self._max_tokens = max_tokens

    def begin(self, work: dict[StageName, int], read_spent: Callable[[], Sequence[Spent]]) -> None:
        """Take note of what was spent before."""
        self._read_spent = read_spent
        self._before = _count_tokens(read_spent())
        self._meter.begin(work, read_spent)

    def tell(self, event: Step | Done) -> None:
        """Pass a step on.

        Raises:
            BudgetReached: the tokens are used up.
        """
        self._meter.tell(event)
        used = _count_tokens(self._read_spent()) - self._before
        if used >= self._max_tokens:
            raise BudgetReached(f"the models have read and written {used:,} tokens, and may {self._max_tokens:,}")

    def end(self) -> None:
        """Pass it on."""
        self._meter.end()


def _count_tokens(spent: Sequence[Spent]) -> int:
    return sum(one.usage.input + one.usage.output for one in spent)
