from __future__ import annotations

import io

import pytest
from rich.console import Console

from action100m.cli import progress
from action100m.models.base import TokenUsage
from action100m.run.executors.channel import Done, Step
from action100m.run.figures.estimate import Estimate
from action100m.run.spending.bill import Bill, Item
from action100m.run.store import Failure

FAILURE = Failure("b.mp4", "b", "embed", "NotAVideoError", "b.mp4: no [known] container", retryable=False, key="12")
EVENTS = [
    Step("a", "embed", "started"),
    Step("a", "embed", "finished"),
    Step("a", "segment", "started"),
    Step("a", "segment", "finished"),
    Done("a", None),
    Step("b", "embed", "started"),
    Done("b", FAILURE),
]


@pytest.mark.parametrize("terminal", [True, False])
def test_bars_and_lines_tell_what_is_done_and_what_failed(monkeypatch, terminal):
    paper = io.StringIO()
    monkeypatch.setattr(progress, "console", Console(file=paper, force_terminal=terminal, width=160, highlight=False, markup=False))
    meter = progress.make_meter()
    meter.begin({"embed": 2, "segment": 2}, Bill)
    for event in EVENTS:
        meter.tell(event)
    meter.end()
    printed = paper.getvalue()
    assert isinstance(meter, progress.BarMeter) == terminal
    assert "b.mp4: no [known] container" in printed
    assert "1/2" in printed


def test_a_meter_ends_well_when_nothing_was_done(monkeypatch):
    monkeypatch.setattr(progress, "console", Console(file=io.StringIO(), force_terminal=False))
    meter = progress.make_meter()
    meter.begin({"annotate": 1}, Bill)
    meter.end()


def test_a_tally_counts_parts_of_videos_until_they_are_done_or_fail():
    tally = progress.Tally()
    for event in (
        Step("a", "embed", "started"),
        Step("a", "embed", "working", 0.47),
        Step("b", "embed", "finished", 1),
        Step("b", "segment", "started"),
    ):
        tally.tell(event)
    assert (tally.reached("embed"), tally.describe("embed")) == (1.47, "1.4")
    assert tally.describe("segment") == "0"
    tally.tell(Step("a", "embed", "working", 0.999))
    assert tally.describe("embed") == "1.9"
    tally.tell(Done("a", FAILURE))
    assert tally.describe("embed") == "1"


def test_one_long_video_moves_its_bar_until_it_fails(monkeypatch):
    paper = io.StringIO()
    monkeypatch.setattr(progress, "console", Console(file=paper, force_terminal=True, width=160, highlight=False, markup=False))
    meter = progress.make_meter()
    meter.begin({"embed": 1}, Bill)
    meter.tell(Step("b", "embed", "working", 0.5))
    (bar,) = meter._progress.tasks
    assert (bar.percentage, bar.fields["now"]) == (50, "b")
    meter.tell(Done("b", FAILURE))
    assert (bar.percentage, bar.fields["now"]) == (0, "")
    meter.end()
    assert "0/1" in paper.getvalue()


@pytest.mark.parametrize("terminal", [True, False])
def test_what_each_stage_costs_is_told_while_it_goes_on(monkeypatch, terminal):
    paper = io.StringIO()
    monkeypatch.setattr(progress, "console", Console(file=paper, force_terminal=terminal, width=300, highlight=False, markup=False))
    items = []
    meter = progress.make_meter()
    meter.begin({"caption": 1, "annotate": 1}, lambda: Bill(tuple(items)))
    items.append(Item("caption", "m", gpu_hours=0.25))
    items.append(Item("annotate", "n", 2, TokenUsage(3000, 70, 1000), 1.0, 3, money=Estimate(0.5, 0.75)))
    meter.tell(Step("a", "caption", "finished"))
    meter.end()
    assert (
        "caption 0.25 GPU h, money -; annotate 2 replies, 3,000 tokens read (1,000 cached), 70 written, 3 retries, money 0.5-0.75" in paper.getvalue()
    )
