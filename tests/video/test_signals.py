import numpy as np
import pytest

from action100m.video.colours import COLOUR_NAMES
from action100m.video.signal_meter import find_changes
from action100m.video.signals import SHOT_CHANGE, Signals
from support.moving import STEP, film, measure, plain, view


@pytest.fixture(scope="module")
def pan() -> Signals:
    return measure(film(lambda time: view(0.2 * time)))


def test_a_pan_is_measured_in_picture_widths_a_second(pan):
    assert pan.pan[1:, 0] == pytest.approx(np.full(len(pan) - 1, 0.2), abs=0.02)
    assert pan.pan[1:, 1] == pytest.approx(np.zeros(len(pan) - 1), abs=0.02)


def test_a_pan_has_the_same_speed_however_often_it_is_looked_at():
    fast, slow = (measure(film(lambda time: view(0.1 * time), step=step)) for step in (0.1, 0.4))
    assert fast.pan[1:, 0].mean() == pytest.approx(0.1, abs=0.01)
    assert slow.pan[1:, 0].mean() == pytest.approx(0.1, abs=0.01)


def test_a_zoom_is_measured_as_a_share_a_second():
    signals = measure(film(lambda time: view(growth=1.2**time)))
    assert signals.zoom[1:].mean() == pytest.approx(0.18, abs=0.03)


def test_the_first_frame_has_no_movement(pan):
    assert np.isnan(pan.pan[0]).all()
    assert np.isnan(pan.zoom[0])
    assert np.isnan(pan.motion[0]).all()
    assert pan.change[0] == 0


def test_a_red_picture_is_red_and_dark():
    signals = measure([(plain(150, 0, 0), 0.0)])
    assert signals.colours[0, COLOUR_NAMES.index("red")] == 1
    assert signals.brightness[0] == pytest.approx(150 * 77 / 256 / 255, abs=0.005)
    assert signals.contrast[0] == 0


def test_a_black_picture_is_black():
    signals = measure([(plain(0, 0, 0), 0.0), (plain(0, 0, 0), STEP)])
    assert signals.brightness.tolist() == [0, 0]
    assert signals.colours[0, COLOUR_NAMES.index("black")] == 1
    assert signals.motion[1].sum() == 0


def test_a_cut_is_one_change_at_its_first_frame():
    frames = film(lambda time: view(0.05 * time, seed=0 if time < 1 else 1))
    signals = measure(frames)
    first = next(number for number, (_, time) in enumerate(frames) if time >= 1)
    assert np.flatnonzero(signals.change >= SHOT_CHANGE).tolist() == [first]
    assert np.isnan(signals.pan[first]).all()
    assert np.isnan(signals.motion[first]).all()
    assert np.isfinite(signals.pan[first + 1 :]).all()


def test_a_cut_to_black_is_a_change():
    signals = measure(film(lambda time: view() if time < 1 else plain(0, 0, 0)))
    assert (signals.change >= SHOT_CHANGE).sum() == 1


def test_a_flash_of_one_sampled_frame_is_no_change():
    signals = measure(film(lambda time: plain(255, 255, 255) if time == 7 * STEP else view()))
    assert signals.brightness.max() == 1
    assert signals.change.max() < SHOT_CHANGE


def test_a_quick_pan_is_no_change():
    signals = measure(film(lambda time: view(0.7 * time), seconds=1.5))
    assert signals.change.max() < SHOT_CHANGE


def test_a_slow_fade_to_black_is_no_change():
    signals = measure(film(lambda time: (view() * (1 - time / 2)).astype(np.uint8)))
    assert signals.brightness[-1] < 0.1 * signals.brightness[0]
    assert signals.change.max() < SHOT_CHANGE


def test_a_slow_dissolve_is_no_hard_cut():
    signals = measure(film(lambda time: (view() * (1 - time / 2) + view(seed=1) * time / 2).astype(np.uint8)))
    assert signals.change.max() < SHOT_CHANGE


def test_change_needs_both_a_lost_picture_and_other_colours():
    other, same, far = np.array([0, 0, 0.8, 0, 0]), np.zeros(5), np.array([1, 1, 0.8, 0.8, 0])
    assert find_changes(other, other, far)[2] == pytest.approx(0.64)
    assert find_changes(other, same, far).max() == 0
    assert find_changes(same, other, far).max() == 0


def test_between_takes_the_frames_from_start_up_to_but_without_end(pan):
    part = pan.between(float(pan.seconds[3]), float(pan.seconds[6]))
    assert part.seconds.tolist() == pan.seconds[3:6].tolist()
    assert part.motion.shape == (3, 3, 3)
    assert len(pan.between(100, 200)) == 0


def test_at_takes_exactly_the_frames_asked_for(pan):
    assert pan.at(pan.seconds[[5, 2]].tolist()).brightness.tolist() == pan.brightness[[5, 2]].tolist()


@pytest.mark.parametrize("seconds", [0.01, 99.0])
def test_at_refuses_a_time_without_a_frame(pan, seconds):
    with pytest.raises(ValueError, match=f"no frame was measured at {seconds}"):
        pan.at([0.0, seconds])


def test_signals_come_back_from_their_arrays(pan):
    again = Signals.from_arrays(pan.to_arrays())
    for name, values in pan.to_arrays().items():
        assert np.array_equal(getattr(again, name), values, equal_nan=True)


def test_the_same_frames_give_the_same_bytes(pan):
    again = measure(film(lambda time: view(0.2 * time)))
    for name, values in pan.to_arrays().items():
        assert values.tobytes() == getattr(again, name).tobytes()
