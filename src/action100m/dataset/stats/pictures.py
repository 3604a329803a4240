"""Pictures of the figures of a data set: durations, words, verbs as the paper's sunburst, and a cloud of the words of titles.

Colours are those of Okabe and Ito, which people who see few colours tell apart; nothing is told by colour alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from action100m.dataset.stats.counts import DURATION_BINS, FIELDS, Counts
from action100m.errors import MissingPackageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from action100m.dataset.stats.stats import Stats
    from action100m.dataset.stats.tally import TextGroups

FORMATS: Final = ("svg", "png")
COLOURS: Final = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#F0E442")
_SETTINGS: Final[Any] = {"svg.hashsalt": "action100m", "font.size": 10, "axes.spines.top": False, "axes.spines.right": False, "svg.fonttype": "none"}


def draw_stats(stats: Stats, folder: Path) -> list[Path]:
    """Draw `durations`, `words`, `verbs` and `titles`, each as SVG and PNG, and return the files. The same figures give the same bytes.

    Raises:
        MissingPackageError: matplotlib or wordcloud is not installed.
    """
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingPackageError("matplotlib", extra="charts", needed_by="a picture") from error
    folder.mkdir(parents=True, exist_ok=True)
    charts: dict[str, tuple[tuple[float, float], Callable[[Figure], None]]] = {
        "durations": ((8, 3.6), partial(_draw_durations, counts=stats.counts)),
        "words": ((9, 5), partial(_draw_words, counts=stats.counts)),
        "verbs": ((9, 9), partial(_draw_sunburst, rings=stats.openings)),
    }
    made = []
    with rc_context(_SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a letter that the font lacks is an empty box
        for name, (size, draw) in charts.items():
            figure = Figure(figsize=size, layout="constrained")
            draw(figure)
            made += [_save(figure, folder / f"{name}.{kind}") for kind in FORMATS]
    return made + _draw_cloud(stats.title_words, folder)


def _save(figure: Figure, path: Path) -> Path:
    figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix == ".svg" else None)
    return path


def _draw_durations(figure: Figure, counts: Counts) -> None:
    names = [f"{low} to {high} s" if high < np.inf else f"over {low} s" for low, high in DURATION_BINS]
    parts = (("all nodes", counts.nodes, counts.durations), ("annotated nodes", counts.annotated, counts.annotated_durations))
    for axes, (title, total, bins), colour in zip(figure.subplots(1, 2, sharey=True), parts, COLOURS, strict=False):
        shares = [100 * count / total if total else 0.0 for count in bins]
        bars = axes.bar(names, shares, color=colour, width=0.75)
        axes.bar_label(bars, [f"{share:.1f} %\n{count:,}" for share, count in zip(shares, bins, strict=True)], padding=2, fontsize=8)
        axes.set(title=f"{total:,} {title}", ylim=(0, 100), xlabel="duration")
    figure.axes[0].set_ylabel("% of the nodes")


def _draw_words(figure: Figure, counts: Counts) -> None:
    axes: Any = figure.subplots(2, 4, sharex=True).flat
    for one, name, colour in zip(axes, FIELDS, (COLOURS * 2)[: len(FIELDS)], strict=True):
        field = counts.fields[name]
        shares = 100 * np.array(field.lengths[1:]) / max(field.present, 1)
        one.bar(np.arange(len(shares)), shares, color=colour, width=0.9)
        one.set_title(f"{name}\nmean {field.mean_words:.1f} of {field.present:,}", fontsize=9)
        one.set_xticks(np.arange(0, len(shares), 2), [f"{2**power:,}" for power in range(0, len(shares), 2)], fontsize=7, rotation=45)
    figure.supxlabel("words, from the number below to its double")
    figure.supylabel("% of the texts")


def _draw_sunburst(figure: Figure, rings: tuple[TextGroups, ...]) -> None:
    """Ring k shows the first k words. What is too small to be seen is left blank, so that each wedge is as wide as its share."""
    axes = figure.add_subplot()
    total = rings[0].total
    counts = {tuple(text.split(" ")): count for ring in rings for text, count in ring.top}
    for number, (opening, count) in enumerate(_children(counts, ())):
        colour = COLOURS[number % len(COLOURS)]
        start = sum(before for _, before in _children(counts, ())[:number]) / max(total, 1)
        _draw_wedge(axes, counts, opening, start, count / total, total, colour)
    axes.text(0, 0, f"{total:,}\nbrief actions", ha="center", va="center", fontsize=11)
    axes.set(xlim=(-1.02, 1.02), ylim=(-1.02, 1.02), aspect="equal")
    axes.axis("off")


def _children(counts: dict[tuple[str, ...], int], opening: tuple[str, ...]) -> list[tuple[tuple[str, ...], int]]:
    """Return the openings that go on with one more word, the most frequent first."""
    depth = len(opening) + 1
    return sorted(((one, count) for one, count in counts.items() if len(one) == depth and one[:-1] == opening), key=lambda item: (-item[1], item[0]))


def _draw_wedge(
    axes: Axes, counts: dict[tuple[str, ...], int], opening: tuple[str, ...], start: float, share: float, total: int, colour: str
) -> None:
    """Draw an opening and those that begin with it. `start` and `share` are parts of the circle, which begins at the top and goes clockwise."""
    from matplotlib.patches import Wedge

    if share < 0.0015:
        return
    depth = len(opening)
    inner, outer, alpha = 0.19 + 0.27 * (depth - 1), 0.19 + 0.27 * depth, (0.85, 0.55, 0.35)[depth - 1]
    angles = 90 - 360 * (start + share), 90 - 360 * start
    axes.add_patch(Wedge((0, 0), outer, *angles, width=0.27, facecolor=colour, alpha=alpha, edgecolor="white", linewidth=0.8))
    place = (inner + outer) / 2
    if 2 * np.pi * place * share > 0.024:  # as high as a line of text
        middle = np.deg2rad(sum(angles) / 2)
        turn = sum(angles) / 2 % 360
        upright = turn - 180 if 90 < turn < 270 else turn
        label = opening[-1] if len(opening[-1]) < 14 else f"{opening[-1][:12]}…"
        x, y = place * np.cos(middle), place * np.sin(middle)
        axes.text(x, y, label, rotation=upright, ha="center", va="center", fontsize=7 + min(4, 40 * share), parse_math=False)
    for following, count in _children(counts, opening):
        _draw_wedge(axes, counts, following, start, count / total, total, colour)
        start += count / total


def _draw_cloud(title_words: TextGroups, folder: Path) -> list[Path]:
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    try:
        from wordcloud import WordCloud
    except ImportError as error:
        raise MissingPackageError("wordcloud", extra="charts", needed_by="a picture of titles") from error
    path = font_manager.findfont("DejaVu Sans")
    drawn = FT2Font(path).get_charmap()
    counts = {text: count for text, count in title_words.top if all(ord(letter) in drawn for letter in text)}
    if not counts:
        return []
    cloud: Any = WordCloud(  # type: ignore[no-untyped-call]
        width=1200, height=700, background_color="white", font_path=path, random_state=0, color_func=_colour_word
    )
    cloud.generate_from_frequencies(counts)
    files = folder / "titles.svg", folder / "titles.png"
    files[0].write_text(cloud.to_svg(), encoding="utf-8")
    cloud.to_file(str(files[1]))
    return list(files)


def _colour_word(word: str, *_: object, **__: object) -> str:
    return (*COLOURS[:4], "#333333")[sum(map(ord, word)) % 5]  # the light ones are hard to read on white
