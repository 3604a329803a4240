"""How a plan is printed: a column for each model, its intervals rounded to what they can tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from rich.table import Table

from action100m.cli.console import console
from action100m.cli.figures import format_bytes, format_span, format_time

if TYPE_CHECKING:
    from action100m.run.plan.result import Plan, StagePlan

_SHOWN: Final = 20
"""Rows of a long list that are printed; the rest is counted."""


def print_plan(plan: Plan) -> None:
    """Print what is to be done, what each model costs, the sums, what was left out, and what the figures take for granted."""
    footage = f"{plan.videos:,} videos of {plan.seconds / 3600:,.2f} h, {plan.frames:,} frames, {plan.samples:,} sampled, {plan.windows:,} windows"
    console.print(f"{footage}; {format_span(plan.nodes) or 0} nodes, {format_span(plan.segments) or 0} of them annotated")
    for stage in plan.stages:
        console.print(f"  {stage.stage:9} {stage.model}" + (f", {stage.runs_on}" if stage.runs_on else ""))
    console.print(_make_table(plan))
    console.print(f"from {plan.source}")
    for note in plan.notes:
        console.print(f"  {note}")
    for problem in plan.problems[:_SHOWN]:
        console.print(f"  left out  {problem.cause}  {problem.message}")
    if len(plan.problems) > _SHOWN:
        console.print(f"  and {len(plan.problems) - _SHOWN} more left out")


def _make_table(plan: Plan) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("", *(stage.stage for stage in plan.stages), "sum"):
        table.add_column(name, overflow="fold")
    rows: tuple[tuple[str, Callable[[StagePlan], str], str], ...] = (
        ("requests", lambda stage: format_span(stage.requests), ""),
        ("tokens in", lambda stage: format_span(stage.tokens_in), ""),
        ("uncached", lambda stage: format_span(stage.tokens_fresh), ""),
        ("tokens out", lambda stage: format_span(stage.tokens_out), ""),
        ("GPU hours", lambda stage: format_span(stage.gpu_hours), format_span(plan.gpu_hours)),
        ("CPU time", lambda stage: format_time(stage.cpu_hours), format_time(plan.cpu_hours)),
        ("money", lambda stage: "?" if stage.money is None else format_span(stage.money), format_span(plan.money)),
        ("disk", lambda stage: format_bytes(stage.disk_bytes), format_bytes(plan.disk_bytes)),
    )
    for name, show, total in rows:
        if any(shown := [*map(show, plan.stages), total]):  # weightless models have no tokens to tell of
            table.add_row(name, *shown)
    return table
