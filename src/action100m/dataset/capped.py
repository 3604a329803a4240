"""What a report names of all that went wrong: a data set that is wrong throughout would fill the memory."""

from __future__ import annotations

from typing import Final, Generic, TypeVar

_KEPT: Final = 1_000

Value = TypeVar("Value")


class Capped(Generic[Value]):
    """A list of the first 1,000 values that were added, and the count of all."""

    def __init__(self) -> None:
        self.first: list[Value] = []
        self.count = 0

    def add(self, value: Value) -> None:
        """Keep a value while there are few, and count it."""
        self.count += 1
        if len(self.first) < _KEPT:
            self.first.append(value)
