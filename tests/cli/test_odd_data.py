"""What a user sees where the data are odd: one broken file among good ones, nothing at all, no texts, and texts and uids of strangers."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
import typer

from action100m.cli import main
from action100m.cli.left_out import LeftOut
from action100m.dataset.audit.audit import audit
from action100m.dataset.io import write_records
from action100m.errors import DataSetError
from support.records import make_record, record_to_row, write_rows

EVIL = "<script>alert(1)</script> [red]x[/red] \x1b[31mred\x1b]0;t\x07 :cat: \u202eabc\nnext line"


@pytest.fixture
def call(monkeypatch, capsys):
    """Call the command line in this process; return (exit code, standard output, standard error)."""

    def run_main(*arguments):
        monkeypatch.setattr(sys, "argv", ["action100m", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code or 0, *capsys.readouterr()

    return run_main


def _calls(data, out):
    """The commands that read a data set without a model, as they are typed."""
    return {
        "stats": ["stats", data],
        "select": ["select", data, "--out", out / "selected.parquet"],
        "records": ["select", data, "--out", out / "records.parquet", "--as", "records"],
        "audit": ["audit", data, "--out", out / "flags.parquet"],
        "card": ["card", data, "--out", out / "card", "--no-pictures"],
        "export": ["export", data, "--to", "jsonl", "--out", out / "data.jsonl"],
        "subtitles": ["export", data, "--to", "srt", "--out", out / "subtitles"],
        "compare": ["compare", data, data],
    }


COMMANDS = list(_calls("", Path()))


@pytest.mark.parametrize("command", COMMANDS)
def test_one_broken_file_among_good_ones_is_named_and_ends_with_1(call, tmp_path, command):
    for name, uids in (("1.parquet", "ab"), ("3.parquet", "c")):
        write_records([make_record(uid) for uid in uids], tmp_path / "data" / name)
    (tmp_path / "data" / "2.parquet").write_bytes(b"PAR1 broken PAR1")
    code, out, err = call(*_calls(tmp_path / "data", tmp_path)[command])
    assert code == 1
    assert "2.parquet is not a whole Parquet file" in out + err
    assert "3 videos" in out or "3 of 3 videos" in out


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("kind", ["empty", "silent"])
def test_an_empty_set_and_one_without_texts_are_well(call, tmp_path, command, kind):
    silent = [make_record(uid) for uid in "ab"]
    silent = [
        replace(one, tree=one.tree.update(lambda node: replace(node, clip_caption=None, clip_action=None, frame_caption=None, annotation=None)))
        for one in silent
    ]
    write_records([] if kind == "empty" else silent, tmp_path / "data.parquet")
    code, out, err = call(*_calls(tmp_path / "data.parquet", tmp_path)[command])
    assert (code, err) == (0, "")
    assert "0 videos" in out or "2 videos" in out or "0 of " in out


@pytest.mark.parametrize("command", COMMANDS)
def test_texts_and_uids_of_strangers_do_nothing_to_the_terminal(call, tmp_path, command):
    record = make_record("../../x")
    loud = replace(
        record,
        metadata=replace(record.metadata, title=EVIL, description=EVIL),
        tree=record.tree.update(
            lambda node: replace(
                node,
                clip_caption=EVIL,
                annotation=node.annotation and replace(node.annotation, action=replace(node.annotation.action, brief=EVIL, actor=EVIL)),
            )
        ),
    )
    bad = record_to_row(replace(loud, uid=EVIL))
    bad["nodes"][1]["end"] = None
    (tmp_path / "in").mkdir()
    write_rows(tmp_path / "in" / "data.parquet", [bad, record_to_row(loud), record_to_row(replace(loud, uid=EVIL))])
    code, out, err = call(*_calls(tmp_path / "in" / "data.parquet", tmp_path / "in" / "out")[command])
    assert code == 1
    assert "[red]x[/red]" in out + err  # shown as it is
    assert ":cat:" in out + err
    assert all(letter.isprintable() or letter == "\n" for letter in out + err)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]  # nothing outside the folder


def test_an_error_that_names_a_uid_does_nothing_to_the_terminal(call, tmp_path):
    write_records([make_record("other")], tmp_path / "other.parquet")
    bad = record_to_row(make_record(EVIL))
    bad["nodes"][1]["end"] = None
    write_rows(tmp_path / "data.parquet", [bad])
    code, _, err = call("report", tmp_path / "data.parquet", "--out", tmp_path / "page")
    assert code in (1, 2)
    assert "[red]x[/red]" in err
    assert all(letter.isprintable() or letter == "\n" for letter in err)


def test_two_sets_without_a_common_video_have_no_figures(call, tmp_path):
    for uid in "ab":
        write_records([make_record(uid)], tmp_path / uid)
    code, out, _ = call("compare", tmp_path / "a", tmp_path / "b")
    assert code == 0
    assert "no video is in both, so there are no figures" in out
    assert "1.000" not in out


def test_select_by_flags_of_other_data_says_why_and_ends_with_2(call, tmp_path):
    for uid in "ab":
        write_records([make_record(uid)], tmp_path / uid)
    audit(str(tmp_path / "a"), out=str(tmp_path / "flags"))
    found = ["select", tmp_path / "a", "--out", tmp_path / "out", "--flags", tmp_path / "flags", "--drop-flag", "duplicate", "--flag-scope", "texts"]
    assert call(*found)[0] == 0
    (tmp_path / "out").unlink()
    code, _, err = call("select", tmp_path / "b", "--out", tmp_path / "out", "--flags", tmp_path / "flags", "--only-flag", "short")
    assert code == 2
    assert "it has 'a' where the data have 'b'" in err
    assert not (tmp_path / "out").exists()


def test_twenty_that_are_left_out_are_named_and_all_are_counted(capsys):
    left_out = LeftOut()
    left_out(DataSetError("first"))
    left_out.tell((f"message {number}" for number in range(30)), 2000)
    with pytest.raises(typer.Exit) as ended:
        left_out.exit()
    assert ended.value.exit_code == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 21
    assert (lines[0], lines[19], lines[20]) == ("left out: first", "left out: message 18", "left out: 1981 more")
