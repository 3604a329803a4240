"""What a user sees: each command on a real run, its printed answer and its exit code."""

from __future__ import annotations

import json
import sys

import pytest

from action100m.cli import main
from support.clips import time_code_pictures, write_clip


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
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    return write_clip(path, time_code_pictures([number / 12 for number in range(36)]), fps=12)


def test_from_a_video_to_a_data_set_and_a_page(call, clip, tmp_path):
    out, data, page = tmp_path / "run", tmp_path / "data.parquet", tmp_path / "page"
    code, printed = call("run", clip, "--out", out)
    assert code == 0, printed
    assert "1 files, 1 made (1 worked on now), 0 failed" in printed
    code, printed = call("status", out)
    assert code == 0
    assert "1 videos, 1 complete, 0 files rejected" in printed
    assert "a rerun would make 0, retry 0, leave 0 failed alone" in printed
    code, printed = call("pack", out, "--out", data)
    assert code == 0
    assert "1 videos, " in printed
    code, printed = call("validate", data)
    assert code == 0
    assert "0 findings" in printed
    code, printed = call("report", out, "--out", page)
    assert code == 0
    assert (page / "index.html").exists()
    (clip.parent / "clip.srt").write_text("1\n00:00:00,500 --> 00:00:01,500\nNot a video.\n")
    code, printed = call("report", data, "--out", tmp_path / "page2", "--videos", clip.parent)
    assert code == 0
    assert [file.suffix for file in (tmp_path / "page2" / "media").iterdir()] == [".mp4"]


def test_the_released_records_have_no_finding(call, shared):
    code, printed = call("validate", shared / "data" / "action100m" / "examples.parquet", "--json")
    report = json.loads(printed)
    assert code == 0
    assert (report["rows"], report["nodes"], report["annotated"], report["findings"]) == (10, 4480, 1237, [])


def test_a_failed_file_is_told_and_ends_with_1(call, clip, tmp_path):
    (tmp_path / "empty.mp4").write_bytes(b"")
    code, printed = call("run", clip, tmp_path / "empty.mp4", "--out", tmp_path / "run")
    assert code == 1
    assert "EmptyVideoError" in printed
    assert str(tmp_path / "empty.mp4") in printed
    code, printed = call("status", tmp_path / "run")
    assert "1 files rejected" in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["status", "nowhere"], "is not a run"),
        (["pack", "nowhere", "--out", "x.parquet"], "is not a run"),
        (["validate", "nowhere.parquet"], "nowhere.parquet"),
        (["report", "nowhere.parquet", "--out", "page"], "nowhere.parquet"),
        (["run", "a.mp4", "--out", "run", "--config", "nowhere.toml"], "nowhere.toml"),
        (["run", "a.mp4", "--out", "run", "--workers", "0"], "at least 1"),
    ],
)
def test_a_wrong_call_says_why_and_ends_with_2(call, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    code, printed = call(*arguments)
    assert code == 2
    assert printed.startswith("error: ")
    assert message in printed
    assert "Traceback" not in printed


def test_a_data_set_with_errors_ends_with_1(call, tmp_path, shared):
    import pyarrow.parquet as pq

    table = pq.read_table(shared / "data" / "action100m" / "examples.parquet")
    pq.write_table(table.slice(0, 1).take([0, 0]), tmp_path / "twice.parquet")
    code, printed = call("validate", tmp_path / "twice.parquet")
    assert code == 1
    assert "error: " in printed
    assert "8JOpXDtraZI" in printed


def test_a_plan_tells_the_cost_and_makes_nothing(call, clip, tmp_path):
    before = sorted(tmp_path.iterdir())
    code, printed = call("plan", clip)
    assert code == 0, printed
    assert "1 video of 3 s, 36 frames, 9 sampled, 1 window;" in printed
    assert "embed     descriptor" in printed
    code, printed = call("plan", clip, "--json")
    assert json.loads(printed)["samples"] == 9
    assert sorted(tmp_path.iterdir()) == before


def test_a_plan_names_what_it_leaves_out(call, clip, tmp_path):
    (tmp_path / "empty.mp4").touch()
    code, printed = call("plan", clip, tmp_path / "empty.mp4")
    assert code == 1
    assert "left out  EmptyVideoError" in printed


def test_a_plan_for_an_unknown_model_asks_for_its_price(call, clip, tmp_path):
    config = tmp_path / "my.toml"
    config.write_text('[annotate.model]\nkind = "endpoint"\nmodel = "new"\n')
    code, printed = call("plan", clip, "--config", config)
    assert code == 2
    assert "--price new=IN,OUT" in printed
    code, printed = call("plan", clip, "--config", config, "--price", "1,2")
    assert code == 0, printed
    assert "annotate  new, hosted" in printed


def test_a_finished_run_serves_as_a_pilot(call, clip, tmp_path):
    assert call("run", clip, "--out", tmp_path / "run")[0] == 0
    code, printed = call("plan", clip, clip, "--pilot", tmp_path / "run")
    assert code == 0, printed
    assert f"from 1 videos of 0.00 h in {tmp_path / 'run'}" in printed
    code, printed = call("plan", clip, "--pilot", tmp_path / "run", "--preset", "modern")
    assert code == 2
    assert "other settings of stage embed" in printed


def test_a_bound_without_the_prices_that_it_needs_is_refused_with_the_cure(call, clip, tmp_path):
    config = tmp_path / "my.toml"
    config.write_text('[annotate.model]\nkind = "endpoint"\nmodel = "new"\n')
    code, printed = call("run", clip, "--out", tmp_path / "run", "--config", config, "--max-cost", "1")
    assert code == 2
    assert "max_cost needs the price of every model; give --price new=HOUR" in printed
    assert not (tmp_path / "run").exists()


def test_a_price_for_a_model_that_the_run_does_not_have_is_refused_before_anything_is_made(call, clip, tmp_path):
    config, out = tmp_path / "my.toml", tmp_path / "run"
    config.write_text('[annotate.model]\nkind = "endpoint"\nmodel = "new"\n')
    assert call("run", clip, "--out", out)[0] == 0
    for command in (("run", clip, "--out", tmp_path / "other", "--config", config), ("plan", clip, "--config", config), ("status", out)):
        code, printed = call(*command, "--price", "nwe=1,2")
        assert code == 2, command
        assert "no model of this run is called 'nwe', as a price says; " in printed
        assert ("it has new" in printed) is (command[0] != "status")
    assert not (tmp_path / "other").exists()


def test_a_run_remembers_a_price_until_it_is_told_to_forget_it(call, clip, tmp_path):
    out = tmp_path / "run"
    assert call("run", clip, "--out", out, "--price", "3")[0] == 0
    assert json.loads((out / "prices.json").read_text()) == {"* an hour": [[3.0, 3.0]]}
    assert call("run", "--out", out, "--price", "=")[0] == 0
    assert json.loads((out / "prices.json").read_text()) == {}


def test_a_device_that_is_not_known_is_refused_also_where_no_model_needs_one(call, clip):
    code, printed = call("plan", clip, "--gpu", "nonsense")
    assert code == 2
    assert "no figures for the device 'nonsense'" in printed
