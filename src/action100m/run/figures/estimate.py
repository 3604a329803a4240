"""A figure that is not known exactly: the interval that it lies in.

Sums and products take the worst case on both sides, as if all that is unsure went wrong together. So an interval is never too narrow because parts
of it were taken as independent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from action100m.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure of 0 or more, of which the lowest and the highest plausible value are known."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high:
            raise ConfigError(f"an estimate needs 0 <= low <= high, got {self.low} and {self.high}")

    @classmethod
    def exactly(cls, value: float) -> Self:
        """Return a figure that is known."""
        return cls(value, value)

    def __add__(self, other: Estimate) -> Estimate:
        return Estimate(self.low + other.low, self.high + other.high)

    def __mul__(self, other: Estimate | float) -> Estimate:
        by = other if isinstance(other, Estimate) else Estimate.exactly(other)
        return Estimate(self.low * by.low, self.high * by.high)

    __rmul__ = __mul__

    def __truediv__(self, other: Estimate | float) -> Estimate:
        by = other if isinstance(other, Estimate) else Estimate.exactly(other)
        return Estimate(self.low / by.high, self.high / by.low)

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def at_most(self, value: float) -> Estimate:
        """Return the part of the interval below a bound."""
        return Estimate(min(self.low, value), min(self.high, value))


def add_up(estimates: Iterable[Estimate]) -> Estimate:
    """Return the sum; of none, 0."""
    return sum(estimates, start=ZERO)


ZERO = Estimate.exactly(0)
