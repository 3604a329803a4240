"""Headers are read right, and what they cannot tell is said."""

from __future__ import annotations

import pytest

from action100m.errors import EmptyVideoError, MissingVideoError, VideoError
from action100m.run.plan.probe import probe
from action100m.video.decode import SampleConfig, open_frames
from support.clips import time_code_pictures, write_clip


def test_a_header_tells_what_decoding_finds(tmp_path):
    path = write_clip(tmp_path / "clip.mp4", time_code_pictures([k / 12 for k in range(30)]), fps=12)
    header = probe(str(path))
    assert (header.frames, header.width, header.height) == (30, 320, 240)
    assert header.seconds == pytest.approx(2.5)
    with open_frames(str(path)) as stream:
        assert header.count_samples(SampleConfig()) == len(list(stream)) == 8


def test_a_file_that_is_none_is_refused(tmp_path):
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(EmptyVideoError):
        probe(str(tmp_path / "empty.mp4"))
    with pytest.raises(MissingVideoError):
        probe(str(tmp_path / "nowhere.mp4"))


def test_headers_of_real_videos_agree_with_what_is_known_of_them(shared):
    for name, seconds, frames in [
        ("eggs_recipe_70s.mp4", 70.43, 1687),
        ("screen_web_webm_101s.webm", 100.92, 2523),
        ("drummer_portrait.mp4", 36.32, 1090),
    ]:
        header = probe(str(shared / "data" / "videos" / name))
        assert header.seconds == pytest.approx(seconds, rel=0.01)
        assert header.frames == pytest.approx(frames, rel=0.01)


def test_a_header_without_a_duration_is_refused(shared):
    with pytest.raises(VideoError, match="no duration"):
        probe(str(shared / "data" / "videos" / "odd_no_duration.webm"))


def test_a_header_that_lies_is_not_believed(shared):
    """143,165 s by the header of the container, 30 frames in truth."""
    assert probe(str(shared / "data" / "videos" / "odd_huge_duration_frag.mp4")).seconds < 10
