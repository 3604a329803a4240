"""How figures are printed: intervals rounded to what they can tell, both ends in one unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

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
    """Return such as "1.2-3.4 MB"."""
    return f"{format_span(estimate)}B" if estimate.high else ""
