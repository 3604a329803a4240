"""Clips hold exactly the frames of their segment, and shards are whole, bounded and the same again. Read back by webdataset, PyAV and Pillow."""

from __future__ import annotations

import gc
import io
import json
import tarfile
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import webdataset
from PIL import Image

from action100m.dataset.export import webdataset as module
from action100m.dataset.export.export import export
from action100m.dataset.export.webdataset import WebDataset
from action100m.dataset.io import write_records
from action100m.errors import ConfigError, DataSetError
from action100m.record import Record, TextField
from support.clips import read_time_code, time_code_pictures, write_clip
from support.records import make_annotation, make_metadata, make_record
from support.trees import split_tree

EVERY_NODE: tuple[TextField, ...] = ("brief_action", "clip_action")
"""Texts one of which each node of `make_record` has."""


def _write_video(path: Path, seconds: Sequence[float], **options: Any) -> Path:
    return write_clip(path, time_code_pictures(seconds, width=160, height=120), seconds=seconds, **options)


def _read_samples(report: Any) -> dict[str, dict[str, Any]]:
    shards = [file for file in report.files if file.endswith(".tar")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # webdataset leaves closing its files to the garbage collector
        samples = {sample["__key__"]: sample for sample in webdataset.WebDataset(shards, shardshuffle=False)}
        gc.collect()
    return samples


def _shown_in(clip: bytes) -> tuple[list[float], list[float], float]:
    """The times that its pictures show, its presentation times, and where it ends."""
    with av.open(io.BytesIO(clip)) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        end = float((stream.start_time + stream.duration) * stream.time_base)
    return [read_time_code(frame.to_ndarray(format="rgb24")) for frame in frames], [float(frame.pts * frame.time_base) for frame in frames], end


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "mine.parquet"
    write_records([make_record("omelette")], path)
    return path


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _write_video(tmp_path_factory.mktemp("videos") / "omelette.mp4", [k / 10 for k in range(160)])


def _uneven() -> Iterator[float]:
    """Frames 5 to 400 ms apart, one of them exactly at 10.0, where the root is cut."""
    steps = np.random.default_rng(7).integers(5, 400, 200) / 1000
    before = np.round(10.0 - np.cumsum(steps)[::-1], 3)
    yield 0.0
    yield from before[before > 0.004].tolist()
    yield from (10.0 + np.round(np.cumsum([0, *steps]), 3)).tolist()


UNEVEN = [second for second in _uneven() if second < 16]


@pytest.mark.parametrize(
    ("seconds", "options"),
    [
        ([k / 10 for k in range(160)], {}),
        ([k / 10 for k in range(160)], {"options": {"bf": "3", "g": "30"}, "start": 1.4}),
        (UNEVEN, {"options": {"bf": "2"}}),
    ],
    ids=["steady", "reordered-frames", "variable-rate"],
)
def test_a_clip_holds_exactly_the_frames_presented_in_its_segment(data: Path, tmp_path: Path, seconds: list[float], options: dict[str, Any]) -> None:
    video = _write_video(tmp_path / "omelette.mp4", seconds, **options)
    report = export(data, tmp_path / "out", format="webdataset", fields=EVERY_NODE, videos={"omelette": str(video)})
    assert (report.videos, report.segments, report.failures) == (1, 7, ())
    samples = _read_samples(report)
    assert len(samples) == 7
    for sample in samples.values():
        about = json.loads(sample["json"])
        expected = [second for second in seconds if about["start"] <= second < about["end"]]
        shown, times, end = _shown_in(sample["mp4"])
        assert shown == pytest.approx(expected, abs=0.0006)
        assert times == pytest.approx([second - expected[0] for second in expected], abs=1e-4)
        assert about["seconds"] == pytest.approx(expected, abs=1e-4)
        assert about["frames"] == len(expected) > 0
        if about["end"] < 16:
            assert end == pytest.approx(about["end"] - expected[0], abs=1e-4)


def test_the_frames_of_a_tree_are_shared_out_without_a_gap_or_a_double(data: Path, tmp_path: Path) -> None:
    video = _write_video(tmp_path / "omelette.mp4", UNEVEN)
    report = export(data, tmp_path / "out", format="webdataset", fields=EVERY_NODE, videos={"omelette": str(video)})
    about = [json.loads(sample["json"]) for sample in _read_samples(report).values()]
    halves = sorted((one for one in about if one["level"] == 1), key=lambda one: one["start"])
    (root,) = [one for one in about if one["level"] == 0]
    assert [*halves[0]["seconds"], *halves[1]["seconds"]] == root["seconds"]
    assert halves[1]["seconds"][0] == pytest.approx(10.0, abs=1e-9)  # the frame at the cut belongs to the right


def test_a_boundary_that_was_a_frame_keeps_it_in_float32(tmp_path: Path) -> None:
    """The data set holds 33 / 29.97 as float32, which is a bit more than the frame's time in float64."""
    frames = [k * 1001 / 30_000 for k in range(90)]
    assert float(np.float32(frames[37])) > frames[37]
    write_records([Record("ntsc", make_metadata(), _described(frames[37], 3.0))], tmp_path / "ntsc.parquet")
    video = write_clip(tmp_path / "ntsc.mp4", time_code_pictures(frames, width=160, height=120), fps=30_000 / 1001)
    report = export(tmp_path / "ntsc.parquet", tmp_path / "out", format="webdataset", fields=["clip_action"], videos={"ntsc": str(video)})
    right = next(one for one in map(_about, _read_samples(report).values()) if one["start"] > 0)
    assert right["seconds"][0] == pytest.approx(frames[37], abs=1e-6)


def _described(cut: float, end: float) -> Any:
    return split_tree(0.0, end, ("", cut)).update(lambda node: replace(node, clip_action="Wave"))


def _about(sample: dict[str, Any]) -> dict[str, Any]:
    about: dict[str, Any] = json.loads(sample["json"])
    return about


def test_texts_come_with_the_clip(data: Path, steady: Path, tmp_path: Path) -> None:
    report = export(data, tmp_path / "out", format="webdataset", videos={"omelette": str(steady)})
    (root,) = [sample for sample in _read_samples(report).values() if _about(sample)["level"] == 0]
    assert root["txt"] == b"Whisk the eggs"
    about = _about(root)
    assert (about["uid"], about["start"], about["end"], about["actor"]) == ("omelette", 0.0, 16.0, "a cook")
    assert report.segments == 3  # the annotated ones


def test_frames_are_the_first_and_then_the_first_due(data: Path, steady: Path, tmp_path: Path) -> None:
    config = WebDataset(media="frames", rate=1.0, longest_side=80)
    report = export(data, tmp_path / "out", format=config, fields=EVERY_NODE, videos={"omelette": str(steady)})
    samples = _read_samples(report)
    assert len(samples) == 7
    for sample in samples.values():
        about = _about(sample)
        pictures = [Image.open(io.BytesIO(sample[name])) for name in sorted(sample) if name.endswith(".jpg")]
        shown = [read_time_code(np.asarray(picture)) for picture in pictures]
        expected = np.arange(about["start"], about["end"], 1.0)
        assert shown == pytest.approx(expected)
        assert about["seconds"] == pytest.approx(expected)
        assert pictures[0].size == (80, 60)


def test_shards_are_bounded_and_the_same_again(data: Path, steady: Path, tmp_path: Path) -> None:
    settings = WebDataset(max_samples=3)
    first, second = (export(data, tmp_path / name, format=settings, fields=EVERY_NODE, videos={"omelette": str(steady)}) for name in ("a", "b"))
    names = [Path(file).name for file in first.files]
    assert names == ["shard-000000.tar", "shard-000001.tar", "shard-000002.tar"]
    assert [Path(file).read_bytes() for file in first.files] == [Path(file).read_bytes() for file in second.files]
    assert [_count(file) for file in first.files] == [3, 3, 1]


def test_a_shard_ends_before_it_is_too_large(data: Path, steady: Path, tmp_path: Path) -> None:
    whole = export(data, tmp_path / "whole", format="webdataset", fields=EVERY_NODE, videos={"omelette": str(steady)})
    sizes = [sum(512 + -(-one.size // 512) * 512 for one in sample) for sample in _members(whole.files[0])]
    most = max(sizes) + min(sizes)
    bounded = export(data, tmp_path / "out", format=WebDataset(max_bytes=most), fields=EVERY_NODE, videos={"omelette": str(steady)})
    assert len(bounded.files) > 2
    assert all(sum(512 + -(-one.size // 512) * 512 for sample in _members(file) for one in sample) <= most for file in bounded.files)
    assert _read_samples(bounded).keys() == _read_samples(whole).keys()


def _members(shard: str) -> list[list[tarfile.TarInfo]]:
    with tarfile.open(shard) as tar:
        found = tar.getmembers()
    return [found[k : k + 3] for k in range(0, len(found), 3)]


def _count(shard: str) -> int:
    return len(_members(shard))


def test_an_export_that_was_killed_goes_on_and_ends_with_the_same_bytes(steady: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uids = ["first", "second", "third"]
    write_records([make_record(uid) for uid in uids], tmp_path / "mine.parquet")
    videos, settings = dict.fromkeys(uids, str(steady)), WebDataset(max_samples=4)
    whole = export(tmp_path / "mine.parquet", tmp_path / "whole", format=settings, fields=EVERY_NODE, videos=videos)

    cut, calls = module.cut, []

    def kill_at_third(location: str, *rest: Any) -> Any:
        calls.append(location)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return cut(location, *rest)

    monkeypatch.setattr(module, "cut", kill_at_third)
    with pytest.raises(KeyboardInterrupt):
        export(tmp_path / "mine.parquet", tmp_path / "out", format=settings, fields=EVERY_NODE, videos=videos)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "export.json",
        "shard-000000.tar",
        "shard-000001.tar",
        "shard-000002.tar",
    ]
    (tmp_path / "out" / ".shard-000003.tar.partial").write_bytes(b"what a kill leaves")
    (tmp_path / "out" / ".cutting-x").mkdir()
    (tmp_path / "out" / ".cutting-x" / "0").write_bytes(b"half a clip")
    again = export(tmp_path / "mine.parquet", tmp_path / "out", format=settings, fields=EVERY_NODE, videos=videos)
    assert len(calls) == 5  # the first video is whole in its shards and not decoded again
    assert again.segments == whole.segments == 21
    assert [Path(file).read_bytes() for file in again.files] == [Path(file).read_bytes() for file in whole.files]
    assert not [path for path in (tmp_path / "out").iterdir() if path.name.startswith(".")]


def test_other_settings_do_not_mix_with_what_is_there(data: Path, steady: Path, tmp_path: Path) -> None:
    export(data, tmp_path / "out", format="webdataset", videos={"omelette": str(steady)})
    with pytest.raises(ConfigError, match="other settings"):
        export(data, tmp_path / "out", format=WebDataset(crf=30), videos={"omelette": str(steady)})
    assert export(data, tmp_path / "out", format="webdataset", videos={"omelette": str(steady)}).segments == 3


def test_other_texts_and_fields_do_not_mix_with_what_is_there(data: Path, steady: Path, tmp_path: Path) -> None:
    videos = {"omelette": str(steady)}
    (shard,) = export(data, tmp_path / "out", format="webdataset", videos=videos).files
    before = Path(shard).read_bytes()
    record = make_record("omelette")
    said = record.tree.update(lambda node: replace(node, annotation=node.annotation and make_annotation("Flip the omelette")))
    write_records([replace(record, tree=said)], tmp_path / "anew.parquet")
    with pytest.raises(ConfigError, match="with other texts or fields"):
        export(tmp_path / "anew.parquet", tmp_path / "out", format="webdataset", videos=videos)
    with pytest.raises(ConfigError, match="with other texts or fields"):
        export(data, tmp_path / "out", format="webdataset", fields=["brief_action"], videos=videos)
    assert [path.name for path in (tmp_path / "out").glob("*shard*")] == ["shard-000000.tar"]
    assert Path(shard).read_bytes() == before


def test_a_damaged_shard_is_told(data: Path, steady: Path, tmp_path: Path) -> None:
    report = export(data, tmp_path / "out", format="webdataset", videos={"omelette": str(steady)})
    Path(report.files[0]).write_bytes(b"no tar file at all")
    with pytest.raises(DataSetError, match=r"shard-000000\.tar is not a whole tar file"):
        export(data, tmp_path / "out", format="webdataset", videos={"omelette": str(steady)})


def test_missing_and_broken_videos_are_counted_and_the_others_go_on(steady: Path, tmp_path: Path) -> None:
    write_records([make_record(uid) for uid in ("absent", "gone", "noise", "good")], tmp_path / "mine.parquet")
    (tmp_path / "noise.mp4").write_bytes(np.random.default_rng(0).bytes(9999))
    videos = {"gone": str(tmp_path / "gone.mp4"), "noise": str(tmp_path / "noise.mp4"), "good": str(steady)}
    report = export(tmp_path / "mine.parquet", tmp_path / "out", format="webdataset", videos=videos)
    assert [(one.uid, one.cause) for one in report.failures] == [
        ("absent", "MissingVideoError"),
        ("gone", "MissingVideoError"),
        ("noise", "NotAVideoError"),
    ]
    assert (report.videos, report.segments, report.ok) == (1, 3, False)
    assert {_about(sample)["uid"] for sample in _read_samples(report).values()} == {"good"}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["export.json", "shard-000000.tar"]


def test_a_segment_without_frames_or_behind_the_end_fails_alone(data: Path, tmp_path: Path) -> None:
    short = _write_video(tmp_path / "short.mp4", [k / 10 for k in range(120)])  # the tree lasts 16 s, the file 12
    report = export(data, tmp_path / "out", format="webdataset", fields=EVERY_NODE, videos={"omelette": str(short)})
    spans = {(about["start"], about["end"]) for about in map(_about, _read_samples(report).values())}
    assert spans == {(0.0, 10.0), (0.0, 4.0), (4.0, 10.0)}
    assert [one.cause for one in report.failures] == ["VideoError"] * 4
    assert all(one.node for one in report.failures)
    gap = _write_video(tmp_path / "gap.mp4", [*(k / 10 for k in range(40)), *(10 + k / 10 for k in range(60))])
    report = export(data, tmp_path / "gap", format="webdataset", fields=EVERY_NODE, videos={"omelette": str(gap)})
    assert [(one.cause, "[4.00, 10.00)" in one.message) for one in report.failures] == [("NoFrameError", True)]


def test_no_uid_leads_out_of_the_folder_or_breaks_a_key(steady: Path, tmp_path: Path) -> None:
    uids = ["../../x", "a/b", "CON", "a.b", "x\0y", "é" * 300, "<b>"]
    write_records([make_record(uid) for uid in uids], tmp_path / "mine.parquet")
    out = tmp_path / "deep" / "out"
    report = export(tmp_path / "mine.parquet", out, format="webdataset", videos=dict.fromkeys(uids, str(steady)))
    samples = _read_samples(report)
    assert {about["uid"] for about in map(_about, samples.values())} == set(uids)
    assert all({"json", "mp4", "txt"} <= set(sample) for sample in samples.values())
    assert not any("/" in key or "\0" in key for key in samples)
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["export.json", "mine.parquet", "shard-000000.tar"]


def test_a_format_with_clips_asks_for_the_videos(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="say where they are"):
        export(data, tmp_path / "out", format="webdataset")


@pytest.mark.parametrize("wrong", [{"media": "sound"}, {"crf": 52}, {"rate": 0.0}, {"max_bytes": 0}, {"max_samples": 0}, {"longest_side": 1}])
def test_settings_out_of_bounds_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=str(next(iter(wrong.values())))):
        WebDataset(**wrong)
