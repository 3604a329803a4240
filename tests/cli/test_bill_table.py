"""Tokens, hours and money of each model are seen at a glance, and what has no price is told with its cure."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from action100m.cli import console as printing
from action100m.cli.bill_table import describe_bill, format_money
from action100m.models.base import TokenUsage
from action100m.run.figures.estimate import Estimate
from action100m.run.spending.bill import Bill, Item
from action100m.run.status import RunStatus

BILL = Bill(
    (
        Item("embed", "encoder", gpu_hours=1.5, cure="--price encoder=HOUR"),
        Item("annotate", "reasoner", 12, TokenUsage(34_000, 5_600, 7_000), 89.6, 3, money=Estimate(0.5, 0.75)),
    )
)


@pytest.fixture
def print_bill(monkeypatch):
    def print_it(bill):
        paper = io.StringIO()
        monkeypatch.setattr(printing, "console", Console(file=paper, width=160, highlight=False, markup=False))
        printing.print_status(RunStatus(1, (), (), (), 1, 0, 0, bill=bill), "run")
        return paper.getvalue()

    return print_it


def test_a_row_for_each_model_and_the_sums(print_bill):
    lines = print_bill(BILL).splitlines()
    embed, annotate, total = (next(line.split() for line in lines if line.startswith(name)) for name in ("embed", "annotate", "sum"))
    assert embed == ["embed", "encoder", "1.5", "-"]
    assert annotate == ["annotate", "reasoner", "12", "34,000", "7,000", "5,600", "90", "3", "0.5-0.75"]
    assert total == ["sum", "1.5", "0.5-0.75"]
    assert any("no price is known for all of it; give one to status or run: --price encoder=HOUR" in line for line in lines)


def test_a_run_without_models_that_cost_something_has_no_table(print_bill):
    assert "GPU hours" not in print_bill(Bill())
    assert describe_bill(Bill()) == ""


@pytest.mark.parametrize(("money", "text"), [(None, "-"), (Estimate(0, 0), "0"), (Estimate(0.5, 0.5), "0.5"), (Estimate(1.2, 34), "1.2-34")])
def test_money_that_is_not_known_is_no_zero(money, text):
    assert format_money(money) == text
