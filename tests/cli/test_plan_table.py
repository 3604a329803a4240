"""A plan is read at a glance in a terminal of 80 columns: a row for each model, every figure whole."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from action100m.cli import plan_table
from action100m.run.config import RunConfig
from action100m.run.figures.costs import read_costs
from action100m.run.plan.by_headers import plan_by_headers
from action100m.run.plan.probe import Header
from action100m.run.plan.result import Unprobed
from action100m.run.presets import laptop, modern, paper


@pytest.fixture
def print_plan(monkeypatch):
    def print_it(plan):
        printed = io.StringIO()
        monkeypatch.setattr(plan_table, "console", Console(file=printed, width=80, highlight=False, soft_wrap=True, markup=False))
        plan_table.print_plan(plan)
        return printed.getvalue()

    return print_it


def _plan(config, *, seconds=70.0):
    return plan_by_headers([Header("video", seconds, round(24 * seconds), 1280, 720)], config, read_costs())


@pytest.mark.parametrize("seconds", [1.5, 70.0, 3600.0, 4.6e8])
@pytest.mark.parametrize(
    "config", [paper(), modern(), laptop(gpu=True), laptop(gpu=False)], ids=["paper", "modern", "laptop", "laptop without a gpu"]
)
def test_no_figure_is_cut_or_folded_at_80_columns(print_plan, config, seconds):
    planned = _plan(config, seconds=seconds)
    lines = print_plan(planned).splitlines()
    first, last = (next(number for number, line in enumerate(lines) if line.startswith(word)) for word in ("model", "sum"))
    tables = lines[first : last + 1]
    assert max(map(len, tables)) <= 80
    assert not any("…" in line for line in tables)
    asked = sum(stage.requests.high > 0 for stage in planned.stages)
    assert len(tables) == 1 + asked + 1 + len(planned.stages) + 1  # one line each


def test_a_row_for_each_model_and_their_sum(print_plan):
    lines = print_plan(_plan(paper())).splitlines()
    asked = next(line for line in lines if line.startswith("gpt-oss-120b"))
    assert re.fullmatch(r"gpt-oss-120b +51-93  0.35-1.7 M  0.043-1.7 M   9.6-4\d\d k", asked.rstrip())
    (total,) = (line for line in lines if line.startswith("sum"))
    assert re.fullmatch(r"sum +[\d.]+-\d+ min  [\d.]+-[\d.]+ s +[\d.]+-[\d.]+ +[\d.]+-[\d.]+ MB", total)


def test_the_length_of_little_footage_is_told_in_seconds(print_plan):
    assert print_plan(_plan(RunConfig(), seconds=2.0)).startswith("1 video of 2 s, 48 frames, ")
    assert print_plan(_plan(RunConfig(), seconds=5400.0)).startswith("1 video of 90 min, ")


def test_what_an_hour_of_cpu_time_is_of_stands_below(print_plan):
    planned = _plan(RunConfig())
    assert "  CPU time: of 2 cores\n" in print_plan(planned)
    assert "  CPU time: of the pilot's machine, by the clock\n" in print_plan(replace(planned, cpu="the pilot's machine, by the clock"))


def test_files_that_are_left_out_are_named_and_many_are_counted(print_plan):
    problems = tuple(Unprobed(f"{number}.mp4", "EmptyVideoError", f"{number}.mp4 is empty") for number in range(23))
    printed = print_plan(plan_by_headers([], RunConfig(), read_costs(), problems=problems))
    assert printed.startswith("0 videos of 0 s")
    assert printed.count("left out  EmptyVideoError") == 20
    assert "  and 3 more left out" in printed
