"""Intervals are printed so that both ends can be compared at a glance."""

from __future__ import annotations

import pytest

from action100m.cli.figures import format_span, format_time
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
