"""How the bill of a run is printed: a table for `status`, a line while it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from action100m.cli.figures import format_span

if TYPE_CHECKING:
    from action100m.run.figures.estimate import Estimate
    from action100m.run.spending.bill import Bill, Item


def make_bill_table(bill: Bill) -> Table:
    """Return a row for each model in each stage, and the sums."""
    table = Table("stage", "model", "replies", "tokens in", "cached", "out", "seconds", "retries", "GPU hours", "money", box=None, pad_edge=False)
    for item in bill.items:
        table.add_row(item.stage, item.model, *_format_usage(item), _format_hours(item.gpu_hours), format_money(item.money))
    known = bill.money if any(item.money is not None for item in bill.items) else None
    table.add_row("sum", *[""] * 7, _format_hours(bill.gpu_hours), format_money(known))
    return table


def describe_bill(bill: Bill) -> str:
    """Return one line; nothing when no model was paid for."""
    return "; ".join(_describe(item) for item in bill.items)


def format_money(money: Estimate | None) -> str:
    """Return such as "0.12-0.34"; "-" where no price is known."""
    return "-" if money is None else format_span(money) or "0"


def _format_usage(item: Item) -> tuple[str, ...]:
    if not item.requests:
        return ("",) * 6
    usage = item.usage
    return tuple(f"{value:,.0f}" for value in (item.requests, usage.input, usage.cached, usage.output, item.seconds, item.retries))


def _format_hours(hours: float) -> str:
    return f"{hours:,.4g}" if hours else ""


def _describe(item: Item) -> str:
    replies, usage = f"{item.requests:,} replies", item.usage
    parts = [replies, f"{usage.input:,} tokens read ({usage.cached:,} cached)", f"{usage.output:,} written"] if item.requests else []
    parts += [f"{item.retries:,} retries"] if item.retries else []
    parts += [f"{item.gpu_hours:,.4g} GPU h"] if item.gpu_hours else []
    return f"{item.stage} {', '.join(parts)}, money {format_money(item.money)}"
