"""How the bill of a run is printed: tables for `status`, a line while it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.table import Table

from action100m.cli.figures import format_span, format_time, make_table, shorten_model
from action100m.run.figures.estimate import Estimate

if TYPE_CHECKING:
    from action100m.run.spending.bill import Bill, Item


def make_bill_tables(bill: Bill) -> Iterator[Table]:
    """Yield what the models were asked, and what that has cost: a row for each in each stage."""
    names = ("stage", "model")
    if asked := [item for item in bill.items if item.requests]:
        yield make_table(names, ("replies", "tokens in", "cached", "out", "retries"), ([*_name(item), *_format_usage(item)] for item in asked))
    costs = [[*_name(item), _format_hours(item.seconds / 3600), _format_hours(item.gpu_hours), format_money(item.money)] for item in bill.items]
    known = bill.money if any(item.money is not None for item in bill.items) else None
    total = ["sum", "", "", _format_hours(bill.gpu_hours), format_money(known)]
    yield make_table(names, ("request time", "GPU time", "money"), [*costs, total])


def describe_bill(bill: Bill) -> str:
    """Return one line; nothing when no model was paid for."""
    return "; ".join(_describe(item) for item in bill.items)


def format_money(money: Estimate | None) -> str:
    """Return such as "0.12-0.34"; "-" where no price is known."""
    return "-" if money is None else format_span(money) or "0"


def _name(item: Item) -> tuple[str, str]:
    return item.stage, shorten_model(item.model) + (", earlier" if item.is_earlier else "")


def _format_usage(item: Item) -> tuple[str, ...]:
    usage = item.usage
    counts = (item.requests, usage.input, usage.cached, usage.output, item.retries)
    return tuple(format_span(Estimate.exactly(count)) or "0" for count in counts)


def _format_hours(hours: float) -> str:
    return format_time(Estimate.exactly(hours))


def _describe(item: Item) -> str:
    replies, usage = f"{item.requests:,} replies", item.usage
    parts = [replies, f"{usage.input:,} tokens read ({usage.cached:,} cached)", f"{usage.output:,} written"] if item.requests else []
    parts += [f"{item.retries:,} retries"] if item.retries else []
    parts += [f"{item.gpu_hours:,.4g} GPU h"] if item.gpu_hours else []
    return f"{item.stage} {', '.join(parts)}, money {format_money(item.money)}"
