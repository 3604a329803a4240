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
        monkeypatch.setattr(printing, "console", Console(file=paper, width=80, highlight=False, soft_wrap=True, markup=False))
        printing.print_status(RunStatus(1, (), (), (), 1, 0, 0, bill=bill), "run")
        return paper.getvalue()

    return print_it


def _rows(printed, heading):
    """The words of each row of the table with this word in its heading."""
    lines = printed.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("stage") and heading in line)
    return {line.split()[0]: line.split() for line in lines[start + 1 : start + 4]}


def test_a_row_for_each_model_and_the_sums(print_bill):
    printed = print_bill(BILL)
    assert _rows(printed, "replies")["annotate"] == ["annotate", "reasoner", "12", "34", "k", "7,000", "5,600", "3"]
    costs = _rows(printed, "money")
    assert costs["embed"] == ["embed", "encoder", "90", "min", "-"]
    assert costs["annotate"] == ["annotate", "reasoner", "90", "s", "0.5-0.75"]
    assert costs["sum"] == ["sum", "90", "min", "0.5-0.75"]
    assert any("no price is known for all of it; give one to status or run: --price encoder=HOUR" in line for line in printed.splitlines())


def test_what_other_settings_have_cost_is_marked(print_bill):
    printed = print_bill(Bill((Item("embed", "encoder", gpu_hours=1.5, is_earlier=True),)))
    assert _rows(printed, "money")["embed"] == ["embed", "encoder,", "earlier", "90", "min", "-"]


def test_nothing_is_cut_at_80_columns(print_bill):
    """A large run of the preset paper."""
    usage, cost = TokenUsage(123_456_789_012, 4_567_890_123, 98_765_432_109), Estimate(123_456, 654_321)
    captioners = ("facebook/Perception-LM-3B", "meta-llama/Llama-3.2-11B-Vision-Instruct")
    items = [Item("caption", name, 147_092_653, usage, 9.87e8, 12_345, gpu_hours=123_456.7, money=cost) for name in captioners]
    encoder = Item("embed", "facebook/vjepa2-vitg-fpc64-384", gpu_hours=0.000123, money=Estimate(0.000123, 0.00456))
    reasoner = Item("annotate", "openai/gpt-oss-120b", 147_092_653, usage, 9.87e8, 12_345, money=cost)
    printed = print_bill(Bill((encoder, *items, reasoner)))
    assert "…" not in printed
    assert max(map(len, printed.splitlines())) <= 80
    for shown in ("vjepa2-vitg-fpc64-384", "Llama-3.2-11B-Vision", "147 M", "123 G", "99 G", "4.6 G", "274 k h", "12 k", "0.00012-0.0046", "0.44 s"):
        assert shown in printed


def test_a_run_without_models_that_cost_something_has_no_table(print_bill):
    assert "money" not in print_bill(Bill())
    assert describe_bill(Bill()) == ""


@pytest.mark.parametrize(("money", "text"), [(None, "-"), (Estimate(0, 0), "0"), (Estimate(0.5, 0.5), "0.5"), (Estimate(1.2, 34), "1.2-34")])
def test_money_that_is_not_known_is_no_zero(money, text):
    assert format_money(money) == text
