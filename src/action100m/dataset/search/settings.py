"""What is searched, how, and which segments may be answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from action100m.errors import ConfigError
from action100m.record import TextField

SearchMode = Literal["text", "vector", "hybrid"]
"""By words (BM25); by meaning (vectors of a text encoder); or both, their ranks fused."""

SEARCHED: Final[tuple[TextField, ...]] = ("brief_action", "detailed_action", "brief_caption")
"""The texts that are searched by default."""

LONGEST_QUERY: Final = 10_000
"""Characters: more than the longest caption of the released records. Longer ones would keep others waiting."""
MOST_HITS: Final = 1_000


@dataclass(frozen=True, slots=True)
class SearchFilter:
    """A segment may be an answer if all of this holds for it."""

    uids: tuple[str, ...] = ()
    """Of one of these videos. None: of any."""
    levels: tuple[int, ...] = ()
    """On one of these levels. None: on any."""
    min_seconds: float | None = None
    max_seconds: float | None = None
    """Its duration, inclusive."""

    def __post_init__(self) -> None:
        least, most = self.min_seconds, self.max_seconds
        for name, value in (("min_seconds", least), ("max_seconds", most)):
            if value is not None and not value >= 0:
                raise ConfigError(f"{name} must be at least 0, got {value}")
        if least is not None and most is not None and least > most:
            raise ConfigError(f"min_seconds is {least} and max_seconds {most}: no segment is so long")
        if wrong := [level for level in self.levels if not 0 <= level < 2**15]:
            raise ConfigError(f"levels are from 0 to 32,767, got {wrong[0]}")


def check_query(query: str, mode: SearchMode, limit: int) -> None:
    """Refuse what cannot be asked.

    Raises:
        ConfigError: the query is empty or too long, there is no such mode, or the limit is out of bounds.
    """
    if not query.strip():
        raise ConfigError(f"a query has at least one word, got {query!r}")
    if len(query) > LONGEST_QUERY:
        raise ConfigError(f"a query may have {LONGEST_QUERY:,} characters, got {len(query):,}")
    if mode not in get_args(SearchMode):
        raise ConfigError(f"mode is one of {', '.join(get_args(SearchMode))}, got {mode!r}")
    if not 1 <= limit <= MOST_HITS:
        raise ConfigError(f"limit must be from 1 to {MOST_HITS:,}, got {limit}")
