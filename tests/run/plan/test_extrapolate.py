"""What was measured on some videos says as much about others as statistics allows."""

from __future__ import annotations

import numpy as np
import pytest

from action100m.dataset.io import read_records
from action100m.run.figures.estimate import Estimate
from action100m.run.plan.extrapolate import _USUAL_SPREAD, Ahead, _t_quantile, count_effective, extrapolate


def _width(estimate):
    return estimate.high / estimate.low


def test_amounts_that_grow_with_their_size_are_met_in_the_middle():
    estimate = extrapolate([30, 60, 90], [10, 20, 30], Ahead(1000, 50))
    assert (estimate.low * estimate.high) ** 0.5 == pytest.approx(3000)
    assert 1000 < estimate.low < 3000 < estimate.high < 9000


def test_more_videos_narrow_the_interval_and_one_gives_a_wide_one():
    widths = [_width(extrapolate([30] * count, [10] * count, Ahead(1000, 100))) for count in (1, 2, 5, 20, 100)]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 10
    assert widths[-1] < 1.1


def test_videos_that_differ_widen_it():
    alike, unlike = (extrapolate(amounts, [10] * 4, Ahead(1000, 100)) for amounts in ([30] * 4, [10, 20, 40, 50]))
    assert _width(unlike) > 1.5 * _width(alike)


def test_few_videos_ahead_are_less_certain_than_many():
    few, many = (extrapolate([30] * 9, [10] * 9, Ahead(100, videos)) for videos in (1, 1000))
    assert _width(few) > _width(many)


def test_what_was_never_seen_is_not_predicted():
    assert extrapolate([0, 0], [10, 10], Ahead(100, 5)) == extrapolate([1, 1], [10, 10], Ahead(0, 5)) == Estimate(0, 0)


def test_one_long_video_outweighs_short_ones():
    assert count_effective([10, 10, 10]) == pytest.approx(3)
    assert count_effective([1000, 1, 1]) == pytest.approx(1, abs=0.01)


def test_nineteen_of_twenty_pilots_are_right():
    """Videos whose rates vary by 0.4, of lengths from 10 to 40: pilots of 3 and of 10 predict the sum over 30 others. Of 400 trials, 380 +- 4 should
    hold; skewed rates cost a few."""
    chance = np.random.default_rng(0)
    for count in (3, 10):
        hits = 0
        for _ in range(400):
            lengths = chance.uniform(10, 40, count + 30)
            amounts = lengths * chance.lognormal(0, 0.4, count + 30)
            others = Ahead(lengths[count:].sum(), count_effective(lengths[count:]))
            hits += amounts[count:].sum() in extrapolate(amounts[:count].tolist(), lengths[:count].tolist(), others)
        assert hits >= 0.92 * 400


@pytest.mark.parametrize(("degrees", "value", "error"), [(2, 4.303, 0.032), (5, 2.571, 0.002), (11, 2.201, 0.001), (100, 1.984, 0.001)])
def test_the_quantile_is_that_of_the_tables(degrees, value, error):
    assert _t_quantile(0.975, degrees) == pytest.approx(value, rel=error)


def test_the_usual_spread_is_that_of_the_official_records(shared):
    records = list(read_records(shared / "data" / "action100m" / "examples.parquet"))

    def spread(measure):
        return np.log([measure(record.tree) / record.tree.root.end for record in records]).std(ddof=1)

    spreads = [
        spread(len),
        spread(lambda tree: sum(node.annotation is not None for node in tree.nodes)),
        spread(lambda tree: sum(len((node.clip_caption or "").encode()) for node in tree.nodes)),
        spread(lambda tree: sum(len((node.frame_caption or "").encode()) for node in tree.nodes)),
    ]
    assert spreads == pytest.approx([0.33, 0.17, 0.34, 0.20], abs=0.005)
    assert pytest.approx(max(spreads), abs=0.005) == _USUAL_SPREAD
