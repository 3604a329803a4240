"""What holds for all formats: what is left out is counted, settings are checked, and nothing half-written stays."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import action100m
from action100m.cli.app import app
from action100m.dataset.export.export import export
from action100m.dataset.export.jsonl import JsonLines
from action100m.dataset.export.settings import make_config
from action100m.dataset.export.webdataset import WebDataset
from action100m.dataset.fields import make_fields
from action100m.dataset.io import write_records
from action100m.dataset.samples import write_samples
from action100m.dataset.select.select import select
from action100m.errors import Action100MError, ConfigError, DataSetError
from action100m.record import Sample
from support.clips import time_code_pictures, write_clip
from support.records import make_record, record_to_row, write_rows

FORMATS = ["jsonl", "activitynet", "srt", "vtt", "huggingface", "fiftyone"]


@pytest.mark.parametrize("format", FORMATS)
def test_a_broken_record_and_a_second_one_of_a_uid_are_left_out_and_told(tmp_path: Path, format: Any) -> None:
    rows = [record_to_row(make_record(uid)) for uid in ("one", "broken", "one", "two")]
    rows[1]["nodes"][1]["end"] = 99.0
    write_rows(tmp_path / "mine.parquet", rows)
    report = export(tmp_path / "mine.parquet", tmp_path / "out", format=format)
    assert (report.videos, report.segments) == (2, 6)
    assert [(one.uid, one.cause) for one in report.failures] == [(None, "DataSetError"), ("one", "DataSetError")]
    assert "broken" in report.failures[0].message
    assert all(Path(file).exists() for file in report.files)


def test_failures_are_kept_to_the_first_thousand(tmp_path: Path) -> None:
    row = record_to_row(make_record("one"))
    write_rows(tmp_path / "mine.parquet", [row, *[row | {"nodes": []}] * 1_100])
    report = export(tmp_path / "mine.parquet", tmp_path / "out.jsonl", format="jsonl")
    assert (report.videos, len(report.failures), report.failure_count, report.ok) == (1, 1_000, 1_100, False)


def test_samples_in_a_folder_of_an_archive_are_exported(tmp_path: Path) -> None:
    write_samples([Sample("one", "node", 0.0, 4.0, "brief_action", "Whisk")], tmp_path / "samples.parquet")
    with zipfile.ZipFile(tmp_path / "packed.zip", "w") as archive:
        archive.write(tmp_path / "samples.parquet", "data/samples.parquet")
    report = export(f"zip://data::{tmp_path / 'packed.zip'}", tmp_path / "out.jsonl", format=JsonLines(row="segment"))
    assert (report.segments, report.failures) == (1, ())


@pytest.mark.parametrize("format", [*FORMATS, "webdataset"])
def test_a_source_that_is_no_data_set_is_an_error_that_names_it(tmp_path: Path, format: Any) -> None:
    with pytest.raises(DataSetError, match=r"gone\.parquet"):
        export(tmp_path / "gone.parquet", tmp_path / "out", format=format, videos={})
    assert not list(tmp_path.rglob("*partial*"))


@pytest.mark.parametrize("format", FORMATS)
def test_a_damaged_file_is_told_and_leaves_a_whole_export(tmp_path: Path, format: Any) -> None:
    write_records([make_record("one")], tmp_path / "a.parquet")
    (tmp_path / "b.parquet").write_bytes(b"PAR1 and then nothing")
    report = export([tmp_path / "a.parquet", tmp_path / "b.parquet"], tmp_path / "out", format=format)
    assert report.videos == 1
    assert [one.cause for one in report.failures] == ["DataSetError"]
    assert "b.parquet" in report.failures[0].message


def test_a_missing_column_is_told(tmp_path: Path) -> None:
    write_records([make_record("one")], tmp_path / "mine.parquet")
    pq.write_table(pq.read_table(tmp_path / "mine.parquet").drop_columns("nodes"), tmp_path / "mine.parquet")
    report = export(tmp_path / "mine.parquet", tmp_path / "out.jsonl", format="jsonl")
    assert "nodes" in report.failures[0].message


def test_a_break_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_records([make_record("one"), make_record("two")], tmp_path / "mine.parquet")
    (tmp_path / "out.jsonl").write_text("before")

    def stop(video: Any, row: str) -> Any:
        if video.uid == "two":
            raise KeyboardInterrupt
        yield {}

    monkeypatch.setattr("action100m.dataset.export.jsonl.rows_of", stop)
    with pytest.raises(KeyboardInterrupt):
        export(tmp_path / "mine.parquet", tmp_path / "out.jsonl", format="jsonl")
    assert (tmp_path / "out.jsonl").read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.parquet", "out.jsonl"]


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    write_records([make_record("one")], tmp_path / "mine.parquet")
    with pytest.raises(ConfigError, match="is a folder"):
        export(tmp_path / "mine.parquet", tmp_path, format="jsonl")


def test_files_may_be_written_behind_a_url(tmp_path: Path) -> None:
    import fsspec

    write_records([make_record("one")], tmp_path / "mine.parquet")
    export(tmp_path / "mine.parquet", "memory://exported/out.json", format="activitynet")
    assert json.loads(fsspec.filesystem("memory").cat("/exported/out.json"))["database"].keys() == {"one"}


def test_settings_are_read_by_name() -> None:
    assert make_config("webdataset", ["media=frames", "rate=0.5", "longest-side=320"]) == WebDataset(media="frames", rate=0.5, longest_side=320)


@pytest.mark.parametrize(
    ("format", "settings", "message"),
    [
        ("webdatasets", [], "'webdatasets'"),
        ("webdataset", ["crf=abc"], "crf.*'abc'"),
        ("webdataset", ["crf=99"], "99"),
        ("webdataset", ["quality=3"], "'quality'"),
        ("webdataset", ["crf"], "'crf'"),
        ("srt", ["ending=vtt"], "'ending'"),
        ("jsonl", ["row=node"], "node"),
    ],
)
def test_settings_that_do_not_fit_are_refused(format: str, settings: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make_config(format, settings)


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(ConfigError, match="'caption'"):
        make_fields(["brief_action", "caption"])
    with pytest.raises(ConfigError, match="got none"):
        make_fields([])


def test_the_command_prints_what_was_left_out_and_ends_with_1(tmp_path: Path) -> None:
    write_records([make_record("one"), make_record("gone")], tmp_path / "mine.parquet")
    (tmp_path / "videos").mkdir()
    write_clip(tmp_path / "videos/one.mp4", time_code_pictures([k / 10 for k in range(160)], width=160, height=120), fps=10)
    call = ["export", str(tmp_path / "mine.parquet"), "--to", "webdataset", "--out", str(tmp_path / "out"), "--videos", str(tmp_path / "videos")]
    done = CliRunner().invoke(app, call)
    assert done.exit_code == 1
    assert "MissingVideoError  gone" in done.output
    assert "1 videos, 3 segments, 1 left out" in done.output
    again = CliRunner().invoke(app, [*call, "--json"])
    assert json.loads(again.output)["failures"][0]["uid"] == "gone"


def test_a_wrong_call_is_an_error_of_ours(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["export", str(tmp_path / "x.parquet"), "--to", "tar", "--out", "y"])
    assert isinstance(done.exception, Action100MError)
    assert action100m.export is export


def _write_some_samples(path: Path) -> list[Sample]:
    nodes = make_record("one").tree.nodes
    samples = [
        Sample("one", nodes[2].id, 10.0, 16.0, "brief_action", "Pour"),
        Sample("one", nodes[1].id, 0.0, 10.0, "brief_caption", "A cook whisks."),
        Sample("one", nodes[1].id, 0.0, 10.0, "brief_action", "Whisk"),
        Sample("one", nodes[1].id, 0.0, 10.0, "brief_action", "Whisk"),  # drawn twice
        Sample("two", "n", 1.5, 2.25, "clip_action", "Wave"),
    ]
    write_samples(samples, path)
    return samples


def test_samples_are_exported_by_node_and_time(tmp_path: Path) -> None:
    samples = _write_some_samples(tmp_path / "samples.parquet")
    report = export(tmp_path / "samples.parquet", tmp_path / "out.json", format="activitynet")
    assert (report.videos, report.segments, report.ok) == (2, 3, True)
    database = json.loads((tmp_path / "out.json").read_text())["database"]
    assert database["one"]["annotations"] == [{"segment": [0.0, 10.0], "label": "Whisk"}, {"segment": [10.0, 16.0], "label": "Pour"}]
    assert (database["one"]["duration"], database["two"]["duration"]) == (16.0, 2.25)
    export(tmp_path / "samples.parquet", tmp_path / "out.jsonl", format=JsonLines(row="sample"))
    lines = [Sample(**json.loads(line)) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert set(lines) == set(samples)
    assert len(lines) == len(samples) - 1


def test_samples_hold_no_records(tmp_path: Path) -> None:
    _write_some_samples(tmp_path / "samples.parquet")
    for name in ("jsonl", "huggingface"):
        with pytest.raises(ConfigError, match="Samples hold no whole records"):
            export(tmp_path / "samples.parquet", tmp_path / "out", format=name)  # type: ignore[arg-type]
    assert not (tmp_path / "out" / "README.md").exists()


def test_samples_of_a_video_that_do_not_stand_together_are_told(tmp_path: Path) -> None:
    first, *rest = _write_some_samples(tmp_path / "samples.parquet")
    write_samples([*rest, first], tmp_path / "samples.parquet")
    report = export(tmp_path / "samples.parquet", tmp_path / "out", format="srt")
    assert [(one.uid, "comes again" in one.message) for one in report.failures] == [("one", True)]


def test_what_select_draws_is_exported(tmp_path: Path) -> None:
    write_records([make_record("one"), make_record("two")], tmp_path / "mine.parquet")
    select(tmp_path / "mine.parquet", tmp_path / "samples.parquet")
    report = export(tmp_path / "samples.parquet", tmp_path / "out", format="vtt")
    assert (report.videos, report.segments) == (2, 6)
