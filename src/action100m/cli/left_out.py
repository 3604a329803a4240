"""Records and files that a command could not read: each is told, the others go on, and the exit code says so."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import typer
from rich.console import Console

from action100m.cli.console import SHOWN
from action100m.errors import DataSetError
from action100m.text import one_line


class LeftOut:
    """Tells of each error as it comes, on standard error. To be passed as `on_error`."""

    def __init__(self) -> None:
        self.count = 0
        self._console = Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)

    def __call__(self, error: DataSetError) -> None:
        """Tell of one."""
        self.count += 1
        if self.count <= SHOWN:
            self._console.print(f"left out: {one_line(str(error))}")

    def tell(self, messages: Iterable[str], count: int) -> None:
        """Tell of those that a report names, and count all that it counts."""
        for message in islice(messages, max(SHOWN - self.count, 0)):
            self._console.print(f"left out: {one_line(message)}")
        self.count += count

    def exit(self) -> None:
        """End the command: exit code 1 when something was left out, else 0."""
        if self.count > SHOWN:
            self._console.print(f"left out: {self.count - SHOWN} more")
        raise typer.Exit(1 if self.count else 0)
