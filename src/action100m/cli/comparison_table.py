"""What `compare` prints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from rich.table import Table

from action100m.cli.console import console
from action100m.text import one_line

if TYPE_CHECKING:
    from action100m.dataset.compare.comparison import Comparison

_LEVELS: Final = 6
"""That are printed, coarse ones first; --json has them all."""
_FAILURES: Final = 20


def print_comparison(comparison: Comparison, *, as_json: bool) -> None:
    """Print the figures."""
    if as_json:
        print(json.dumps(comparison.to_dict()))  # noqa: T201 - as it is, for other programs
        return
    alone = f"{comparison.only_a_count} in A only, {comparison.only_b_count} in B only"
    console.print(f"{comparison.videos} videos compared, {alone}, {comparison.failure_count} records left out")
    for failure in comparison.failures[:_FAILURES]:
        console.print(f"left out: {one_line(failure)}")
    if not comparison.videos:
        console.print("no video is in both, so there are no figures")
        return
    for table in (_boundaries(comparison), _nodes(comparison), _whole(comparison)):
        console.print()
        console.print(table)


def _boundaries(comparison: Comparison) -> Table:
    table = _table("boundaries within", "precision", "recall", "F1", "by chance")
    for one in comparison.boundaries:
        table.add_row(f"{one.tolerance:g} s", *_figures(one.precision, one.recall, one.f1, one.chance))
    return table


def _nodes(comparison: Comparison) -> Table:
    table = _table("temporal IoU of nodes", "A", "B", "A's mean best", "B's", "A's by chance", "B's")
    for one in comparison.overlap[: 1 + _LEVELS]:
        name = "all" if one.level is None else f"level {one.level}"
        table.add_row(name, f"{one.a_nodes}", f"{one.b_nodes}", *_figures(one.a, one.b, one.chance_a, one.chance_b))
    return table


def _whole(comparison: Comparison) -> Table:
    table = _table("measure", "value", "by chance")
    tree = comparison.tree
    table.add_row(f"tree, T-measure F1 ({tree.videos} videos)", *_figures(tree.f1, tree.chance))
    table.add_row("tree, corrected for chance", *_figures(tree.corrected, 0.0))
    for one in comparison.detection:
        table.add_row(f"mAP at temporal IoU {one.tiou:g}", *_figures(one.mean_average_precision, one.chance))
    for text in comparison.texts:
        table.add_row(f"{text.field}, token F1 ({text.pairs} pairs)", *_figures(text.token_f1, text.chance))
        if text.cosine is not None:
            table.add_row(f"{text.field}, cosine", *_figures(text.cosine, text.chance_cosine))
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(first, box=None, pad_edge=False)
    for name in others:
        table.add_column(name, justify="right")
    return table


def _figures(*values: float | None) -> list[str]:
    return ["-" if value is None else f"{value:.3f}" for value in values]
