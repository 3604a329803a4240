"""What a user sees of `stats` and `select`: on the official records, on a set that this engine made, and on broken files."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from action100m.cli import main
from action100m.dataset.io import read_records, write_records
from action100m.dataset.samples import read_samples
from action100m.run.pack import pack
from action100m.run.presets import preview
from action100m.run.run import run_videos
from support.clips import write_clip
from support.records import make_record


@pytest.fixture
def call(monkeypatch, capsys):
    """Call the command line in this process; return (exit code, what was printed)."""

    def run_main(*arguments):
        monkeypatch.setattr(sys, "argv", ["action100m", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return ended.value.code or 0, printed.out + printed.err

    return run_main


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """A set that our own engine made of a clip of 8 seconds, of four colours."""
    folder = tmp_path_factory.mktemp("ours")
    colours = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (220, 220, 220)]
    write_clip(folder / "clip.mp4", [np.full((120, 160, 3), colours[number // 24], np.uint8) for number in range(96)], fps=12)
    run_videos([folder / "clip.mp4"], out=folder / "run", config=preview())
    pack(folder / "run", folder / "ours.parquet")
    return folder / "ours.parquet"


def test_stats_of_the_official_records_are_printed(call, shared):
    code, printed = call("stats", shared / "data" / "action100m" / "examples.parquet", "--top", "3")
    assert code == 0, printed
    for shown in ("10 videos of 0.91 h", "1,237 annotated: the segments", "3.4% N/A", "62.5%", "92.83", "13  Speak to camera", "60  open"):
        assert shown in printed
    assert "Slice bread" in printed
    assert "Wipe surface" not in printed


def test_stats_of_a_set_of_our_own_are_json(call, ours):
    code, printed = call("stats", ours, "--json")
    figures = json.loads(printed)
    (record,) = read_records(ours)
    assert code == 0
    assert figures["counts"]["nodes"] == len(record.tree) > 1
    assert figures["counts"]["fields"]["clip_caption"]["coverage"] == 1
    assert figures["counts"]["seconds"] == pytest.approx(8, abs=0.01)


def test_select_writes_samples_of_a_set_of_our_own(call, ours, tmp_path):
    code, printed = call("select", ours, "--out", tmp_path / "s.parquet", "--field", "clip_caption", "--granularity", "3")
    assert code == 0, printed
    assert "1 of 1 videos" in printed
    samples = list(read_samples(tmp_path / "s.parquet"))
    assert samples[0].start == 0
    assert samples[-1].end == pytest.approx(8, abs=0.01)
    code, printed = call("select", ours, "--out", tmp_path / "r.parquet", "--as", "records")
    assert code == 0
    assert list(read_records(tmp_path / "r.parquet")) == list(read_records(ours))


def test_a_broken_file_is_told_and_ends_with_1(call, tmp_path):
    write_records([make_record()], tmp_path / "a.parquet")
    (tmp_path / "b.parquet").write_bytes(b"PAR1 and no more")
    for arguments in (["stats", tmp_path], ["select", tmp_path / "a.parquet", tmp_path / "b.parquet", "--out", tmp_path / "out" / "s.parquet"]):
        code, printed = call(*arguments)
        assert code == 1
        assert "1 videos of 0.00 h" in printed or "1 of 1 videos" in printed
        assert "b.parquet is not a whole Parquet file" in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["stats", "nowhere.parquet"], "no such file or folder"),
        (["stats", "nowhere.parquet", "--top", "0"], "top must be at least 1"),
        (["select", "nowhere.parquet", "--out", "s.parquet"], "no such file or folder"),
        (["select", "a", "--out", "s.parquet", "--field", "title"], "a text is one of"),
        (["select", "a", "--out", "s.parquet", "--match", "actor=("], "no regular expression"),
        (["select", "a", "--out", "s.parquet", "--splits", "1,1,1"], "add up to 1"),
    ],
)
def test_a_wrong_call_says_why_and_ends_with_2(call, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    code, printed = call(*arguments)
    assert code == 2
    assert message in printed
    assert list(tmp_path.iterdir()) == []
