"""Subtitles, read back by pysubs2 and webvtt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pysubs2
import pytest
import webvtt

from action100m.dataset.export.export import export
from action100m.dataset.io import write_records
from action100m.record import Record
from support.records import make_metadata, make_record
from support.trees import split_tree


def _record(uid: str, *texts: str) -> Record:
    """Leaves of a second each, under one side of a chain, each with a text."""
    count = len(texts)
    tree = split_tree(0.0, float(count), *(("1" * k, float(k + 1)) for k in range(count - 1)))
    leaves = sorted((node for node in tree.nodes if tree.is_leaf(node)), key=lambda node: node.start)
    by_id = {leaf.id: text for leaf, text in zip(leaves, texts, strict=True)}
    return Record(uid, make_metadata(), tree.update(lambda node: replace(node, clip_action=by_id.get(node.id))))


def test_pysubs2_reads_times_and_texts(tmp_path: Path) -> None:
    write_records([_record("talk", "Stir", "Pour", "Wait")], tmp_path / "mine.parquet")
    report = export(tmp_path / "mine.parquet", tmp_path / "out", format="srt", fields=["clip_action"])
    assert report.files == (str(tmp_path / "out/talk.srt"),)
    lines = pysubs2.load(report.files[0])
    assert [(line.start, line.end, line.plaintext) for line in lines] == [(0, 1000, "Stir"), (1000, 2000, "Pour"), (2000, 3000, "Wait")]


def test_webvtt_reads_times_and_texts(tmp_path: Path) -> None:
    write_records([_record("talk", "Stir", "Pour <b>milk</b> & honey")], tmp_path / "mine.parquet")
    report = export(tmp_path / "mine.parquet", tmp_path / "out", format="vtt", fields=["clip_action"])
    captions = list(webvtt.read(report.files[0]))
    assert [(one.start, one.end) for one in captions] == [("00:00:00.000", "00:00:01.000"), ("00:00:01.000", "00:00:02.000")]
    assert captions[1].raw_text == "Pour &lt;b&gt;milk&lt;/b&gt; &amp; honey"


@pytest.mark.parametrize("ending", ["srt", "vtt"])
def test_no_text_breaks_the_file(tmp_path: Path, ending: str) -> None:
    nasty = "one\n\n3\n00:00:00,000 --> 00:00:09,000\ntwo\x00\x1b[2J\u2028three"
    write_records([_record("talk", nasty, "\n \n", "x" * 10_000_000, "end")], tmp_path / "mine.parquet")
    report = export(tmp_path / "mine.parquet", tmp_path / "out", format=ending, fields=["clip_action"])  # type: ignore[arg-type]
    lines = pysubs2.load(report.files[0])
    assert [(line.start, line.end) for line in lines] == [(0, 1000), (1000, 2000), (2000, 3000), (3000, 4000)]
    assert "\x1b" not in Path(report.files[0]).read_text(encoding="utf-8")
    assert lines[3].plaintext == "end"


def test_overlapping_segments_come_coarse_first(tmp_path: Path) -> None:
    write_records([make_record("clip")], tmp_path / "mine.parquet")
    report = export(tmp_path / "mine.parquet", tmp_path / "out", format="srt")
    assert [(line.start, line.end) for line in pysubs2.load(report.files[0])] == [(0, 16_000), (0, 10_000), (10_000, 16_000)]


def test_no_uid_leads_out_of_the_folder(tmp_path: Path) -> None:
    uids = ["../../x", "a/b", "CON", "aux.mp4", "x\0y", "..", "C:\\x", "é" * 300, "plain"]
    write_records([_record(uid, "Stir") for uid in uids], tmp_path / "mine.parquet")
    out = tmp_path / "deep" / "out"
    report = export(tmp_path / "mine.parquet", out, format="vtt", fields=["clip_action"])
    assert report.videos == len(uids)
    assert {Path(file).parent for file in report.files} == {out}
    assert sorted(path for path in tmp_path.rglob("*.vtt")) == sorted(map(Path, report.files))
    assert (out / "plain.vtt").exists()
    assert not {"con", "aux"} & {Path(file).name.split(".")[0].lower() for file in report.files}


def test_hours_are_written_in_full(tmp_path: Path) -> None:
    tree = split_tree(0.0, 7261.5).update(lambda node: replace(node, clip_action="Walk"))
    write_records([Record("long", make_metadata(), tree)], tmp_path / "mine.parquet")
    report = export(tmp_path / "mine.parquet", tmp_path / "out", format="srt", fields=["clip_action"])
    assert "00:00:00,000 --> 02:01:01,500" in Path(report.files[0]).read_text()
