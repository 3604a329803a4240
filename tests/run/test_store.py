from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from action100m.errors import StoreError
from action100m.run.config import RunConfig
from action100m.run.engine import stage_keys
from action100m.run.store import Failure, RunStore
from action100m.video.video import Cue, Video, VideoMetadata
from support.toy_stages import Text, toy_stages

VIDEO = Video("clip", "a/clip.mp4", "ab" * 32, VideoMetadata(title="Eggs", transcript=(Cue("1.0", "whisk"),)))


def changed(before: list[str], after: list[str]) -> list[bool]:
    return [old != new for old, new in zip(before, after, strict=True)]


@pytest.mark.parametrize(
    "text", ["not json", "[]", '{"m": 3}', '{"m": [[1, 1], [1, 1], [1, 1]]}', '{"m": [[2, 1]]}', '{"m": [[Infinity, Infinity]]}']
)
def test_broken_prices_are_told_with_the_cure(tmp_path, text):
    (tmp_path / "prices.json").write_text(text)
    with pytest.raises(StoreError, match=r"prices\.json is damaged .*; remove it and give the prices again with --price"):
        RunStore(tmp_path).read_prices()


def test_other_settings_change_the_key_of_that_stage_and_of_those_after_it():
    before = stage_keys(VIDEO, toy_stages())
    assert changed(before, stage_keys(VIDEO, toy_stages())) == [False] * 4
    assert changed(before, stage_keys(VIDEO, toy_stages(caption={"frames": 8}))) == [False, False, True, True]


def test_a_stage_depends_only_on_what_it_reads_of_the_video():
    before = stage_keys(VIDEO, toy_stages())
    moved = replace(VIDEO, location="elsewhere/clip.mp4")
    assert changed(before, stage_keys(moved, toy_stages())) == [False] * 4
    renamed = replace(VIDEO, metadata=replace(VIDEO.metadata, title="Omelette"))
    assert changed(before, stage_keys(renamed, toy_stages())) == [False, False, False, True]
    retold = replace(VIDEO, metadata=replace(VIDEO.metadata, transcript=(Cue("1.0", "stir"),)))
    assert changed(before, stage_keys(retold, toy_stages())) == [False, False, True, True]
    recut = replace(VIDEO, sha256="cd" * 32)
    assert changed(before, stage_keys(recut, toy_stages())) == [True] * 4


@pytest.mark.parametrize("scheme", ["folder", "memory://"])
def test_what_is_saved_is_loaded(tmp_path, scheme):
    store = RunStore(tmp_path / "run" if scheme == "folder" else f"memory://{tmp_path.name}/run")
    store.open(RunConfig())
    stage, key = toy_stages()[0], "12" * 32
    assert not store.has(stage, VIDEO, key)
    store.save(stage, VIDEO, key, Text("whole"))
    assert store.has(stage, VIDEO, key)
    assert store.load(stage, VIDEO, key) == Text("whole")
    assert store.artifacts() == {store.name(stage, VIDEO, key)}
    assert store.read_config() == RunConfig()


@pytest.mark.parametrize("uid", ["../../etc/passwd", "a/b", ".hidden", "..", "x" * 400, "nul\0", "ünïcode", "a b"])
def test_a_uid_never_leads_out_of_its_folder(tmp_path, uid):
    store = RunStore(tmp_path / "run")
    stage, video = toy_stages()[0], replace(VIDEO, uid=uid)
    store.save(stage, video, "12" * 32, Text("safe"))
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 1
    assert files[0].parent.parent == tmp_path / "run" / "videos"


def test_different_uids_never_share_a_folder(tmp_path):
    store, stage = RunStore(tmp_path), toy_stages()[0]
    uids = ["a/b", "a%2Fb", "a_b", "x" * 400, "x" * 399 + "y", ".a", "%2Ea"]
    assert len({store.name(stage, replace(VIDEO, uid=uid), "12" * 32) for uid in uids}) == len(uids)


def test_a_write_that_is_cut_leaves_nothing_behind(tmp_path):
    class Broken(Text):
        def to_bytes(self):
            raise KeyboardInterrupt

    store, stage = RunStore(tmp_path / "run"), toy_stages()[0]
    with pytest.raises(KeyboardInterrupt):
        store.save(stage, VIDEO, "12" * 32, Broken("half"))
    assert store.artifacts() == frozenset()


def test_writers_at_the_same_time_never_show_half_an_artifact(tmp_path):
    store, stage, key = RunStore(tmp_path), toy_stages()[0], "12" * 32
    text = Text("x" * 2_000_000)
    store.save(stage, VIDEO, key, text)
    writers = [threading.Thread(target=store.save, args=(stage, VIDEO, key, text)) for _ in range(4)]
    for writer in writers:
        writer.start()
    assert all(store.load(stage, VIDEO, key) == text for _ in range(20))
    for writer in writers:
        writer.join()


def test_a_damaged_artifact_names_the_file_to_remove(tmp_path):
    store, stage, key = RunStore(tmp_path), toy_stages()[0], "12" * 32
    store.save(stage, VIDEO, key, Text("\0"))
    with pytest.raises(StoreError, match=r"embed-1212121212121212\.txt cannot be read \(zeros\); remove it"):
        store.load(stage, VIDEO, key)


def test_a_folder_without_a_run_is_told_apart(tmp_path):
    with pytest.raises(StoreError, match="is not a run"):
        RunStore(tmp_path).read_config()


def test_a_run_of_another_format_is_refused(tmp_path):
    store = RunStore(tmp_path)
    store.open(RunConfig())
    (tmp_path / "run.json").write_text('{"format": 99}')
    with pytest.raises(StoreError, match="has format 99"):
        store.open(RunConfig())


def test_a_failure_is_kept_until_it_is_cleared(tmp_path):
    store = RunStore(tmp_path)
    failure = Failure("a/clip.mp4", "clip", "embed", "NotAVideoError", "no", retryable=False, key="12")
    store.save_failure(failure)
    store.save_failure(replace(failure, uid=None, location="b.mp4"))
    assert store.read_failures() == [failure, replace(failure, uid=None, location="b.mp4")]
    store.clear_failure("clip", "a/clip.mp4")
    assert [kept.location for kept in store.read_failures()] == ["b.mp4"]


def test_videos_are_kept_by_uid(tmp_path):
    store = RunStore(tmp_path)
    store.add_videos([VIDEO, replace(VIDEO, uid="b")])
    store.add_videos([replace(VIDEO, location="new/clip.mp4"), replace(VIDEO, uid="a")])
    assert [(video.uid, video.location) for video in store.read_videos()] == [("a", "a/clip.mp4"), ("b", "a/clip.mp4"), ("clip", "new/clip.mp4")]
    assert store.read_videos()[0].metadata == VIDEO.metadata
