"""Intervals are printed so that both ends can be compared at a glance."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from action100m.cli.figures import format_bytes, format_span, format_time, make_table, shorten_model
from action100m.run.figures.estimate import Estimate


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0, 0, ""),
        (7, 7, "7"),
        (0.0045, 0.53, "0.0045-0.53"),
        (2177, 9999, "2,177-9,999"),
        (220, 12_600, "0.22-13 k"),
        (3.9e6, 13e6, "3.9-13 M"),
        (5e8, 2e12, "0.0005-2 T"),
    ],
)
def test_an_interval_has_one_unit(low, high, text):
    assert format_span(Estimate(low, high)) == text


@pytest.mark.parametrize(("low", "high", "text"), [(0.01, 0.033, "36-119 s"), (0.5, 1.9, "30-114 min"), (1, 3, "1-3 h"), (0, 0, "")])
def test_a_time_has_the_unit_that_suits_it(low, high, text):
    assert format_time(Estimate(low, high)) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(0, 0, ""), (7, 7, "7 B"), (1594, 5562, "1,594-5,562 B"), (220, 12_600, "0.22-13 kB"), (1.2e6, 3.4e6, "1.2-3.4 MB"), (5e8, 2e12, "0.0005-2 TB")],
)
def test_bytes_have_their_sign_and_a_space_before_it(low, high, text):
    assert format_bytes(Estimate(low, high)) == text


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Qwen/Qwen3-VL-8B-Instruct", "Qwen3-VL-8B"),
        ("facebook/vjepa2-vitg-fpc64-384", "vjepa2-vitg-fpc64-384"),
        ("weights/mine/", "mine"),
        ("ward", "ward"),
    ],
)
def test_a_model_is_named_by_what_tells_it_from_others(name, short):
    assert shorten_model(name) == short


def test_figures_stand_whole_and_names_give_way():
    table = make_table(("model",), ("requests", "money", "disk"), [["a-model-of-a-very-long-name", "1,594-5,562", "", "0.00022-0.0013 MB"]])
    paper = io.StringIO()
    Console(file=paper, width=40).print(table)
    heading, row = paper.getvalue().splitlines()
    assert heading.split() == ["model", "requests", "disk"]  # there is no money
    assert row.split()[1:] == ["1,594-5,562", "0.00022-0.0013", "MB"]
    assert row.startswith("a-mode")
    assert row.split()[0].endswith("…")
