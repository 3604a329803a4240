"""Who is told how a run goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from action100m.run.executors.channel import Done, Step
from action100m.run.spending.bill import Bill
from action100m.stages.base import StageName


class Meter(Protocol):
    """Shows how a run goes. Entered when the work is known, told of every step, left at the end."""

    def begin(self, work: dict[StageName, int], read_bill: Callable[[], Bill]) -> None:
        """Take note of how many videos each stage has ahead, and of how to learn what this call has cost so far."""

    def tell(self, event: Step | Done) -> None:
        """Take note of one step."""

    def end(self) -> None:
        """Stop showing."""


class SilentMeter:
    """Shows nothing."""

    def begin(self, work: dict[StageName, int], read_bill: Callable[[], Bill]) -> None:
        """Take note of nothing."""

    def tell(self, event: Step | Done) -> None:
        """Take note of nothing."""

    def end(self) -> None:
        """Stop nothing."""
