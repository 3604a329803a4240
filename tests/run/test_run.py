from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from action100m.dataset.io import read_records
from action100m.dataset.validate import validate
from action100m.errors import ConfigError, EndpointError, MissingPackageError
from action100m.models.endpoint.chat import EndpointConfig
from action100m.run.config import RunConfig
from action100m.run.engine import annotate_video
from action100m.run.pack import pack
from action100m.run.run import run_videos
from action100m.run.status import status
from action100m.stages.annotate import AnnotateConfig
from action100m.stages.caption import CaptionConfig
from support.chat_server import ChatServer, completion


class Steps:
    """A meter that writes down which stage finished on which video."""

    def __init__(self):
        self.finished = []

    def begin(self, work, read_spent):
        self.work = dict(work)

    def tell(self, event):
        if event.kind == "step" and event.state == "finished":
            self.finished.append((event.uid, event.stage))

    def end(self):
        pass


def packed_bytes(out, tmp_path):
    pack(out, tmp_path / "packed.parquet")
    return (tmp_path / "packed.parquet").read_bytes()


@pytest.fixture(scope="module")
def made(clips, tmp_path_factory):
    """A finished run of the three clips with one worker."""
    out = tmp_path_factory.mktemp("made") / "run"
    summary = run_videos([clips], out)
    assert (summary.found, summary.made, summary.fresh, summary.failures) == (3, 3, 3, ())
    return out


def test_a_run_gives_a_data_set_with_the_cuts_where_the_pictures_change(made, tmp_path):
    packed = pack(made, tmp_path / "data.parquet")
    records = {record.uid: record for record in read_records(str(tmp_path / "data.parquet"))}
    assert sorted(records) == ["egg-video", "talk", "walk"]
    assert packed.videos == 3
    assert packed.segments == sum(len(record.tree) for record in records.values())
    for record in records.values():
        boundaries = {node.end for node in record.tree.nodes if node.level <= 2}
        assert {3.0, 6.0} <= {round(boundary) for boundary in boundaries}
        assert record.tree.root.end == pytest.approx(9.0)
    assert records["egg-video"].metadata.title == "Eggs <b>done</b> right"
    assert validate(str(tmp_path / "data.parquet")).findings == ()


def test_python_gives_the_same_record_as_the_command(made, clips, tmp_path):
    pack(made, tmp_path / "data.parquet")
    records = {record.uid: record for record in read_records(str(tmp_path / "data.parquet"))}
    alone = annotate_video(clips / "eggs.mp4")
    assert alone.uid == "egg-video"
    assert [node.id for node in alone.tree.walk()] == [node.id for node in records["egg-video"].tree.walk()]
    assert [node.annotation for node in alone.tree.nodes] == [node.annotation for node in records["egg-video"].tree.nodes]
    assert alone.provenance == records["egg-video"].provenance
    assert alone.provenance.captioner.startswith("preview")


def test_a_second_run_makes_nothing(made, clips):
    steps = Steps()
    assert run_videos([clips], made, meter=steps).fresh == 0
    assert steps.finished == []


def test_the_number_of_workers_does_not_change_a_byte(made, clips, tmp_path):
    run_videos([clips], tmp_path / "two", workers=2)
    assert packed_bytes(tmp_path / "two", tmp_path) == packed_bytes(made, tmp_path)


def test_other_settings_run_only_the_stages_that_depend_on_them(made, clips, tmp_path):
    shutil.copytree(made, tmp_path / "run")
    steps = Steps()
    run_videos([clips], tmp_path / "run", RunConfig(caption=CaptionConfig(frames=8)), meter=steps)
    assert {stage for _, stage in steps.finished} == {"caption", "annotate"}
    assert len(steps.finished) == 6
    back = Steps()
    run_videos([clips], tmp_path / "run", RunConfig(), meter=back)
    assert back.finished == []


def test_a_run_without_settings_keeps_those_it_had(clips, tmp_path):
    config = RunConfig(caption=CaptionConfig(frames=8))
    run_videos([clips / "talk.mp4"], tmp_path / "run", config)
    steps = Steps()
    run_videos([], tmp_path / "run", meter=steps)
    assert steps.finished == []


