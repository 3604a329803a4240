"""How a run shows its progress: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from action100m.cli.bill_table import describe_bill
from action100m.cli.console import console

if TYPE_CHECKING:
    from action100m.run.executors.channel import Done, Step
    from action100m.run.meter import Meter
    from action100m.run.spending.bill import Bill
    from action100m.stages.base import StageName

_LINE_EVERY = 5.0
"""Seconds between plain lines: enough to see life in a log, few enough to read it."""
_BILL_EVERY = 30.0
"""Seconds."""
_SLOW = 0.1
"""Videos a second; a slower rate is told by the minute."""


def make_meter() -> Meter:
    """Return bars for a terminal, else plain lines."""
    return BarMeter() if console.is_terminal else LineMeter()


class BarMeter:
    """One bar per stage, with rate and time left."""

    def begin(self, work: dict[StageName, int], read_bill: Callable[[], Bill]) -> None:
        """Draw the bars."""
        columns = (
            TextColumn("{task.description:9}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[done]}/{task.total:.0f}", markup=False),
            TextColumn("{task.fields[rate]}", markup=False),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[now]}", markup=False),
        )
        self._began = self._billed = time.monotonic()
        self._tally, self._read_bill = Tally(), read_bill
        self._progress = Progress(*columns, console=console)
        bar = partial(self._progress.add_task, done=0, rate="", now="")
        self._bars: dict[str, TaskID] = {name: bar(name, total=total) for name, total in work.items()}
        self._progress.start()

    def tell(self, event: Step | Done) -> None:
        """Move a bar."""
        self._tally.tell(event)
        if time.monotonic() - self._billed >= _BILL_EVERY and (bill := describe_bill(self._read_bill())):
            self._billed = time.monotonic()
            self._progress.print(bill)
        if event.kind == "step":
            self._redraw(event.stage, now="" if event.state == "finished" else event.uid)
        elif event.failure is not None:
            self._redraw(event.failure.stage, now="")
            self._progress.print(f"failed  {event.failure.stage}  {event.failure.cause}  {event.failure.message}")

    def _redraw(self, stage: str, *, now: str) -> None:
        if stage not in self._bars:
            return
        reached = self._tally.reached(stage)
        rate = reached / (time.monotonic() - self._began)
        per = f"{rate:.2f}/s" if rate >= _SLOW else f"{60 * rate:.2f}/min"
        self._progress.update(self._bars[stage], completed=reached, done=self._tally.done[stage], rate=per, now=now)

    def end(self) -> None:
        """Leave the bars as they are."""
        self._progress.stop()
        if bill := describe_bill(self._read_bill()):
            console.print(bill)


class LineMeter:
    """A line now and then, and one for each failure."""

    def begin(self, work: dict[StageName, int], read_bill: Callable[[], Bill]) -> None:
        """Say what is ahead."""
        self._work, self._tally, self._read_bill, self._failed = work, Tally(), read_bill, 0
        self._began = self._told = time.monotonic()
        console.print("to do: " + ", ".join(f"{name} {count}" for name, count in work.items()))

    def tell(self, event: Step | Done) -> None:
        """Count, and say so when it is time."""
        self._tally.tell(event)
        if event.kind == "done" and event.failure is not None:
            self._failed += not event.failure.partial
            console.print(f"failed  {event.failure.stage}  {event.failure.cause}  {event.failure.message}")
        if time.monotonic() - self._told >= _LINE_EVERY:
            self._say()

    def end(self) -> None:
        """Say how it ended."""
        self._say()

    def _say(self) -> None:
        self._told = time.monotonic()
        passed = self._told - self._began
        stages = ", ".join(f"{name} {self._tally.describe(name)}/{total}" for name, total in self._work.items())
        last = list(self._work)[-1]
        rate = self._tally.done[last] / passed if passed else 0.0
        left = f", about {(self._work[last] - self._tally.done[last] - self._failed) / rate:.0f} s left" if rate else ""
        bill = describe_bill(self._read_bill())
        console.print(f"{stages}; {self._failed} failed; {passed:.0f} s{left}" + (f"; {bill}" if bill else ""))


class Tally:
    """How far each stage is: videos done, and the shares done of those under way."""

    def __init__(self) -> None:
        self.done = Counter[str]()
        self._under_way: dict[str, tuple[str, float]] = {}

    def tell(self, event: Step | Done) -> None:
        """Take note of one step."""
        if event.kind == "done":
            self._under_way.pop(event.uid, None)
        elif event.state == "finished":
            self.done[event.stage] += 1
            self._under_way.pop(event.uid, None)
        else:
            self._under_way[event.uid] = event.stage, event.share

    def reached(self, stage: str) -> float:
        """Return the videos done, in parts of videos too."""
        return self.done[stage] + sum(share for at, share in self._under_way.values() if at == stage)

    def describe(self, stage: str) -> str:
        """Such as "3", or "3.4" when another video is under way."""
        tenths = math.floor(10 * (self.reached(stage) - self.done[stage]))  # never rounded up to done
        return f"{self.done[stage] + tenths / 10:.1f}" if tenths else str(self.done[stage])
