"""Keeps the accounts of a run while it goes on: notes how long the stages work, and stops the run when its budget is used up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from action100m.run.executors.channel import Done, Step
from action100m.run.ledger import Spell, SqliteLedger
from action100m.run.ledger_reader import FreshSpending, Work
from action100m.run.spending.bill import Bill, add_hours, make_bill
from action100m.run.spending.budget import Budget
from action100m.run.spending.clock import Clock
from action100m.run.spending.rates import Rate, list_gpus
from action100m.stages.base import StageName

Keys = Mapping[str, Mapping[StageName, str]]
"""By uid and stage: the key of the artifact."""


class Accounts:
    """Told of every step. A run behind a URL has no ledger: then only hours of this call are known, and nothing is noted."""

    def __init__(self, ledger: SqliteLedger | None, rates: Sequence[Rate], budget: Budget, keys: Keys) -> None:
        self._ledger, self._rates, self._budget, self._keys = ledger, rates, budget, keys
        self._spending = None if ledger is None else FreshSpending(ledger.read())
        self._clock = Clock()

    def read(self) -> Bill:
        """Return what this call has cost up to now."""
        work = [Work("", stage, "", held, list_gpus(self._rates, stage)) for stage, held in self._clock.read().items()]
        return make_bill(self._spending.read() if self._spending else (), add_hours(work), self._rates)

    def tell(self, event: Step | Done) -> None:
        """Take note of a step. What is under way between two steps may still be sent.

        At the end of a stage the bounds are not looked at: the worker is not done with the video yet, and says so at once.

        Raises:
            BudgetReached: the budget is used up.
        """
        if ended := self._clock.tell(event):
            self._note(ended)
        if self._budget.is_set and not (event.kind == "step" and event.state == "finished"):
            self._budget.check(self.read())

    def end(self) -> None:
        """Note the work that was cut short, and close the ledger."""
        for spell in self._clock.stop():
            self._note(spell)
        if self._ledger is not None:
            self._ledger.close()

    def _note(self, spell: Spell) -> None:
        if self._ledger is not None:
            self._ledger.note_work(spell, key=self._keys[spell.video][spell.stage], gpus=list_gpus(self._rates, spell.stage))
