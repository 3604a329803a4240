"""How a plan is printed: a row for each model, its intervals rounded to what they can tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.table import Table

from action100m.cli.console import SHOWN, console
from action100m.cli.figures import format_bytes, format_span, format_time, make_table, shorten_model
from action100m.run.figures.estimate import Estimate

if TYPE_CHECKING:
    from action100m.run.plan.result import Plan


def print_plan(plan: Plan) -> None:
    """Print what is to be done, what each model is asked and costs, the sums, what was left out, and what the figures take for granted."""
    length = format_time(Estimate.exactly(plan.seconds / 3600)) or "0 s"
    footage = (
        f"{_count(plan.videos, 'video')} of {length}, {_count(plan.frames, 'frame')}, {plan.samples:,} sampled, {_count(plan.windows, 'window')}"
    )
    console.print(f"{footage}; {format_span(plan.nodes) or 0} nodes, {format_span(plan.segments) or 0} of them annotated")
    for stage in plan.stages:
        console.print(f"  {stage.stage:9} {stage.model}" + (f", {stage.runs_on}" if stage.runs_on else ""))
    for table in make_plan_tables(plan):
        console.print(table)
    console.print(f"from {plan.source}")
    if plan.cpu_hours.high:
        console.print(f"  CPU time: of {plan.cpu}")
    for note in plan.notes:
        console.print(f"  {note}")
    for problem in plan.problems[:SHOWN]:
        console.print(f"  left out  {problem.cause}  {problem.message}")
    if len(plan.problems) > SHOWN:
        console.print(f"  and {len(plan.problems) - SHOWN} more left out")


def make_plan_tables(plan: Plan) -> Iterator[Table]:
    """Yield what the models are asked, and what that takes."""
    asked = (
        [shorten_model(stage.model), *map(format_span, (stage.requests, stage.tokens_in, stage.tokens_fresh, stage.tokens_out))]
        for stage in plan.stages
        if stage.requests.high
    )
    yield make_table(("model",), ("requests", "tokens in", "uncached", "tokens out"), asked)
    costs = [[shorten_model(stage.model), *_format_costs(stage.gpu_hours, stage.cpu_hours, stage.money, stage.disk_bytes)] for stage in plan.stages]
    total = ["sum", *_format_costs(plan.gpu_hours, plan.cpu_hours, plan.money, plan.disk_bytes)]
    yield make_table(("model",), ("GPU time", "CPU time", "money", "disk"), [*costs, total])


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def _format_costs(gpu: Estimate, cpu: Estimate, money: Estimate | None, disk: Estimate) -> tuple[str, ...]:
    return format_time(gpu), format_time(cpu), "?" if money is None else format_span(money), format_bytes(disk)
