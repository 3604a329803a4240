"""How the figures of a data set are printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from action100m.cli.console import console

if TYPE_CHECKING:
    from action100m.dataset.stats.counts import Counts
    from action100m.dataset.stats.stats import Stats
    from action100m.dataset.stats.tally import TextGroups


def print_stats(stats: Stats) -> None:
    """Print sums, then tables of durations, levels, texts and the most frequent actions."""
    counts = stats.counts
    console.print(f"{counts.videos:,} videos of {counts.seconds / 3600:,.2f} h in {stats.files:,} files")
    console.print(f"{counts.nodes:,} nodes, {counts.leaves:,} of them leaves; {counts.annotated:,} annotated: the segments that the paper counts")
    for table in (_durations(counts), _levels(counts), _texts(counts)):
        console.print()
        console.print(table)
    console.print()
    console.print(f"brief actions: {stats.na_share:.1%} N/A; {_describe(stats.actions)}")
    console.print(f"actors: {_describe(stats.actors)}")
    console.print(_frequent(stats))


def _durations(counts: Counts) -> Table:
    from action100m.dataset.stats.counts import DURATION_BINS

    table = _table("seconds", "nodes", "", "annotated", "")
    for (low, high), nodes, annotated in zip(DURATION_BINS, counts.durations, counts.annotated_durations, strict=True):
        name = f"{low}-{high}" if high < float("inf") else f"{low}-"
        table.add_row(name, f"{nodes:,}", _share(nodes, counts.nodes), f"{annotated:,}", _share(annotated, counts.annotated))
    return table


def _levels(counts: Counts) -> Table:
    table = _table("level", "nodes", "", "annotated", "")
    for level, nodes in enumerate(counts.levels):
        annotated = counts.annotated_levels[level] if level < len(counts.annotated_levels) else 0
        table.add_row(str(level), f"{nodes:,}", _share(nodes, counts.nodes), f"{annotated:,}", _share(annotated, counts.annotated))
    return table


def _texts(counts: Counts) -> Table:
    table = _table("text", "there", "coverage", "words", "mean", "no N/A", "N/A", "loops", "at limit")
    for name, field in counts.fields.items():
        means = f"{field.mean_words:.2f}", f"{field.mean_words_without_na:.2f}"
        faults = (f"{count:,}" for count in (field.na, field.loops, field.at_limit))
        table.add_row(name, f"{field.present:,}", f"{counts.coverage(name):.1%}", f"{field.words:,}", *means, *faults)
    return table


def _frequent(stats: Stats) -> Table:
    columns = {"brief action": stats.actions, "verb": stats.verbs, "verb and noun": stats.verb_nouns, "actor": stats.actors}
    table = Table(box=None, pad_edge=False)
    for name in columns:
        table.add_column("", justify="right", no_wrap=True, min_width=2)
        table.add_column(name, max_width=32, no_wrap=True, overflow="ellipsis")
    for row in range(max(len(groups.top) for groups in columns.values())):
        cells = [group.top[row] if row < len(group.top) else None for group in columns.values()]
        table.add_row(*(part for cell in cells for part in ((f"{cell[1]:,}", _printable(cell[0])) if cell else ("", ""))))
    return table


def _describe(groups: TextGroups) -> str:
    share = _share(groups.in_repeated, groups.total).strip()
    return f"{groups.distinct:,} different; {groups.repeated:,} come more than once and make up {groups.in_repeated:,} of {groups.total:,} ({share})"


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for number, name in enumerate(names):
        table.add_column(name, justify="right" if number else "left", no_wrap=True)
    return table


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def _printable(text: str) -> str:
    """Control characters, which texts of strangers may hold, would move the cursor."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
