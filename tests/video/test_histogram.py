import numpy as np
import pytest

from action100m.video.histogram import colour_histogram, to_lab
from support.moving import plain, view


def histogram_of(picture):
    return colour_histogram(np.repeat(np.repeat(picture, 2, axis=0), 2, axis=1)).astype(float)


def hellinger(a, b):
    return np.sqrt(max(0.0, 1 - np.sqrt(histogram_of(a) * histogram_of(b)).sum()))


@pytest.mark.parametrize(
    ("srgb", "lab"),
    [
        ((1, 1, 1), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((1, 0, 0), (53.2, 80.1, 67.2)),
        ((0, 0, 1), (32.3, 79.2, -107.9)),
        ((0.5, 0.5, 0.5), (53.4, 0, 0)),
    ],
)
def test_lab_is_that_of_the_standard(srgb, lab):
    assert to_lab(np.array([srgb], float))[0] == pytest.approx(lab, abs=0.15)


def test_shares_sum_to_one():
    assert histogram_of(view()).sum() == pytest.approx(1, abs=1e-5)


def test_where_things_are_does_not_count():
    picture = view()
    assert np.array_equal(histogram_of(picture), histogram_of(picture[::-1, ::-1]))


def test_a_little_noise_moves_little_and_another_colour_moves_much():
    noisy = np.clip(view().astype(int) + np.random.default_rng(0).integers(-6, 7, view().shape), 0, 255).astype(np.uint8)
    assert hellinger(view(), noisy) < 0.2
    assert hellinger(plain(200, 30, 30), plain(30, 30, 200)) > 0.9


def test_a_shade_between_two_bins_counts_for_both():
    shares = [histogram_of(plain(level, level, level)) for level in (120, 128, 136)]
    assert 0 < np.abs(shares[1] - shares[0]).sum() < 0.3
