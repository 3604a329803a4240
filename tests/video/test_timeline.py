"""Time stamps in, seconds out: the rules for stamps that are missing, late, repeated or that jump."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import pytest

from action100m.video.timeline import Timeline

MILLISECONDS = Fraction(1, 1000)


@dataclass
class Frame:
    pts: int | None
    duration: int = 0
    dts: int | None = None


def present(stamps, *, duration=0, container_format="mov,mp4,m4a,3gp,3g2,mj2", rate=None):
    timeline = Timeline(MILLISECONDS, container_format=container_format, rate=rate)
    frames = [stamp if isinstance(stamp, Frame) else Frame(stamp, duration) for stamp in stamps]
    placed = [(round(seconds * 1000), frames.index(frame)) for seconds, frame in timeline.present(frames)]
    assert [time for time, _ in placed] == [round(seconds * 1000) for seconds in timeline.presented]
    return timeline, placed


def times(stamps, **settings):
    return [time for time, _ in present(stamps, **settings)[1]]


def test_time_counts_from_the_first_frame():
    assert times([70_500, 70_540, 70_600]) == [0, 40, 100]
    assert present([70_500, 70_540])[0].first_stamp == 70.5


def test_a_gap_is_a_gap():
    assert times([0, 40, 3_600_000]) == [0, 40, 3_600_000]


def test_a_frame_that_does_not_advance_is_not_presented():
    assert present([0, 40, 40, 80])[1] == [(0, 0), (40, 1), (80, 3)]


def test_a_frame_handed_out_too_early_waits_for_its_turn():
    assert present([0, 113, 146, 133, 213])[1] == [(0, 0), (113, 1), (133, 3), (146, 2), (213, 4)]


def test_a_frame_without_a_stamp_follows_its_predecessor():
    assert times([Frame(0, 30), Frame(None, 30), Frame(None, 30), Frame(90, 30)]) == [0, 30, 60, 90]
    assert times([None, None, None], rate=Fraction(10)) == [0, 100, 200]
    assert times([None, None, None]) == [0, 40, 80]


def test_frames_before_the_first_stamp_are_kept():
    assert times([None, None, None, 0, 40], duration=40) == [0, 40, 80, 120, 160]
    assert times([None, 0, 40], duration=40) == [0, 40, 80]


@pytest.mark.parametrize("jump", [-500, -5_600, -60_000])
def test_the_timeline_goes_on_where_stamps_jump_back(jump):
    start = 5_600 + jump
    assert times([5_000, 5_600, start, start + 40, start + 80], duration=40) == [0, 600, 640, 680, 720]


def test_only_transport_streams_jump_ahead():
    stamps = [0, 40, 20_000, 20_040]
    assert times(stamps, duration=40, container_format="mpegts") == [0, 40, 80, 120]
    assert times(stamps, duration=40, container_format="matroska,webm") == stamps


def test_avi_is_timed_by_decoding_order():
    stamps = [Frame(1, 1, 1), Frame(3, 1, 2), Frame(2, 1, 3), Frame(4, 1, 4), Frame(5, 1, None)]
    assert present(stamps, container_format="avi")[1] == [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4)]


@pytest.mark.parametrize(
    ("frames", "announced", "end"),
    [
        ([Frame(0, 40), Frame(40, 40), Frame(80, 40)], None, 0.120),  # true so far
        ([Frame(0, 40), Frame(40, 40), Frame(80, 0)], None, 0.120),  # missing
        ([Frame(0, 40), Frame(40, 40), Frame(80, 9_999)], None, 0.120),  # absurd
        ([Frame(0, 40), Frame(40, 40), Frame(80, 9_999)], 10.079, 10.079),  # long, and the header agrees
        ([Frame(0, 20), Frame(40, 20), Frame(80, 20)], None, 0.120),  # durations of fields, so never true
        ([Frame(0, 40), Frame(40, 500), Frame(540, 80)], None, 0.620),  # uneven but true
        ([Frame(0, 33), Frame(50, 33), Frame(300, 33), Frame(370, 33)], None, 0.440),  # guessed from a header's rate: the median interval
    ],
)
def test_end_of_the_last_frame(frames, announced, end):
    assert present(frames)[0].end(announced=announced) == pytest.approx(end)


def test_a_single_frame_lasts_as_long_as_it_says():
    assert present([Frame(0, 40)], rate=Fraction(25))[0].end(announced=None) == pytest.approx(0.040)
    assert present([Frame(0, 0)], rate=Fraction(10))[0].end(announced=None) == pytest.approx(0.100)


def test_nothing_presented_ends_at_zero():
    timeline, placed = present([])
    assert (placed, timeline.first_stamp, timeline.last) == ([], 0.0, 0.0)