def test_the_same_file_elsewhere_is_the_same_video(made, clips, tmp_path):
    shutil.copytree(made, tmp_path / "run")
    moved = tmp_path / "moved"
    moved.mkdir()
    shutil.copy(clips / "talk.mp4", moved / "renamed.mp4")
    steps = Steps()
    summary = run_videos([moved], tmp_path / "run", meter=steps)
    assert (summary.made, summary.fresh, steps.finished) == (1, 0, [])
    assert status(tmp_path / "run").videos == 3


def test_the_same_content_twice_is_one_video_and_counted(clips, tmp_path):
    shutil.copy(clips / "talk.mp4", tmp_path / "again.mp4")
    summary = run_videos([clips / "talk.mp4", tmp_path / "again.mp4"], tmp_path / "run")
    assert (summary.found, summary.made, summary.duplicates) == (2, 1, ((str(tmp_path / "again.mp4"), str(clips / "talk.mp4")),))


def test_a_file_whose_content_changes_is_made_anew_under_its_name(clips, tmp_path):
    path = tmp_path / "clip.mp4"
    shutil.copy(clips / "talk.mp4", path)
    run_videos([path], tmp_path / "run")
    shutil.copy(clips / "walk.mp4", path)
    summary = run_videos([path], tmp_path / "run")
    assert (summary.made, summary.fresh) == (1, 1)
    pack(tmp_path / "run", tmp_path / "data.parquet")
    assert [record.uid for record in read_records(str(tmp_path / "data.parquet"))] == ["clip"]


def test_bad_files_are_rows_and_the_others_go_on(clips, tmp_path):
    folder = tmp_path / "mixed"
    folder.mkdir()
    shutil.copy(clips / "talk.mp4", folder / "b.mp4")
    (folder / "a.mp4").write_bytes(b"")
    (folder / "c.mp4").write_text("this is no video")
    (folder / "d.mp4").write_bytes((clips / "walk.mp4").read_bytes())
    (folder / "d.info.json").write_text("{broken")
    summary = run_videos([folder, tmp_path / "missing.mp4"], tmp_path / "run")
    causes = {Path(failure.location).name: (failure.stage, failure.cause) for failure in summary.failures}
    assert causes == {
        "a.mp4": ("discover", "EmptyVideoError"),
        "c.mp4": ("embed", "NotAVideoError"),
        "d.mp4": ("discover", "SidecarError"),
        "missing.mp4": ("discover", "MissingVideoError"),
    }
    assert summary.found == 5
    assert summary.made == 1
    stage = status(tmp_path / "run").stages[0]
    assert (stage.done, stage.failed, stage.left, stage.blocked) == (1, {"NotAVideoError": 1}, 0, 0)
    assert status(tmp_path / "run").stages[1].blocked == 1


def test_a_cured_file_is_taken_on_the_next_run(clips, tmp_path):
    (tmp_path / "clip.mp4").write_bytes(b"")
    assert len(run_videos([tmp_path / "clip.mp4"], tmp_path / "run").failures) == 1
    shutil.copy(clips / "talk.mp4", tmp_path / "clip.mp4")
    summary = run_videos([], tmp_path / "run")
    assert (summary.made, summary.failures) == (1, ())
    assert status(tmp_path / "run").rejected == ()


def test_what_failed_for_good_is_left_alone_until_asked_for(tmp_path):
    (tmp_path / "c.mp4").write_text("this is no video")
    run_videos([tmp_path / "c.mp4"], tmp_path / "run")
    assert status(tmp_path / "run").left_alone == 1
    assert run_videos([tmp_path / "c.mp4"], tmp_path / "run").fresh == 0
    assert run_videos([tmp_path / "c.mp4"], tmp_path / "run", retry="failed").fresh == 1


def test_limit_takes_the_first_files(clips, tmp_path):
    assert run_videos([clips], tmp_path / "run", limit=2).found == 2
    assert [video.uid for video in _videos(tmp_path / "run")] == ["egg-video", "talk"]


def _videos(out):
    from action100m.run.store import RunStore

    return RunStore(out).read_videos()


def endpoint(server, **settings):
    model = EndpointConfig(model="test-model", base_url=server.base_url, retries=0, **settings)
    return RunConfig(annotate=AnnotateConfig(model=model, rounds=1, efforts=()))


GOOD = '{"summary": {"brief": "a", "detailed": "b"}, "action": {"brief": "c", "detailed": "d", "actor": "e"}}'


