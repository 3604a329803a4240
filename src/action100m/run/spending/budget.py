"""What a run may cost at most, in tokens, money or hours of GPUs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from action100m.errors import ConfigError
from action100m.run.spending.bill import Bill
from action100m.run.spending.rates import Rate


class BudgetReached(Exception):  # noqa: N818 - no error: the run was told to stop here
    """The budget is used up. Every reply so far is in the ledger, so that the next run goes on from here."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Upper bounds for one call; None is none."""

    max_tokens: int | None = None
    """Read and written."""
    max_cost: float | None = None
    """In what the prices are in. Where a price is an interval, its high end counts."""
    max_gpu_hours: float | None = None
    """Of devices of one's own, as `rates` counts them."""

    def __post_init__(self) -> None:
        if self.max_tokens is not None and self.max_tokens < 1:
            raise ConfigError(f"max_tokens must be at least 1, got {self.max_tokens}")
        for name in ("max_cost", "max_gpu_hours"):
            if (value := getattr(self, name)) is not None and not value > 0:
                raise ConfigError(f"{name} must be > 0, got {value}")

    @property
    def is_set(self) -> bool:
        """Whether there is any bound."""
        return (self.max_tokens, self.max_cost, self.max_gpu_hours) != (None, None, None)

    def refuse_unknown_prices(self, rates: Sequence[Rate]) -> None:
        """Check that the bound can be kept.

        Raises:
            ConfigError: what a model costs is not known.
        """
        unknown = [str(rate.cure) for rate in rates if rate.lacks_price]
        if self.max_cost is not None and unknown:
            raise ConfigError(f"max_cost needs the price of every model; give {', '.join(unknown)}")

    def check(self, bill: Bill) -> None:
        """Check what was spent.

        Raises:
            BudgetReached: a bound is reached.
        """
        if self.max_tokens is not None and bill.tokens >= self.max_tokens:
            raise BudgetReached(f"the models have read and written {bill.tokens:,} tokens, and may {self.max_tokens:,}")
        if self.max_cost is not None and bill.money.high >= self.max_cost:
            raise BudgetReached(f"the models have cost {bill.money.high:,.4g}, and may {self.max_cost:,.4g}")
        if self.max_gpu_hours is not None and bill.gpu_hours >= self.max_gpu_hours:
            raise BudgetReached(f"the models have held GPUs for {bill.gpu_hours:,.4g} hours, and may {self.max_gpu_hours:,.4g}")
