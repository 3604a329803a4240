"""Text that went round in a loop: found while it is written, and cut back to its first round.

A small captioner at times writes the same words until its limit; the released data holds such captions. The tail of a text is a loop when it
repeats itself exactly, several times over, for long enough. Lists, refrains and tables of real captions repeat words, but not whole rounds.

    A man cuts bread . He waves . He waves . He waves . He
    |--- kept ----------------|
                     |<------>|  one round: `period`
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final

MIN_ROUNDS: Final = 3
"""Whole rounds that a loop has."""
MIN_LENGTH: Final = 60
"""Tokens that a loop has, all rounds together: "very, very, very" is none, nor is a row of dashes under a title."""


@dataclass(frozen=True, slots=True)
class Loop:
    """The tail of a sequence, from `start` to its end, that repeats with `period`."""

    start: int
    period: int

    @property
    def first_end(self) -> int:
        """Where the first round ends: what comes before is kept."""
        return self.start + self.period


def find_loop(tokens: Sequence[Hashable], *, min_rounds: int = MIN_ROUNDS, min_length: int = MIN_LENGTH) -> Loop | None:
    """Return the loop of the shortest period that a sequence of tokens (ids or words) ends in; the last round may be cut off."""
    for period in range(1, len(tokens) // min_rounds + 1):
        length = _repeating_tail(tokens, period)
        if length >= max(min_rounds * period, min_length):
            return Loop(len(tokens) - length, period)
    return None


def _repeating_tail(tokens: Sequence[Hashable], period: int) -> int:
    """Return how many tokens at the end repeat with a period, the first round counted in."""
    place = len(tokens) - 1
    while place >= period and tokens[place] == tokens[place - period]:
        place -= 1
    same = len(tokens) - 1 - place
    return same + period if same else 0
