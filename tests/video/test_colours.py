import colorsys

import numpy as np
import pytest

from action100m.video.colours import COLOUR_NAMES, name_colours, to_hsv
from action100m.video.histogram import name_shares
from support.moving import plain, view

NAMED = {
    "black": (10, 10, 10),
    "grey": (128, 128, 128),
    "white": (250, 250, 250),
    "red": (200, 20, 20),
    "orange": (255, 140, 0),
    "brown": (120, 70, 30),
    "beige": (225, 198, 160),
    "yellow": (240, 220, 30),
    "green": (30, 140, 50),
    "cyan": (30, 210, 220),
    "blue": (30, 60, 200),
    "purple": (120, 40, 190),
    "pink": (255, 120, 200),
}


def name_of(*colour):
    return COLOUR_NAMES[name_colours(np.array([colour], float))[0]]


@pytest.mark.parametrize(("name", "colour"), NAMED.items())
def test_a_flat_picture_has_the_name_that_people_give_its_colour(name, colour):
    assert name_of(*(part / 255 for part in colour)) == name
    shares = name_shares(plain(*colour))
    assert shares[COLOUR_NAMES.index(name)] == 1


def test_every_name_is_tried_above():
    assert set(NAMED) == set(COLOUR_NAMES)


def test_skin_and_wood_are_not_orange():
    assert name_of(0.88, 0.67, 0.55) == "beige"
    assert name_of(0.45, 0.30, 0.18) == "brown"


def test_shares_of_a_picture_sum_to_one():
    shares = name_shares(view())
    assert shares.dtype == np.float32
    assert shares.sum() == pytest.approx(1, abs=1e-6)


def test_a_quarter_of_red_is_a_share_of_a_quarter():
    picture = plain(250, 250, 250)
    picture[:48, :72] = (200, 20, 20)
    shares = dict(zip(COLOUR_NAMES, name_shares(picture), strict=True))
    assert (shares["red"], shares["white"]) == (0.25, 0.75)


def test_hue_saturation_and_value_are_those_of_the_standard_library():
    colours = np.random.default_rng(0).integers(0, 5, (500, 3)) / 4
    wanted = [colorsys.rgb_to_hsv(*colour) for colour in colours.tolist()]
    assert np.stack(to_hsv(colours), axis=1) == pytest.approx(np.array(wanted) * (360, 1, 1))
