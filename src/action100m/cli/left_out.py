"""Records and files that a command could not read: each is told, the others go on, and the exit code says so."""

from __future__ import annotations

from typing import Final

import typer
from rich.console import Console

from action100m.errors import DataSetError

_SHOWN: Final = 20
"""Lines that are printed; the rest is counted."""


class LeftOut:
    """Tells of each error as it comes, on standard error. To be passed as `on_error`."""

    def __init__(self) -> None:
        self.count = 0
        self._console = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)

    def __call__(self, error: DataSetError) -> None:
        """Tell of one."""
        self.count += 1
        if self.count <= _SHOWN:
            self._console.print(f"left out: {error}")

    def exit(self) -> None:
        """End the command: exit code 1 when something was left out, else 0."""
        if self.count > _SHOWN:
            self._console.print(f"left out: {self.count - _SHOWN} more")
        raise typer.Exit(1 if self.count else 0)