def test_a_model_that_cannot_be_had_ends_the_run_before_any_video_is_touched(clips, tmp_path):
    with ChatServer(lambda request: completion(GOOD)) as server:
        config = endpoint(server)
    with pytest.raises(EndpointError):
        run_videos([clips], tmp_path / "run", config)
    assert not (tmp_path / "run" / "videos").exists()


def test_failed_annotations_are_retried_alone(clips, tmp_path):
    asked = []

    def behave(request):
        asked.append(request)
        return completion("no json" if broken else GOOD)

    broken = True
    with ChatServer(behave) as server:
        config = endpoint(server)
        summary = run_videos([clips / "talk.mp4"], tmp_path / "run", config)
        assert summary.made == 1
        assert [failure.partial for failure in summary.failures] == [True]
        valid, nodes = pack(tmp_path / "run", tmp_path / "data.parquet").valid_at_first
        assert (valid, nodes) == (0, len(asked) // 3)  # three attempts each
        broken, before = False, len(asked)
        assert run_videos([], tmp_path / "run").fresh == 0
        assert len(asked) == before
        steps = Steps()
        summary = run_videos([], tmp_path / "run", retry="failed", meter=steps)
        assert steps.finished == [("talk", "annotate")]
        assert summary.failures == ()
    assert pack(tmp_path / "run", tmp_path / "data.parquet").valid_at_first == (nodes, nodes)
    (record,) = read_records(str(tmp_path / "data.parquet"))
    assert record.tree.root.annotation.action.brief == "c"


def test_a_worker_that_is_killed_takes_one_video_with_it(clips, tmp_path):
    class Killer(Steps):
        def tell(self, event):
            super().tell(event)
            if event.kind == "step" and event.uid == "egg-video" and event.state == "started" and event.stage == "embed":
                _kill_workers()

    summary = run_videos([clips], tmp_path / "run", meter=Killer())
    assert summary.made == 2
    (failure,) = summary.failures
    assert (failure.uid, failure.cause, failure.retryable) == ("egg-video", "WorkerError", True)
    assert "SIGKILL" in failure.message
    assert run_videos([clips], tmp_path / "run").made == 3
    assert status(tmp_path / "run").failures == ()


def _kill_workers():
    listing = subprocess.run(["ps", "--ppid", str(os.getpid()), "-o", "pid=,args="], capture_output=True, text=True, check=True)
    pids = [int(line.split()[0]) for line in listing.stdout.splitlines() if "executors.worker" in line]
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_a_stopped_run_goes_on_to_the_same_bytes(made, clips, tmp_path, sent, code):
    command = [sys.executable, "-m", "action100m", "run", str(clips), "--out", str(tmp_path / "run")]
    heed = partial(signal.signal, signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores Ctrl-C, and so would its children
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=heed)
    deadline = time.monotonic() + 60
    while not list((tmp_path / "run").glob("videos/*/embed-*")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(sent)
    process.communicate()
    assert process.returncode == code
    assert run_videos([], tmp_path / "run").made == 3
    assert packed_bytes(tmp_path / "run", tmp_path) == packed_bytes(made, tmp_path)


def test_numbers_below_one_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="at least 1"):
        run_videos(["a.mp4"], tmp_path / "run", workers=0)


def test_a_call_without_videos_needs_a_run(tmp_path):
    with pytest.raises(ConfigError, match="no video"):
        run_videos([], tmp_path / "run")


def test_what_a_manifest_says_is_remembered_by_later_runs(clips, tmp_path):
    shutil.copy(clips / "talk.mp4", tmp_path / "talk.mp4")
    (tmp_path / "list.csv").write_text("path,uid,title\ntalk.mp4,my-talk,My title\n")
    run_videos([tmp_path / "list.csv"], tmp_path / "run")
    for again in ([], [tmp_path / "talk.mp4"]):
        assert run_videos(again, tmp_path / "run").fresh == 0
        (video,) = _videos(tmp_path / "run")
        assert (video.uid, video.metadata.title) == ("my-talk", "My title")


def test_a_file_name_that_is_not_utf8_is_a_video_like_others(clips, tmp_path):
    (tmp_path / "odd").mkdir()
    shutil.copy(clips / "talk.mp4", tmp_path / "odd" / os.fsdecode(b"caf\xe9.mp4"))
    (tmp_path / "odd" / os.fsdecode(b"emp\xe9ty.mp4")).write_bytes(b"")
    summary = run_videos([tmp_path / "odd"], tmp_path / "run")
    assert (summary.made, [failure.cause for failure in summary.failures]) == (1, ["EmptyVideoError"])
    assert status(tmp_path / "run").complete == 1
    assert pack(tmp_path / "run", tmp_path / "data.parquet").videos == 1


def test_a_missing_package_is_told_with_its_pip_line(clips, tmp_path, monkeypatch):
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "h11.py").write_text("raise ModuleNotFoundError('hidden', name='h11')")
    monkeypatch.setenv("PYTHONPATH", str(hidden))
    config = RunConfig(annotate=AnnotateConfig(model=EndpointConfig(model="m", base_url="http://127.0.0.1:9/v1"), rounds=1, efforts=()))
    with pytest.raises(MissingPackageError, match=r"pip install 'action100m\[endpoint\]'"):
        run_videos([clips], tmp_path / "run", config)


