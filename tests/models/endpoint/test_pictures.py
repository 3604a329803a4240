"""Frames in data URLs: the pixels and times that come out are those that went in."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest
from PIL import Image

from action100m.models.endpoint.pictures import clip_url, jpeg_url
from action100m.video.video import Frames
from support.chat_server import read_url


def picture(level: int, *, height: int = 64, width: int = 96):
    """A red ramp over a blue of the given level, with a sharp green square."""
    data = np.zeros((height, width, 3), np.uint8)
    data[..., 0] = np.linspace(0, 200, width).astype(np.uint8)
    data[..., 2] = level
    data[8:24, 8:24] = (0, 255, 0)
    return data


def frames(*seconds: float, **size) -> Frames:
    return Frames(np.stack([picture(10 + 200 * place // len(seconds), **size) for place in range(len(seconds))]), np.array(seconds))


def decode_jpeg(url: str):
    return np.asarray(Image.open(io.BytesIO(read_url(url, "image/jpeg"))))


def error_of(one, other) -> float:
    return float(np.abs(one.astype(float) - other).mean())


def play(url: str):
    """Return the codec, the decoded pictures, their times, and the length in seconds."""
    with av.open(io.BytesIO(read_url(url, "video/mp4"))) as container:
        stream = container.streams.video[0]
        shown = [(frame.to_ndarray(format="rgb24"), float(frame.pts * frame.time_base)) for frame in container.decode(stream)]
        return stream.codec_context.name, [data for data, _ in shown], [time for _, time in shown], float(stream.duration * stream.time_base)


def test_jpeg_shows_the_picture():
    assert error_of(decode_jpeg(jpeg_url(picture(100), quality=95)), picture(100)) < 1.5


def test_colours_are_as_sharp_as_brightness():
    stripes = np.zeros((32, 32, 3), np.uint8)
    stripes[:, ::2], stripes[:, 1::2] = (255, 0, 0), (0, 130, 0)  # as bright as each other
    assert error_of(decode_jpeg(jpeg_url(stripes, quality=95)), stripes) < 5


def test_lower_quality_is_smaller():
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    assert len(jpeg_url(noise, quality=30)) < 0.6 * len(jpeg_url(noise, quality=90))


def test_clip_shows_each_frame_at_its_own_time():
    given = frames(10.0, 10.5, 11.1, 12.0, 12.04, 14.0)
    codec, pictures, times, duration = play(clip_url(given))
    assert codec == "h264"
    assert times == pytest.approx([0.0, 0.5, 1.1, 2.0, 2.04, 4.0], abs=1e-4)
    assert duration == pytest.approx(4.0 + 4.0 / 5, abs=1e-3)
    for shown, meant in zip(pictures, given.data, strict=True):
        assert error_of(shown, meant) < 6
    assert all(error_of(pictures[0], other) > 5 for other in pictures[1:])


def test_clip_of_one_frame_lasts_a_second():
    _, pictures, times, duration = play(clip_url(frames(3.0)))
    assert (len(pictures), times, duration) == (1, [0.0], pytest.approx(1.0))


def test_odd_sizes_are_padded_by_repeating_the_edge():
    given = frames(0.0, 1.0, height=33, width=47)
    _, pictures, _, _ = play(clip_url(given))
    assert pictures[0].shape == (34, 48, 3)
    assert error_of(pictures[0][:33, :47], given.data[0]) < 6


def test_the_same_frames_make_the_same_bytes():
    given = frames(0.0, 0.5, 2.0)
    assert clip_url(given) == clip_url(given)
