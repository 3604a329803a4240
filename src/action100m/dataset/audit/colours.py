"""Words of colour, and which of them one may take for another."""

from __future__ import annotations

from typing import Final

from action100m.dataset.audit.words import stem

COLOURS: Final[dict[str, str]] = {
    **{"red": "r", "maroon": "rn", "pink": "rp", "magenta": "rp", "purple": "pb", "violet": "pb", "lavender": "pb", "blue": "b", "navy": "bk"},
    **{"teal": "bg", "turquoise": "bg", "green": "g", "yellow": "y", "gold": "yo", "golden": "yo", "orange": "ory", "brown": "nor", "tan": "nyw"},
    **{"beige": "nyw", "cream": "yw", "white": "w", "grey": "wk", "gray": "wk", "silver": "wk", "black": "k"},
}
"""Colour -> the families it may be seen as, a letter each. Two colours contradict each other only where they share none."""

COLOUR_STEMS: Final = frozenset(map(stem, COLOURS))
"""How they stand among the content words of a text."""


def are_opposed(one: str, other: str) -> bool:
    """Tell whether nobody takes one colour for the other."""
    return not set(COLOURS[one]) & set(COLOURS[other])
