"""A picture of what resampling did: how common clusters are, from head to tail, before and after; and what became of the most common texts."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from action100m.dataset.resample.balance import Heads, Share
from action100m.errors import ConfigError, MissingPackageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FORMATS: Final = (".svg", ".png", ".pdf")
_BEFORE, _AFTER = "#b4b8c5", "#1f5fbf"
_LONGEST: Final = 32
"""Characters of a text in the picture."""


def check_picture(path: str) -> None:
    """Refuse a picture that could not be drawn, before the work starts.

    Raises:
        ConfigError: its name does not end as a picture's does.
        MissingPackageError: matplotlib is not installed.
    """
    if Path(path).suffix.lower() not in _FORMATS:
        raise ConfigError(f"a picture's name ends in {', '.join(_FORMATS)}, got {path!r}")
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise MissingPackageError("matplotlib", extra="charts", needed_by="a picture") from error


def draw_balance(path: str, before: NDArray[np.float64], after: NDArray[np.float64], heads: Heads) -> None:
    """Draw to an SVG, PNG or PDF file; the same input gives the same bytes.

    before, after: the share of each cluster. heads: the most common texts, and clusters.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with rc_context({"svg.hashsalt": "action100m", "font.size": 9}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a letter that the font lacks is an empty box
        figure = Figure(figsize=(14, 4.4), layout="constrained")
        curve, texts, clusters = figure.subplots(1, 3)
        _draw_curve(curve, before, after)
        _draw_head(texts, heads[0], "head texts")
        _draw_head(clusters, heads[1], "head clusters")
        stable: dict[str, Any] = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
        figure.savefig(path, dpi=150, metadata=stable.get(Path(path).suffix.lower()))


def _draw_curve(axes: Axes, before: NDArray[np.float64], after: NDArray[np.float64]) -> None:
    for shares, colour, label in ((before, _BEFORE, "before"), (after, _AFTER, "after")):
        axes.plot(np.arange(1, len(shares) + 1), np.sort(shares)[::-1], color=colour, label=label, linewidth=2)
    axes.axhline(1 / len(before), color="black", linewidth=0.7, linestyle=":", label="even")
    axes.set(xscale="log", yscale="log", xlabel="clusters, the most common first", ylabel="share of the samples", title="head and tail")
    axes.legend(frameon=False)


def _draw_head(axes: Axes, shares: tuple[Share, ...], title: str) -> None:
    places = np.arange(len(shares))
    axes.barh(places - 0.2, [100 * share.before for share in shares], 0.38, color=_BEFORE, label="before")
    axes.barh(places + 0.2, [100 * share.after for share in shares], 0.38, color=_AFTER, label="after")
    axes.set_yticks(places, [shorten(share.text, _LONGEST) for share in shares], parse_math=False)
    axes.invert_yaxis()
    axes.set(xlabel="% of the samples", title=title)
    axes.legend(frameon=False)


def shorten(text: str, longest: int = 40) -> str:
    """Return a text in one short line that no terminal and no XML takes for more than text."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text[: 4 * longest]).split())
    return line if len(line) <= longest and len(text) <= 4 * longest else f"{line[: longest - 1]}…"
