"""The command search: what it prints, and its exit codes."""

import json
import sys
from unittest.mock import Mock

import pytest

from action100m.cli import main
from support.records import record_to_row, write_rows
from support.search_sets import KITCHEN, make_told_record, write_actions
from support.sentences import ToyTextEncoder


@pytest.fixture
def call(monkeypatch, capsys, tmp_path):
    """Call the command line in this process, with a toy for an encoder; return (exit code, what was printed, what was said on stderr)."""
    monkeypatch.setattr("action100m.models.text.choose.choose_text_encoder", lambda name: Mock(load=ToyTextEncoder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run_main(*arguments):
        monkeypatch.setattr(sys, "argv", ["action100m", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return ended.value.code or 0, printed.out, printed.err

    return run_main


def test_an_answer_tells_video_time_text_and_link(call, tmp_path):
    data = write_actions(tmp_path / "data.parquet", {"30PLZNxHuUo": ("Clean washer jets", "Open bonnet", "Check fuse")})
    code, printed, said = call("search", data, "check the fuse", "--limit", 1)
    assert code == 0
    first, second, third = printed.splitlines()
    assert first == "0:10.0-0:16.0  Video of 30PLZNxHuUo  (30PLZNxHuUo, level 1)"
    assert second == "  brief_action: Check fuse"
    assert third.endswith("  https://www.youtube.com/watch?v=30PLZNxHuUo&t=10s")
    assert said.startswith("making the index; it is kept for later searches\n  read: 3 segments\n")
    assert "searched by words; to search by meaning too: --encoder minilm" in said
    assert call("search", data, "check the fuse", "--limit", 1, "--encoder", "toy")[2].count("making the index") == 1
    code, again, said = call("search", data, "check the fuse", "--limit", 1, "--encoder", "toy")
    assert (code, again.splitlines()[:2], said) == (0, [first, second], "")


def test_filters_and_json(call, tmp_path):
    data = write_actions(tmp_path / "data.parquet")
    arguments = ["--uid", "eggs", "--uid", "car", "--level", 1, "--min-seconds", 7, "--max-seconds", 12, "--field", "detailed_action"]
    code, printed, _ = call("search", data, "whisk check", *arguments, "--json", "--mode", "text", "--index", tmp_path / "index")
    found = json.loads(printed)
    assert code == 0
    assert {hit["text"] for hit in found} == {"Whisk the eggs with care.", "Check the fuse with care."}
    assert set(found[0]) == {"uid", "title", "node", "level", "start", "end", "field", "text", "score", "link"}
    assert (tmp_path / "index" / "search-index.json").is_file()


def test_markup_and_control_characters_are_shown_harmlessly(call, tmp_path):
    evil = "[red]<b>T</b>[/red] \x1b[31mred\x1b]0;owned\x07\n\r\u202eback\x00 [link=file:///etc]"
    data = write_actions(tmp_path / "data.parquet", {"../../\x1bx": (f"{evil} whisk", "Stir", "Pour")}, title=evil)
    code, printed, said = call("search", data, "whisk", "--limit", 1)
    assert code == 0
    assert "[red]<b>T</b>[/red] [31mred ]0;owned back [link=file:///etc]" in printed
    assert not {"\x1b", "\x07", "\r", "\u202e", "\0"} & set(printed + said)
    assert len(printed.splitlines()) == 3


def test_long_texts_are_cut(call, tmp_path):
    data = write_actions(tmp_path / "data.parquet", {"a": ("whisk " * 10_000, "Stir", "Pour")})
    code, printed, _ = call("search", data, "whisk", "--limit", 1)
    assert code == 0
    assert max(map(len, printed.splitlines())) < 330
    assert "…" in printed


def test_nothing_found_is_said(call, tmp_path):
    code, printed, _ = call("search", write_actions(tmp_path / "data.parquet"), "zebra")
    assert (code, printed) == (0, "no segment was found\n")


def test_records_that_are_left_out_are_told_at_every_search(call, tmp_path):
    rows = [record_to_row(make_told_record(uid, texts)) for uid, texts in KITCHEN.items()]
    rows[2]["video_uid"] = None
    data = write_rows(tmp_path / "data.parquet", rows)
    for _ in range(2):
        code, printed, said = call("search", data, "whisk", "--limit", 1)
        assert code == 1
        assert "Whisk the eggs" in printed
        assert "left out: " in said
        assert "row 2" in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["eggs", "--mode", "hybrid"], "needs a text encoder"),
        ([""], "at least one word"),
        (["eggs", "--field", "smell"], "got 'smell'"),
        (["eggs", "--min-seconds", "5", "--max-seconds", "1"], "no segment is so long"),
        (["eggs", "--limit", "0"], "limit must be from 1"),
    ],
)
def test_wrong_calls_end_with_2(call, tmp_path, arguments, says):
    code, _, said = call("search", write_actions(tmp_path / "data.parquet"), *arguments)
    assert code == 2
    assert says in said
