"""Which files are linked, which rendered, and that a rendered one keeps every frame's time."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from action100m.errors import MissingVideoError, NotAVideoError, VideoError
from action100m.video.decode import DecodeReport, SampleConfig, open_frames
from action100m.viewer import media
from action100m.viewer.media import prepare_video
from support.clips import read_time_code, time_code_picture, write_clip

EVEN = [index / 25 for index in range(30)]
UNEVEN = np.cumsum([0.0, *np.random.default_rng(1).choice([0.011, 0.04, 0.1, 0.7], 29, p=[0.3, 0.4, 0.2, 0.1])]).round(3).tolist()
VP9 = {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8"}}


def clip(folder: Path, name: str, seconds=EVEN, *, width=160, height=120, **options) -> Path:
    return write_clip(folder / name, (time_code_picture(second, width=width, height=height) for second in seconds), seconds=seconds, **options)


def decode(path: Path) -> tuple[list[float], DecodeReport]:
    """The times that are burnt into the pictures, and what the container says."""
    with open_frames(str(path), SampleConfig(every=1)) as pictures:
        burnt_in = [read_time_code(picture.rgb()) for picture in pictures]
    return burnt_in, pictures.report


@pytest.mark.parametrize(
    ("name", "options", "suffix"),
    [
        ("h264.mp4", {}, ".mp4"),
        ("turned.mp4", {"rotation": 90}, ".mp4"),
        ("vp9.webm", VP9, ".webm"),
        ("vp8.webm", {**VP9, "codec": "libvpx"}, ".webm"),
        ("webm-inside.mp4", {**VP9, "container": "webm"}, ".webm"),
        ("av1.mp4", {"codec": "libsvtav1", "options": {"preset": "12", "svtav1-params": "lp=1"}}, ".mp4"),
    ],
)
def test_what_browsers_play_is_linked(name, options, suffix, tmp_path):
    path = clip(tmp_path, name, **options)
    video = prepare_video(str(path), tmp_path / "media")
    assert video.path.samefile(path)
    assert video.path.suffix == suffix
    assert video.offset == 0


def test_a_link_through_a_symbolic_one_leads_to_the_file(tmp_path):
    path = clip(tmp_path, "clip.mp4")
    (tmp_path / "link.mp4").symlink_to(path.name)
    video = prepare_video(str(tmp_path / "link.mp4"), tmp_path / "media")
    assert not video.path.is_symlink()
    assert video.path.samefile(path)


def test_pictures_that_start_after_the_sound_have_an_offset(tmp_path):
    path = clip(tmp_path, "late.mp4", start=0.6, audio=(0.0, 2.0))
    video = prepare_video(str(path), tmp_path / "media")
    assert video.path.samefile(path)
    assert video.offset == pytest.approx(0.6, abs=1e-4)


RENDERED = {
    "hevc.mp4": {"codec": "libx265", "options": {"x265-params": "log-level=none"}},
    "444.mp4": {"pixel_format": "yuv444p"},
    "10-bit.mp4": {"pixel_format": "yuv420p10le"},
    "mpeg4.avi": {"codec": "mpeg4"},
    "h264.mkv": {},
    "h264.ts": {"start": 50.0},
    "mirrored.mp4": {"mirror": True},
    "turned.mkv": {"rotation": 270},
    "starts-late.mp4": {"start": 2.0},
    "prores.mov": {"codec": "prores_ks", "pixel_format": "yuv422p10le"},
}


@pytest.mark.parametrize("name", RENDERED)
def test_what_they_do_not_play_is_rendered_frame_by_frame(name, tmp_path):
    seconds = EVEN if name.endswith(".avi") else UNEVEN
    path = clip(tmp_path, name, seconds, **RENDERED[name])
    video = prepare_video(str(path), tmp_path / "media")
    (_, source), (burnt_in, made) = decode(path), decode(video.path)
    assert video.offset == made.player_offset == 0
    np.testing.assert_allclose(made.presented, source.presented, atol=1e-5)
    np.testing.assert_allclose(burnt_in, seconds, atol=1e-3)
    assert made.end == pytest.approx(source.end, abs=1e-4)
    assert (made.width, made.height) == (source.width, source.height)
    with av.open(str(video.path)) as container:
        (stream,) = container.streams
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
    assert prepare_video(str(video.path), tmp_path / "again").path.samefile(video.path), "and is played as it is"


@pytest.mark.parametrize(("size", "rendered"), [((161, 121), (160, 120)), ((1, 1), (2, 2)), ((1600, 200), (1280, 160))])
def test_a_rendered_picture_is_even_and_no_larger_than_a_page(size, rendered, tmp_path):
    width, height = size
    path = clip(tmp_path, "clip.mkv", width=width, height=height, pixel_format="yuv444p")
    with open_frames(str(prepare_video(str(path), tmp_path / "media").path)) as pictures:
        first = next(pictures)
    assert (first.width, first.height) == rendered


def test_colours_survive_rendering(tmp_path):
    colours = np.array([[[200, 30, 40], [30, 160, 60]], [[40, 60, 210], [220, 200, 40]]], np.uint8).repeat(60, 0).repeat(80, 1)
    path = write_clip(tmp_path / "clip.mkv", [colours] * 20)
    with open_frames(str(prepare_video(str(path), tmp_path / "media").path)) as pictures:
        seen = next(pictures).rgb()
    np.testing.assert_allclose(seen[30::60, 40::80], colours[30::60, 40::80], atol=8)


def test_a_second_report_makes_nothing_again(tmp_path, monkeypatch):
    paths = [clip(tmp_path, "clip.mkv"), clip(tmp_path, "clip.mp4")]
    first = [prepare_video(str(path), tmp_path / "media") for path in paths]
    monkeypatch.setattr(media, "render_h264", None)
    monkeypatch.setattr(media, "_link", None)
    paths[0].rename(tmp_path / "renamed.mkv")
    assert [prepare_video(str(path), tmp_path / "media") for path in (tmp_path / "renamed.mkv", paths[1])] == first


def test_a_changed_file_is_another_file(tmp_path):
    first = prepare_video(str(clip(tmp_path, "clip.mkv")), tmp_path / "media")
    second = prepare_video(str(clip(tmp_path, "clip.mkv", UNEVEN)), tmp_path / "media")
    assert first.path != second.path


def test_where_links_cannot_be_made_the_file_is_copied(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError("Invalid cross-device link")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    path = clip(tmp_path, "clip.mp4")
    video = prepare_video(str(path), tmp_path / "media")
    assert not video.path.samefile(path)
    assert video.path.read_bytes() == path.read_bytes()


def test_a_damaged_file_is_rendered_because_players_stop_at_errors(tmp_path):
    path = clip(tmp_path, "clip.mp4")
    video = prepare_video(str(path), tmp_path / "media", damaged=True)
    assert video.path.name.endswith("-rendered.mp4")


def test_a_rendering_that_breaks_off_leaves_nothing(tmp_path, monkeypatch):
    def break_off(_, target):
        target.write_bytes(b"half a vid")
        raise VideoError("the disk was pulled out")

    monkeypatch.setattr(media, "render_h264", break_off)
    with pytest.raises(VideoError):
        prepare_video(str(clip(tmp_path, "clip.mkv")), tmp_path / "media")
    assert list((tmp_path / "media").iterdir()) == []


def test_what_is_no_video_is_said(tmp_path):
    with pytest.raises(MissingVideoError):
        prepare_video(str(tmp_path / "none.mp4"), tmp_path / "media")
    (tmp_path / "text.mp4").write_text("this is a text and no video " * 99)
    with pytest.raises(NotAVideoError):
        prepare_video(str(tmp_path / "text.mp4"), tmp_path / "media")