def test_settings_that_cannot_be_run_do_not_hide_what_was_made(made, clips, tmp_path):
    shutil.copytree(made, tmp_path / "run")
    with ChatServer(lambda request: completion(GOOD)) as server:
        config = endpoint(server)
    with pytest.raises(EndpointError):
        run_videos([clips], tmp_path / "run", config)
    assert pack(tmp_path / "run", tmp_path / "data.parquet").videos == 3


def test_a_damaged_artifact_is_made_anew_once_it_is_removed(made, clips, tmp_path):
    shutil.copytree(made, tmp_path / "run")
    (damaged,) = (tmp_path / "run" / "videos" / "talk").glob("segment-*")
    (annotated,) = (tmp_path / "run" / "videos" / "talk").glob("annotate-*")
    damaged.write_bytes(b"{")
    annotated.unlink()
    (failure,) = run_videos([clips], tmp_path / "run").failures
    assert failure.cause == "StoreError"
    assert "remove it" in failure.message
    damaged.unlink()
    assert run_videos([clips], tmp_path / "run").failures == ()
    assert packed_bytes(tmp_path / "run", tmp_path) == packed_bytes(made, tmp_path)


def test_a_reply_that_was_paid_for_is_never_asked_for_again(clips, tmp_path):
    with ChatServer(lambda request: completion(GOOD)) as server:
        config = endpoint(server)
        run_videos([clips / "talk.mp4"], tmp_path / "run", config)
        asked = len(server.asked)
        assert asked > 0
        (spent,) = status(tmp_path / "run").bill.items
        assert (spent.stage, spent.requests, spent.usage.input, spent.usage.output) == ("annotate", asked, 7 * asked, 3 * asked)
        before = packed_bytes(tmp_path / "run", tmp_path)
        for artifact in (tmp_path / "run").glob("videos/talk/annotate-*"):
            artifact.unlink()  # as if the worker had been killed just before it was kept
        assert run_videos([], tmp_path / "run").fresh == 1
        assert len(server.asked) == asked
        assert packed_bytes(tmp_path / "run", tmp_path) == before
        (again,) = status(tmp_path / "run").bill.items
        assert (again.requests, again.usage) == (spent.requests, spent.usage)


def test_a_run_whose_ledger_is_of_the_oldest_form_goes_on(clips, tmp_path):
    """Such a ledger knew no videos, no marks and no work."""
    run = tmp_path / "run"
    with ChatServer(lambda request: completion(GOOD)) as server:
        run_videos([clips / "talk.mp4"], run, endpoint(server))
        asked = len(server.asked)
        with closing(sqlite3.connect(run / "ledger.sqlite", isolation_level=None)) as ledger:
            ledger.executescript("DROP TABLE work; DROP TABLE marks; DROP INDEX by_video; ALTER TABLE replies DROP COLUMN video")
        (told,) = status(run).bill.items
        assert (told.requests, told.usage.input, told.gpu_hours, told.money) == (asked, 7 * asked, 0, None)
        next(run.glob("videos/talk/annotate-*")).unlink()
        assert run_videos([], run).made == 1
        assert len(server.asked) == asked
        assert status(run).bill.items[0].gpu_hours > 0
