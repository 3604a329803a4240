"""Interlaced frames come out whole, one for one."""

from __future__ import annotations

import numpy as np
import pytest

from action100m.video.decode import SampleConfig, open_frames
from support.clips import write_clip

FIELDS = {"flags": "+ildct+ilme", "crf": "5"}
FRAMES = 7


def bar(position):
    picture = np.full((120, 160, 3), 40, np.uint8)
    picture[:, position : position + 20] = 220
    return picture


def woven():
    """Each frame holds two moments of a bar in steady motion. The encoder marks the odd rows as the earlier one."""
    for index in range(FRAMES):
        picture = bar(20 * index + 10)
        picture[1::2] = bar(20 * index)[1::2]
        yield picture


def combing(picture):
    """How much neighbouring rows differ where rows two apart do not."""
    rows = picture[..., 0].astype(float)
    return np.abs(rows[1:-1] - (rows[:-2] + rows[2:]) / 2).mean()


def read(path):
    with open_frames(str(path), SampleConfig(every=1)) as stream:
        return [(picture.seconds, picture.rgb()) for picture in stream]


@pytest.mark.parametrize("name", ["fields.mp4", "fields.ts"])
def test_interlaced_frames_lose_their_combs_and_keep_their_times(tmp_path, name):
    pictures = read(write_clip(tmp_path / name, woven(), fps=10, options=FIELDS))
    assert [seconds for seconds, _ in pictures] == pytest.approx([index / 10 for index in range(FRAMES)])
    assert min(combing(picture) for picture in woven()) > 20
    for index, (_, picture) in enumerate(pictures):
        assert combing(picture) < 3
        assert np.abs(picture.astype(int) - bar(20 * index)).mean() < 4


def test_frames_not_marked_as_interlaced_are_left_alone(tmp_path):
    pictures = read(write_clip(tmp_path / "plain.mp4", woven(), fps=10, options={"crf": "5"}))
    assert all(combing(picture) > 20 for _, picture in pictures)


def test_a_clip_that_turns_interlaced_and_back_keeps_every_frame(tmp_path):
    plain = write_clip(tmp_path / "1.ts", woven(), fps=10, options={"crf": "5"})
    fields = write_clip(tmp_path / "2.ts", woven(), fps=10, options=FIELDS)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(plain.read_bytes() + fields.read_bytes() + plain.read_bytes())
    pictures = read(joined)
    assert [seconds for seconds, _ in pictures] == pytest.approx([index / 10 for index in range(3 * FRAMES)])
    assert [combing(picture) > 20 for _, picture in pictures] == [True] * FRAMES + [False] * FRAMES + [True] * FRAMES
