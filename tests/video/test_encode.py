"""Written frames keep their times and their pictures, and the same frames give the same bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from action100m.video.decode import SampleConfig, open_frames
from action100m.video.encode import H264Writer, even_size, to_yuv
from support.clips import read_time_code, time_code_pictures, write_clip

UNEVEN = [0.0, 0.011, 0.3, 0.35, 1.2, 1.2334]


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mkv", time_code_pictures(UNEVEN, width=163, height=121), seconds=UNEVEN, codec="ffv1", pixel_format="bgr0")


def _write(clip: Path, target: Path, *, longest_side: int | None = None) -> Path:
    with open_frames(str(clip), SampleConfig(every=1)) as pictures:
        first = next(pictures)
        size = even_size(first, longest_side=longest_side)
        with H264Writer(target, size, crf=18) as writer:
            writer.add(to_yuv(first, size), first.seconds)
            for picture in pictures:
                writer.add(to_yuv(picture, size), picture.seconds)
            writer.finish(2.0)
    return target


def test_frames_keep_their_times_and_pictures(clip: Path, tmp_path: Path) -> None:
    with open_frames(str(_write(clip, tmp_path / "out.mp4")), SampleConfig(every=1)) as pictures:
        shown = [(picture.seconds, read_time_code(picture.rgb())) for picture in pictures]
        assert pictures.report.end == pytest.approx(2.0, abs=1e-4)
    assert np.array(shown)[:, 0] == pytest.approx([round(second, 3) for second in UNEVEN], abs=1e-3)
    assert np.array(shown)[:, 1] == pytest.approx([round(second, 3) for second in UNEVEN])


@pytest.mark.parametrize(("longest_side", "size"), [(None, (164, 120)), (80, (80, 60)), (1000, (164, 120))])
def test_sizes_are_even_and_only_shrink(clip: Path, tmp_path: Path, longest_side: int | None, size: tuple[int, int]) -> None:
    with open_frames(str(_write(clip, tmp_path / "out.mp4", longest_side=longest_side)), SampleConfig(every=1)) as pictures:
        picture = next(pictures)
    assert (picture.width, picture.height) == size


def test_the_same_frames_give_the_same_bytes(clip: Path, tmp_path: Path) -> None:
    assert _write(clip, tmp_path / "a.mp4").read_bytes() == _write(clip, tmp_path / "b.mp4").read_bytes()


def test_frames_too_close_for_the_clock_stay_in_order(clip: Path, tmp_path: Path) -> None:
    with open_frames(str(clip), SampleConfig(every=1)) as pictures:
        first = next(pictures)
    size = even_size(first, longest_side=None)
    with H264Writer(tmp_path / "out.mp4", size, crf=18) as writer:
        for seconds in (0.0, 1e-7, 2e-7, 1.0):
            writer.add(to_yuv(first, size), seconds)
        writer.finish(1.5)
    with open_frames(str(tmp_path / "out.mp4"), SampleConfig(every=1)) as pictures:
        assert len(list(pictures)) == 4
