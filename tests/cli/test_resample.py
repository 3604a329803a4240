"""The command resample: what it prints, and its exit codes."""

import json
import sys
from unittest.mock import Mock

import pytest

from action100m.cli import main
from support.samples import write_samples
from support.sentences import ToyTextEncoder


@pytest.fixture
def call(monkeypatch, capsys):
    """Call the command line in this process, with a toy for an encoder; return (exit code, what was printed, what was said on stderr)."""
    monkeypatch.setattr("action100m.models.text.choose.choose_text_encoder", lambda name: Mock(load=ToyTextEncoder))

    def run_main(*arguments):
        monkeypatch.setattr(sys, "argv", ["action100m", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return ended.value.code or 0, printed.out, printed.err

    return run_main


def test_a_table_tells_head_and_tail_before_and_after(call, tmp_path):
    data = write_samples(tmp_path / "data.parquet", {"Speak to camera": 90, "Whisk the eggs": 10})
    out = tmp_path / "even.parquet"
    code, printed, _ = call("resample", data, "--out", out, "--size", 1000, "--clusters", 2, "--picture", tmp_path / "even.svg")
    assert code == 0
    assert "100 samples with 2 distinct texts in 2 clusters; drew 1,000" in printed
    assert "Speak to camera" in printed
    assert "90.00%" in printed
    assert {path.name for path in tmp_path.iterdir()} == {"data.parquet", "even.svg", out.name, f"{out.name}.work"} | {
        f"even.{ending}" for ending in ("weights.parquet", "centroids.npy", "json")
    }


def test_json_is_json_and_what_is_left_out_gives_exit_code_1(call, tmp_path):
    data = write_samples(tmp_path / "data.parquet", {"Speak [bold]to[/bold] camera": 9, "Whisk": 1})
    (tmp_path / "bad.parquet").write_text("no parquet")
    code, printed, _ = call("resample", data, tmp_path / "bad.parquet", "--out", tmp_path / "even.parquet", "--size", 10, "--json")
    assert code == 1
    report = json.loads(printed)
    assert report["head_texts"][0]["text"] == "Speak [bold]to[/bold] camera"
    assert "bad.parquet" in report["left_out"][0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--size", 0], "resample.size must be at least 1"), (["--size", 1, "--picture", "a.gif"], "a picture's name ends in")],
)
def test_wrong_calls_are_told_and_end_with_2(call, tmp_path, arguments, message):
    data = write_samples(tmp_path / "data.parquet", {"Whisk": 1})
    code, _, said = call("resample", data, "--out", tmp_path / "even.parquet", *arguments)
    assert code == 2
    assert message in said
