"""The demo video is what it says: the same each time, cut where it says, and told by its side-cars."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pysubs2
import pytest
from PIL import Image

import render_demo
from action100m.embeddings import Embeddings, frame_edges
from action100m.models.weightless.descriptor import DescriptorConfig
from action100m.stages.embed import EmbedConfig, embed_frames
from action100m.stages.segment import segment
from render_demo import FPS, picture_at, steps


def _change(before: int, after: int) -> float:
    """Mean absolute difference of two frames, in grey levels."""
    return float(np.abs(picture_at(after).astype(int) - picture_at(before)).mean())


def test_steps_follow_each_other_from_zero_on_whole_frames() -> None:
    assert steps()[0].start == 0
    assert all(a.end == b.start for a, b in pairwise(steps()))
    assert 30 <= steps()[-1].end <= 45
    assert all(step.end * FPS == pytest.approx(round(step.end * FPS)) for step in steps())


def test_each_step_starts_with_a_hard_cut() -> None:
    for step in steps()[1:]:
        cut = round(step.start * FPS)
        inside = [_change(k - 1, k) for k in (cut - 8, cut - 4, cut + 4, cut + 8)]
        assert _change(cut - 1, cut) > 20 > 4 * max(inside)


def test_the_tree_over_it_has_every_cut_among_its_upper_levels() -> None:
    seconds, end = np.arange(0, steps()[-1].end, 4 / FPS), steps()[-1].end
    encoder = DescriptorConfig().load()
    pictures = (Image.fromarray(picture_at(4 * k)) for k in range(len(seconds)))
    frames = (np.asarray(picture.resize((encoder.frame_size.width, encoder.frame_size.height), Image.Resampling.BOX)) for picture in pictures)
    vectors = embed_frames(frames, encoder, EmbedConfig())
    tree = segment(Embeddings(vectors, frame_edges(seconds, end)), uid="demo")
    levels = {node.start: node.level for node in reversed(tree.nodes)}
    for step in steps()[1:]:
        nearest = min(levels, key=lambda start: abs(start - step.start))
        assert nearest == pytest.approx(step.start, abs=4 / FPS), step.title
        assert levels[nearest] <= 6, step.title


def test_something_moves_in_every_second_of_every_step() -> None:
    for step in steps():
        for second in np.arange(step.start, step.end - 1, 1):
            assert _change(round(second * FPS), round(second * FPS) + 24) > 0.05, f"{step.title} stands still at {second} s"


def test_the_same_file_comes_out_each_time_and_holds_the_pictures(tmp_path: Path) -> None:
    first, second = tmp_path / "first.mp4", tmp_path / "second.mp4"
    render_demo.write_video(first, frames=12)
    render_demo.write_video(second, frames=12)
    assert first.read_bytes() == second.read_bytes()
    with av.open(str(first)) as container:
        frames = [(frame.time, frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
    assert [time for time, _ in frames] == pytest.approx(np.arange(12) / FPS)
    assert np.abs(frames[11][1].astype(int) - picture_at(11)).mean() < 4


def test_subtitles_tell_every_step_in_its_own_time() -> None:
    cues = pysubs2.SSAFile.from_string(render_demo.transcript(), format_="vtt")
    spoken = [(cue.start / 1000, cue.end / 1000, cue.plaintext) for cue in cues]
    assert spoken == [cue for step in steps() for cue in step.cues()]
    assert all(step.start < start < end < step.end for step in steps() for start, end, _ in step.cues())


def test_all_three_files_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render_demo, "write_video", lambda path, *, frames: path.write_bytes(bytes(frames % 256)))
    render_demo.main(tmp_path / "new" / "demo")
    assert sorted(path.name for path in (tmp_path / "new" / "demo").iterdir()) == ["cooking.info.json", "cooking.mp4", "cooking.vtt"]
    metadata = json.loads((tmp_path / "new" / "demo" / "cooking.info.json").read_text())
    assert metadata["duration"] == steps()[-1].end
    assert metadata["id"]
