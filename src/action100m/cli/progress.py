"""How a run shows its progress: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from action100m.cli.console import console

if TYPE_CHECKING:
    from action100m.run.executors.channel import Done, Step
    from action100m.run.run import Meter
    from action100m.stages.base import StageName

_LINE_EVERY = 5.0
"""Seconds between plain lines: enough to see life in a log, few enough to read it."""


def make_meter() -> Meter:
    """Return bars for a terminal, else plain lines."""
    return BarMeter() if console.is_terminal else LineMeter()


class BarMeter:
    """One bar per stage, with rate and time left."""

    def begin(self, work: dict[StageName, int]) -> None:
        """Draw the bars."""
        columns = (
            TextColumn("{task.description:9}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}", markup=False),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[now]}", markup=False),
        )
        self._began = time.monotonic()
        self._progress = Progress(*columns, console=console)
        self._bars: dict[StageName, TaskID] = {name: self._progress.add_task(name, total=total, rate="", now="") for name, total in work.items()}
        self._progress.start()

    def tell(self, event: Step | Done) -> None:
        """Move a bar."""
        if event.kind == "done":
            if event.failure is not None:
                self._progress.print(f"failed  {event.failure.stage}  {event.failure.cause}  {event.failure.message}")
        elif event.stage in self._bars:
            bar = self._bars[event.stage]
            if event.state == "started":
                self._progress.update(bar, now=event.uid)
            else:
                self._progress.advance(bar)
                done = self._progress.tasks[bar].completed
                self._progress.update(bar, now="", rate=f"{done / (time.monotonic() - self._began):.2f}/s")

    def end(self) -> None:
        """Leave the bars as they are."""
        self._progress.stop()


class LineMeter:
    """A line now and then, and one for each failure."""

    def begin(self, work: dict[StageName, int]) -> None:
        """Say what is ahead."""
        self._work, self._done, self._failed = work, Counter[str](), 0
        self._began = self._told = time.monotonic()
        console.print("to do: " + ", ".join(f"{name} {count}" for name, count in work.items()))

    def tell(self, event: Step | Done) -> None:
        """Count, and say so when it is time."""
        if event.kind == "step":
            self._done[event.stage] += event.state == "finished"
        elif event.failure is not None:
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
        stages = ", ".join(f"{name} {self._done[name]}/{total}" for name, total in self._work.items())
        last = list(self._work)[-1]
        rate = self._done[last] / passed if passed else 0.0
        left = f", about {(self._work[last] - self._done[last] - self._failed) / rate:.0f} s left" if rate else ""
        console.print(f"{stages}; {self._failed} failed; {passed:.0f} s{left}")
