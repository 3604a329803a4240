"""How figures are printed: intervals rounded to what they can tell, both ends in one unit, in tables of which none is cut."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from rich.table import Table

if TYPE_CHECKING:
    from action100m.run.figures.estimate import Estimate

_SCALES: Final = ((1e12, 1e12, " T"), (1e9, 1e9, " G"), (1e6, 1e6, " M"), (1e4, 1e3, " k"))
"""(from which value on, unit, its sign)."""


def format_span(estimate: Estimate) -> str:
    """Return an interval as "1.2-3.4 M", a known figure as one number, and nothing for 0."""
    if not estimate.high:
        return ""
    scale, sign = next(((unit, sign) for least, unit, sign in _SCALES if estimate.high >= least), (1.0, ""))
    low, high = _round(estimate.low / scale), _round(estimate.high / scale)
    return f"{high}{sign}" if low == high else f"{low}-{high}{sign}"


def _round(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def format_time(hours: Estimate) -> str:
    """Return seconds below two minutes, minutes below two hours, else hours."""
    unit, scale = next(((unit, scale) for unit, scale in (("s", 3600), ("min", 60)) if hours.high * scale < 120), ("h", 1))
    return f"{format_span(hours * scale)} {unit}" if hours.high else ""


def format_bytes(estimate: Estimate) -> str:
    """Return such as "1.2-3.4 MB" or "120-340 B"."""
    span = format_span(estimate)
    return f"{span}B" if span[-1:].isalpha() else f"{span} B" if span else ""


def shorten_model(name: str) -> str:
    """Return the part of a model's id that tells it from others: "Qwen3-VL-8B" for "Qwen/Qwen3-VL-8B-Instruct"."""
    return name.rstrip("/").rpartition("/")[2].removesuffix("-Instruct")


def make_table(names: Sequence[str], figures: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """Return a table whose figures stand whole in one line each, whatever its width; names give way. A column without any figure is left out.

    names, figures: the headings of columns of names, and of those of figures to the right of them; each row has a text for every one.
    """
    rows = list(rows)
    used = [place for place in range(len(names) + len(figures)) if place < len(names) or any(row[place] for row in rows)]
    table = Table(box=None, pad_edge=False)
    for place in used:
        is_name = place < len(names)
        table.add_column((*names, *figures)[place], no_wrap=not is_name, overflow="ellipsis", justify="left" if is_name else "right")
    for row in rows:
        table.add_row(*(row[place] for place in used))
    return table
