import numpy as np
import pytest

from action100m.video.luma import half_luma
from action100m.video.motion import measure_movement
from support.moving import plain, view, with_block


def movement(before, after):
    return measure_movement(half_luma(before), half_luma(after))


def test_luma_is_half_the_size_and_weighs_the_colours():
    assert half_luma(plain(255, 0, 0)).shape == (48, 72)
    assert [int(half_luma(plain(*colour))[0, 0]) for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255))] == [76, 149, 28, 255]


def test_nothing_moves_between_equal_pictures():
    found = movement(view(), view())
    assert found.shift == (0, 0)
    assert found.growth == 0
    assert found.changed.sum() == 0
    assert found.lost == 0


@pytest.mark.parametrize(("right", "down"), [(0.004, 0), (0.03, 0), (-0.05, 0), (0.1, 0), (0, 0.02), (0, -0.06), (0.04, -0.03)])
def test_a_turn_of_the_camera_is_measured_within_a_fifth_of_a_pixel(right, down):
    found = movement(view(), view(right, down))
    assert found.shift == pytest.approx((right, down), abs=0.0025)
    assert found.growth == pytest.approx(0, abs=0.003)
    assert found.changed.mean() < 0.01


@pytest.mark.parametrize("growth", [1.02, 1.05, 1.1, 0.98, 0.93])
def test_a_zoom_is_measured(growth):
    found = movement(view(), view(growth=growth))
    assert found.growth == pytest.approx(growth - 1, rel=0.2)
    assert found.shift == pytest.approx((0, 0), abs=0.003)


def test_a_thing_that_moves_is_no_turn_of_the_camera():
    found = movement(with_block(view(), left=10, top=70), with_block(view(), left=16, top=70))
    assert found.shift == (0, 0)
    assert found.changed[2, 0] > 0.02
    assert found.changed.sum() == pytest.approx(found.changed[2, 0])


def test_a_thing_that_moves_before_a_turning_camera_is_told_from_it():
    found = movement(with_block(view(), left=100, top=10), with_block(view(0.05), left=112, top=10))
    assert found.shift == pytest.approx((0.05, 0), abs=0.002)
    assert found.changed[0, 2] > 5 * np.delete(found.changed.ravel(), 2).max()


@pytest.mark.parametrize("picture", [plain(0, 0, 0), plain(128, 128, 128)])
def test_a_picture_without_texture_tells_nothing_about_the_camera(picture):
    found = movement(picture, picture)
    assert np.isnan(found.shift).all()
    assert np.isnan(found.growth)
    assert found.changed.sum() == 0


def test_a_fade_moves_nothing():
    darker = (view() * 0.8).astype(np.uint8)
    found = movement(view(), darker)
    assert found.changed.mean() < 0.01
    assert found.lost < 0.02


def test_another_picture_is_lost():
    found = movement(view(), view(seed=1))
    assert np.isnan(found.growth)
    assert found.lost > 0.7


def test_light_noise_moves_nothing():
    random = np.random.default_rng(0)
    noisy = [np.clip(view().astype(int) + random.normal(0, 4, view().shape), 0, 255).astype(np.uint8) for _ in range(2)]
    found = movement(*noisy)
    assert found.shift == pytest.approx((0, 0), abs=0.001)
    assert found.changed.mean() < 0.002
