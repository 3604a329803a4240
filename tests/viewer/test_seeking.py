"""The page's player and the pictures: clips carry their time, the screen is read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from action100m.record import Record
from action100m.tree import Tree
from action100m.video.video import VideoMetadata
from action100m.viewer.report import write_report
from support.clips import time_code_picture, write_clip
from support.trees import split_tree

EVEN = [index / 30 for index in range(90)]
UNEVEN = np.cumsum([0.0, *np.random.default_rng(0).choice([1 / 60, 1 / 30, 1 / 15, 0.4], 60, p=[0.3, 0.3, 0.35, 0.05])]).round(4).tolist()

VP9 = {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8"}}
CLIPS = {
    "constant rate": ("clip.mp4", EVEN, {}),
    "variable rate": ("clip.mp4", UNEVEN, {}),
    "variable rate, VP9": ("clip.webm", UNEVEN, VP9),
    "B-frames, long key frame interval": ("clip.mp4", EVEN, {"options": {"bf": "3", "g": "250"}}),
    "starts after its sound": ("clip.mp4", EVEN, {"start": 0.7, "audio": (0.0, 3.7)}),
    "starts after its sound, WebM": ("clip.webm", EVEN, {**VP9, "start": 0.7, "audio": (0.0, 3.7)}),
    "rotated by 90": ("clip.mp4", EVEN, {"rotation": 90}),
    "rotated by 180": ("clip.mp4", EVEN, {"rotation": 180}),
    "rotated by 270, variable rate": ("clip.mov", UNEVEN, {"rotation": 270}),
    "rendered: starts at 1.5 s": ("clip.mp4", EVEN, {"start": 1.5}),
    "rendered: HEVC": ("clip.mp4", EVEN, {"codec": "libx265", "options": {"x265-params": "log-level=none"}}),
    "rendered: mirrored": ("clip.mp4", EVEN, {"mirror": True}),
    "rendered: MPEG-TS, variable rate, starts at 100 s": ("clip.ts", UNEVEN, {"start": 100.0}),
    "rendered: MKV, rotated by 90": ("clip.mkv", EVEN, {"rotation": 90}),
    "rendered: 4:4:4": ("clip.mp4", UNEVEN, {"pixel_format": "yuv444p"}),
}


def make_report(folder: Path, clip: str) -> tuple[Path, Tree]:
    name, seconds, options = CLIPS[clip]
    path = write_clip(folder / name, (time_code_picture(second) for second in seconds), seconds=seconds, **options)
    tree = cut_between_frames(seconds)
    _, page = write_report([Record("clip", VideoMetadata(), tree)], folder / "page", videos={"clip": str(path)})
    return page, tree


def cut_between_frames(seconds: list[float]) -> Tree:
    """Cuts lie where the engine puts them: halfway between sampled frames, four apart, which at a constant rate is a frame's own time."""
    middles = [(seconds[index] + seconds[index + 4]) / 2 for index in range(0, len(seconds) - 4, 4)]
    first, second, third = middles[len(middles) // 2], middles[2], middles[-2]
    return split_tree(0.0, seconds[-1] + 1 / 30, ("", first), ("0", second), ("1", third))


@pytest.mark.parametrize("clip", CLIPS)
def test_a_click_shows_the_frame_that_the_segment_starts_with(clip, tmp_path, visit):
    path, tree = make_report(tmp_path, clip)
    page = visit(path)
    seconds = np.array(CLIPS[clip][1])
    for node in tree.leaves()[::-1]:  # their starts are all the cuts
        page.click(node.id)
        expected = seconds[np.searchsorted(seconds, node.start + 1e-6) - 1]  # the frame on screen at that time
        assert page.shown_time() == pytest.approx(expected, abs=0.001), node.start
        assert page.page.evaluate("document.querySelector('video').paused")


def record_frames(page, milliseconds: int) -> list[float]:
    """Play and return the media time of every frame that was shown, in order."""
    return page.page.evaluate(
        """async (milliseconds) => {
            const video = document.querySelector('video');
            const seen = [];
            const note = (_, frame) => { seen.push(frame.mediaTime); video.requestVideoFrameCallback(note); };
            video.requestVideoFrameCallback(note);
            await video.play();
            await new Promise(done => setTimeout(done, milliseconds));
            return seen;
        }""",
        milliseconds,
    )


@pytest.mark.parametrize(("clip", "offset"), [("constant rate", 0.0), ("starts after its sound", 0.7)])
def test_a_segment_loops_until_the_loop_is_switched_off(clip, offset, tmp_path, visit):
    path, tree = make_report(tmp_path, clip)
    page = visit(path)
    left, right = tree.nodes[3], tree.nodes[4]
    page.click(left.id)
    seen = np.array(record_frames(page, 1500)) - offset
    assert seen.min() >= left.start - 1e-3
    assert seen.max() <= left.end + 0.25, "a frame beyond the end, a few more where the machine is busy"
    assert (np.diff(seen) < 0).sum() >= 2, "it came back again and again"

    page.press("l")
    assert max(record_frames(page, 1200)) - offset > right.start + 0.2


def test_the_last_segment_loops_too_although_the_video_ends_with_it(tmp_path, visit):
    path, tree = make_report(tmp_path, "constant rate")
    page = visit(path)
    last = tree.nodes[-1]
    page.click(last.id)
    seen = np.array(record_frames(page, 1500))
    assert seen.min() >= last.start - 1e-3
    assert (np.diff(seen) < 0).sum() >= 2


def test_a_reader_who_seeks_out_of_the_segment_is_left_there(tmp_path, visit):
    path, tree = make_report(tmp_path, "constant rate")
    page = visit(path)
    page.click(tree.nodes[3].id)
    page.page.evaluate("document.querySelector('video').currentTime = 2.0")
    page.settle()
    assert min(record_frames(page, 500)) >= 1.9


def test_a_click_plays_unless_less_motion_is_wanted(tmp_path, visit):
    path, tree = make_report(tmp_path, "constant rate")
    page = visit(path, autoplay=True)
    assert page.page.evaluate("document.querySelector('video').paused"), "nothing plays by itself"
    page.click(tree.root.id)
    assert not page.page.evaluate("document.querySelector('video').paused")


def test_a_link_may_name_a_time(tmp_path, visit):
    path, tree = make_report(tmp_path, "starts after its sound")
    page = visit(path, fragment="#t=2.5")
    assert page.shown_time() == pytest.approx(2.5, abs=0.001)
    chosen = tree[page.selected]
    assert chosen.start <= 2.5 < chosen.end
    assert tree.is_leaf(chosen)
