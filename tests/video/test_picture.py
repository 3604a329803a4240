"""Pictures come out in the right colours, upright, in the size that was asked for."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from action100m.video.orientation import Orientation, read_orientation
from action100m.video.picture import FrameSize, Picture, Scaler, square_pixels
from support.clips import write_clip

WEIGHTS = {"bt601": (5, 0.299, 0.114), "bt709": (1, 0.2126, 0.0722), "bt2020": (9, 0.2627, 0.0593)}
"""Colour space number in the stream, and what red and blue add to brightness."""
COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (200, 120, 40), (255, 255, 255), (0, 0, 0)]


def frame_of(rgb, *, height=64, weights="bt601", full_range=False, tagged=True):
    """A frame of one colour, computed from the definition of the colour space."""
    number, of_red, of_blue = WEIGHTS[weights]
    red, green, blue = np.array(rgb) / 255
    luma = of_red * red + (1 - of_red - of_blue) * green + of_blue * blue
    chroma = (blue - luma) / (2 - 2 * of_blue), (red - luma) / (2 - 2 * of_red)
    stored = [luma, *chroma] @ np.diag([255, 255, 255] if full_range else [219, 224, 224]) + ([0, 128, 128] if full_range else [16, 128, 128])
    frame = av.VideoFrame(64, height, "yuv420p")
    frame.colorspace, frame.color_range = number if tagged else 2, 2 if full_range else 1
    for plane, value in zip(frame.planes, np.clip(np.rint(stored), 0, 255).astype(int).tolist(), strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    return frame


def picture_of(frame, *, width=None, height=None, orientation=Orientation()):
    return Picture(0.0, 0, width or frame.width, height or frame.height, frame, orientation)


@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize("weights", WEIGHTS)
def test_colours_are_right_in_every_colour_space(weights, full_range):
    for rgb in COLOURS:
        for size in (None, FrameSize(16, 16), FrameSize(100, 100)):
            shown = picture_of(frame_of(rgb, weights=weights, full_range=full_range)).rgb(size)
            assert np.abs(shown[8, 8].astype(int) - rgb).max() <= 3


@pytest.mark.parametrize(("height", "weights"), [(480, "bt601"), (720, "bt709")])
def test_untagged_video_is_taken_as_players_take_it(height, weights):
    for rgb in COLOURS:
        shown = picture_of(frame_of(rgb, height=height, weights=weights, tagged=False)).rgb(FrameSize(16, 16))
        assert np.abs(shown[8, 8].astype(int) - rgb).max() <= 3


def quadrants():
    """Red, green over blue, white; 40 wide and 20 high."""
    picture = np.zeros((20, 40, 3), np.uint8)
    picture[:10, :20], picture[:10, 20:], picture[10:, :20], picture[10:, 20:] = [255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]
    return picture


def corners(picture):
    """Names of the colours at top left, top right, bottom left, bottom right."""
    height, width = picture.shape[:2]
    names = {(1, 0, 0): "r", (0, 1, 0): "g", (0, 0, 1): "b", (1, 1, 1): "w", (0, 0, 0): "-"}
    return "".join(names[tuple((picture[y, x] > 127).astype(int))] for y in (2, height - 3) for x in (2, width - 3))


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_turned_and_mirrored_clips_come_out_upright(tmp_path, rotation, mirror):
    clip = write_clip(tmp_path / "clip.mp4", [quadrants()], pixel_format="yuv444p", rotation=rotation, mirror=mirror, options={"crf": "1"})
    with av.open(str(clip)) as container:
        frame = next(container.decode(video=0))
    orientation = read_orientation(frame)
    assert (frame.width, frame.height) == ((20, 40) if rotation % 180 else (40, 20))
    width, height = orientation.swap(frame.width, frame.height)
    picture = picture_of(frame, width=width, height=height, orientation=orientation)
    assert (width, height) == (40, 20)
    assert corners(picture.rgb()) == "rgbw"
    assert corners(picture.rgb(FrameSize(30, 60))) == "rgbw"
    assert picture.rgb().flags.c_contiguous


def test_the_eight_orientations_are_all_different():
    seen = {Orientation(a, b, c).apply(quadrants()).tobytes() for a in (False, True) for b in (False, True) for c in (False, True)}
    assert len(seen) == 8


@pytest.mark.parametrize(
    ("size", "shape", "black_rows", "black_columns"),
    [
        (FrameSize(320, 320), (320, 320), 0, 0),
        (FrameSize(320, 320, "letterbox"), (320, 320), 160, 0),
        (FrameSize(80, 20, "letterbox"), (20, 80), 0, 40),
        (FrameSize(41, 41, "letterbox"), (41, 41), 21, 0),
        (FrameSize(1, 1, "letterbox"), (1, 1), 0, 0),
        (FrameSize(7, 5), (5, 7), 0, 0),
        (None, (20, 40), 0, 0),
    ],
)
def test_sizes(size, shape, black_rows, black_columns):
    white = av.VideoFrame.from_ndarray(np.full((20, 40, 3), 255, np.uint8))
    shown = picture_of(white).rgb(size)
    assert shown.shape == (*shape, 3)
    assert shown.dtype == np.uint8
    black = shown.max(axis=2) == 0
    assert (black.all(axis=1).sum(), black.all(axis=0).sum()) == (black_rows, black_columns)
    if black_rows:
        above, below = np.argmin(black[:, 0]), np.argmin(black[::-1, 0])
        assert abs(above - below) <= 1


def test_a_picture_of_one_pixel_fills_any_size():
    dot = av.VideoFrame.from_ndarray(np.full((1, 1, 3), 200, np.uint8))
    assert np.abs(picture_of(dot).rgb(FrameSize(64, 48)).astype(int) - 200).max() <= 1


def test_shrinking_averages():
    """Alternating columns become grey: nothing is skipped."""
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    shown = picture_of(av.VideoFrame.from_ndarray(stripes)).rgb(FrameSize(16, 16))
    assert np.abs(shown.astype(int) - 127).max() <= 2


@pytest.mark.parametrize(
    ("aspect", "expected"),
    [
        (None, (320, 240)),
        (Fraction(1), (320, 240)),
        (Fraction(640, 639), (320, 240)),
        (Fraction(4, 3), (427, 240)),
        (Fraction(3, 4), (320, 320)),
        (Fraction(0), (320, 240)),
        (Fraction(1000), (320, 240)),
    ],
)
def test_pixels_become_square_by_growing(aspect, expected):
    assert square_pixels(320, 240, aspect) == expected


def test_a_scaler_keeps_its_set_ups_apart():
    scaler, frame = Scaler(), av.VideoFrame.from_ndarray(quadrants())
    first = scaler.convert(frame, width=10, height=10)
    assert scaler.convert(frame, width=40, height=20).shape == (20, 40, 3)
    np.testing.assert_array_equal(scaler.convert(frame, width=10, height=10), first)


def test_an_impossible_size_is_refused():
    with pytest.raises(ValueError, match="at least 1 x 1 pixels, got 0 x 10"):
        FrameSize(0, 10)


def test_an_unknown_fit_is_refused():
    with pytest.raises(ValueError, match="by squash or letterbox, got 'crop'"):
        FrameSize(10, 10, "crop")
