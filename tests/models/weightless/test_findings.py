from dataclasses import replace

import numpy as np
import pytest

from action100m.models.weightless.findings import activity, camera, dominant_colours, shot_changes
from support.moving import film, measure, plain, view, with_block


def active(signals):
    return activity(signals, camera(signals))


def test_a_still_camera_is_still():
    assert camera(measure(film(lambda _: view()))).motion == "still"


@pytest.mark.parametrize(("right", "down"), [(0.15, 0.0), (-0.15, 0.0), (0.0, 0.1), (0.0, -0.1), (0.1, -0.1)])
def test_a_turn_is_told_with_how_far_it_goes(right, down):
    signals = measure(film(lambda time: view(right * time, down * time)))
    found = camera(signals)
    assert found.motion == "directed"
    assert found.right == pytest.approx(right * signals.seconds[-1], rel=0.15)
    assert found.down == pytest.approx(down * signals.seconds[-1], rel=0.15)
    assert found.growth == 0
    assert found.moving > 0.9


@pytest.mark.parametrize("growth", [1.15, 0.87])
def test_a_zoom_is_told_with_its_direction(growth):
    found = camera(measure(film(lambda time: view(growth=growth**time))))
    assert found.motion == "directed"
    assert np.sign(found.growth) == np.sign(growth - 1)
    assert (found.right, found.down) == (0, 0)


def test_a_camera_that_sways_gets_nowhere():
    found = camera(measure(film(lambda time: view(0.04 * np.sin(8 * time), 0.03 * np.cos(7 * time)), seconds=4)))
    assert found.motion == "unsteady"
    assert found.moving > 0.8


def test_a_jolt_of_a_still_camera_is_no_pan():
    found = camera(measure(film(lambda time: view(0.03 if time > 2 else 0.0), seconds=4)))
    assert found.motion == "still"


def test_without_texture_the_camera_is_unknown():
    assert camera(measure(film(lambda _: plain(40, 40, 40)))).motion == "unknown"


def test_the_first_frame_tells_of_what_lies_before():
    signals = measure(film(lambda time: view(0.05 if time > 0.9 else 0.0)))
    after = signals.between(0.9, 2.0)
    assert camera(signals).moving > 0
    assert camera(after).moving == 0
    assert shot_changes(measure(film(lambda time: view(seed=int(time > 0.9)))).between(0.9, 2.0)) == ()


@pytest.mark.parametrize(("left", "top", "row", "column"), [(8, 72, "lower", "left"), (110, 8, "upper", "right"), (60, 42, "middle", "middle")])
def test_where_something_moves_is_told(left, top, row, column):
    found = active(measure(film(lambda time: with_block(view(), left=left + round(5 * np.sin(9 * time)), top=top))))
    assert (found.row, found.column) == (row, column)
    assert 0.001 < found.amount < 0.05


def test_movement_all_over_has_no_place():
    random = np.random.default_rng(0)
    corners = random.integers(0, [130, 82], (15, 6, 2))

    def picture(time: float):
        shown = view()
        for left, top in corners[round(time * 7.5)]:
            shown = with_block(shown, left=int(left), top=int(top))
        return shown

    found = active(measure(film(picture)))
    assert (found.row, found.column) == (None, None)
    assert found.amount > 0.05


def test_nothing_moves_in_a_still_picture():
    assert active(measure(film(lambda _: view()))) is None


def test_the_moment_of_most_movement_is_told():
    found = active(measure(film(lambda time: with_block(view(), left=20 if time < 1.5 else 40, top=40), seconds=3)))
    assert found.peak == pytest.approx(1.5, abs=0.15)


def test_one_frame_alone_tells_nothing_about_movement():
    signals = measure([(view(), 0.0)])
    assert camera(signals).motion == "unknown"
    assert active(signals) is None
    assert shot_changes(signals) == ()


def test_dominant_colours_come_largest_first():
    picture = plain(250, 250, 250)
    picture[:, :40] = (200, 20, 20)
    picture[:5, 40:] = (30, 60, 200)
    (white, most), (red, second) = dominant_colours(measure([(picture, 0.0)]))
    assert (white, red) == ("white", "red")
    assert most > second == pytest.approx(40 / 144, abs=0.01)


def test_shot_changes_are_told_with_their_times():
    signals = measure(film(lambda time: view(seed=int(time >= 1) + int(time >= 2)), seconds=3))
    assert shot_changes(signals) == pytest.approx((1.0, 1.9333), abs=0.001)


def test_movement_that_is_unknown_most_of_the_time_is_not_told():
    signals = measure(film(lambda time: view(0.2 * time)))
    zoom = signals.zoom.copy()
    zoom[::2] = zoom[1:8] = np.nan
    assert camera(replace(signals, zoom=zoom)).motion == "unknown"
