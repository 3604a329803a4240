"""Whole runs by real model classes: in this process from tiny random checkpoints, and behind a server."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from action100m.dataset.io import read_records
from action100m.dataset.validate import validate
from action100m.errors import ConfigError
from action100m.models.causal_lm.config import CausalLMConfig
from action100m.models.endpoint.caption import CaptionEndpointConfig
from action100m.models.endpoint.chat import EndpointConfig
from action100m.models.vlm.config import VlmConfig
from action100m.models.weightless.extractive import ExtractiveConfig
from action100m.run.config import RunConfig
from action100m.run.figures.estimate import Estimate
from action100m.run.pack import pack
from action100m.run.plan.plan import plan
from action100m.run.run import run_videos
from action100m.run.spending.prices import parse_prices
from action100m.run.status import status
from action100m.stages.annotate import AnnotateConfig
from action100m.stages.caption import CaptionConfig
from support.chat_server import ChatServer, completion
from support.checkpoints import save_language_model
from support.records import make_annotation
from support.vlm_checkpoints import save_vlm


def packed_record(run, tmp_path):
    """Pack a run of one video; its data set breaks no rule, save that random models write control characters."""
    pack(run, tmp_path / "data.parquet")
    assert {finding.rule for finding in validate(str(tmp_path / "data.parquet")).findings} <= {"text"}
    (record,) = read_records(str(tmp_path / "data.parquet"))
    return record


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Two captioners and a reasoner, which write nonsense, on a CPU."""
    folder = tmp_path_factory.mktemp("models")
    clips = VlmConfig(checkpoint=str(save_vlm(folder / "clips", "idefics3", context=8192)), device="cpu", max_new_tokens=6, tiles=False)
    frames = VlmConfig(checkpoint=str(save_vlm(folder / "frames", "qwen3_vl")), device="cpu", max_new_tokens=6)
    reasoner = CausalLMConfig(checkpoint=str(save_language_model(folder / "reasoner")), device="cpu", max_new_tokens=150, temperature=1.0)
    return RunConfig(
        caption=CaptionConfig(captioner=clips, frame_captioner=frames, frames=3),
        annotate=AnnotateConfig(model=reasoner, rounds=2, efforts=(), attempts=2, global_depth=0, subtree_depth=0),
    )


@pytest.fixture(scope="module")
def made(clips, models, tmp_path_factory):
    """A finished run of one video."""
    run = tmp_path_factory.mktemp("made") / "run"
    run_videos([clips / "eggs.mp4"], run, models)
    return run


def tokens_by_model(run):
    return [(item.stage, item.model, item.requests, item.usage) for item in status(run).bill.items]


def test_models_in_this_process_make_a_whole_record_and_nothing_twice(clips, models, tmp_path):
    summary = run_videos([clips / "eggs.mp4"], tmp_path / "run", models)
    assert summary.made == 1
    record = packed_record(tmp_path / "run", tmp_path)
    provenance = record.provenance
    assert (provenance.captioner, provenance.frame_captioner) != (provenance.frame_captioner, provenance.captioner)
    assert provenance.rounds == 2
    seen = {(evidence.node, evidence.field): evidence.seconds for evidence in provenance.evidence}
    captioned = [(node, name) for node in record.tree.nodes for name in ("frame_caption", "clip_caption", "clip_action") if getattr(node, name)]
    assert captioned
    assert all(node.start <= time < node.end for node, name in captioned for time in seen[node.id, name])
    spent = tokens_by_model(tmp_path / "run")
    assert sum(requests for stage, _, requests, _ in spent if stage == "caption") == len(seen)
    assert [stage for stage, *_ in spent] == ["caption", "caption", "annotate"]
    assert run_videos([], tmp_path / "run", retry=None).fresh == 0
    for artifact in (tmp_path / "run").glob("videos/*/caption-*"):
        artifact.unlink()
    run_videos([], tmp_path / "run")
    assert tokens_by_model(tmp_path / "run") == spent


def test_each_model_in_this_process_is_billed_and_planned_under_its_own_name(made, clips, models):
    captioners = models.caption.captioner.checkpoint, models.caption.frame_captioner.checkpoint
    bill = status(made).bill
    assert [(item.stage, item.model) for item in bill.items] == [
        *(("caption", name) for name in captioners),
        ("annotate", models.annotate.model.checkpoint),
    ]
    assert all(item.usage.input and item.usage.output for item in bill.items)
    assert {(item.gpu_hours, item.money, item.cure, item.is_earlier) for item in bill.items} == {(0, Estimate(0, 0), None, False)}
    planned = {stage.model: stage for stage in plan([str(clips / "eggs.mp4")], pilot=made).stages}
    for item in bill.items:
        stage = planned[item.model]
        assert item.requests in stage.requests
        assert item.usage.input in stage.tokens_in
        assert item.usage.output in stage.tokens_out
        assert (stage.runs_on, stage.gpu_hours.high) == ("the CPU of the pilot", 0)


def test_a_model_that_takes_the_device_there_is_costs_nothing_on_a_cpu(clips, models, tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    auto = replace(models.annotate, model=replace(models.annotate.model, device="auto"))
    config = RunConfig(annotate=auto)
    run_videos([clips / "talk.mp4"], tmp_path / "run", config, max_cost=1.0)  # needs no price
    (item,) = status(tmp_path / "run", prices=parse_prices(["100"])).bill.items
    assert (item.gpu_hours, item.money, item.cure) == (0, Estimate(0, 0), None)
    planned = plan([str(clips / "talk.mp4")], pilot=tmp_path / "run").stages[-1]
    assert (planned.runs_on, planned.gpu_hours.high, planned.money) == ("the CPU of the pilot", 0, Estimate(0, 0))
    assert planned.cpu_hours.low > 0


def test_the_gpu_that_auto_is_on_is_noted(clips, models, tmp_path, monkeypatch):
    """No GPU is at hand: only the accounts are told that there was one."""
    monkeypatch.setattr("action100m.run.run.finds_gpu", lambda config: True)
    config = RunConfig(annotate=replace(models.annotate, model=replace(models.annotate.model, device="auto")))
    with pytest.raises(ConfigError, match="max_cost needs the price of every model"):
        run_videos([clips / "talk.mp4"], tmp_path / "run", config, max_cost=1.0)
    run_videos([clips / "talk.mp4"], tmp_path / "run", config)
    (item,) = status(tmp_path / "run", prices=parse_prices(["100"])).bill.items
    assert item.money == Estimate.exactly(item.gpu_hours * 100)
    assert item.gpu_hours > 0
    assert plan([str(clips / "talk.mp4")], pilot=tmp_path / "run").stages[-1].runs_on == "the GPU of the pilot"


def test_captioners_that_share_the_gpu_of_this_machine_are_both_on_it(made, clips, tmp_path):
    """No GPU is at hand: the ledger of the run is told that there was one."""
    run = tmp_path / "run"
    shutil.copytree(made, run)
    with closing(sqlite3.connect(run / "ledger.sqlite", isolation_level=None)) as ledger:
        (noted,) = ledger.execute("SELECT DISTINCT gpus FROM work WHERE stage = 'caption'").fetchall()
        first, second = json.loads(noted[0])
        ledger.execute("UPDATE work SET gpus = ?, held = 1800 WHERE stage = 'caption'", (json.dumps({first: [1, 0], second: [1, 1]}),))
    prices = parse_prices(["3"])
    assert [(item.gpu_hours, item.money) for item in status(run, prices=prices).bill.items[:2]] == [(0.5, Estimate(1.5, 1.5)), (0, Estimate(0, 0))]
    clips_model, frames_model = (stage for stage in plan([str(clips / "eggs.mp4")], pilot=run, prices=prices).stages if stage.stage == "caption")
    assert (clips_model.runs_on, frames_model.runs_on) == ("the GPU of the pilot", "the GPU of the pilot")
    assert 0.5 in clips_model.gpu_hours
    assert (frames_model.gpu_hours.high, clips_model.cpu_hours.high) == (0, 0)


def test_hours_of_other_settings_are_told_apart(made, models, clips, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(made, run)
    name = models.annotate.model.checkpoint
    with closing(sqlite3.connect(run / "ledger.sqlite", isolation_level=None)) as ledger:
        ledger.execute("UPDATE work SET gpus = ?, held = 3600 WHERE stage = 'annotate'", (json.dumps({f"causal_lm {name}": [1, 0]}),))
    run_videos([], run, replace(models, annotate=AnnotateConfig(model=ExtractiveConfig(), rounds=1)))
    earlier = status(run, prices=parse_prices(["7"])).bill.items[-1]
    assert (earlier.is_earlier, earlier.model, earlier.gpu_hours, earlier.money) == (True, name, 1, None)
    assert earlier.usage.output > 0
    assert f"--price {name}=HOUR" in earlier.cure
    cured = status(run, prices=parse_prices([f"{name}=2"])).bill
    assert (cured.items[-1].money, cured.cures) == (Estimate(2, 2), ())


def test_captioner_and_reasoner_behind_a_server_make_a_whole_record(clips, tmp_path):
    annotation = json.dumps(make_annotation().to_dict())

    def answer(asked):
        return completion(annotation if "response_format" in asked.body else f"a picture of {len(str(asked.body))} letters")

    with ChatServer(answer) as server:
        at = {"model": "test-model", "base_url": server.base_url, "retries": 0}
        config = RunConfig(
            caption=CaptionConfig(captioner=CaptionEndpointConfig(**at), frames=4),
            annotate=AnnotateConfig(model=EndpointConfig(**at), rounds=2, efforts=("high",)),
        )
        summary = run_videos([clips / "eggs.mp4"], tmp_path / "run", config)
        assert (summary.made, summary.failures) == (1, ())
        record = packed_record(tmp_path / "run", tmp_path)
        assert all(node.clip_caption.startswith("a picture of") for node in record.tree.nodes)
        assert record.tree.root.annotation == make_annotation()
        caption, annotate = status(tmp_path / "run").bill.items
        assert caption.requests == 2 * len(record.tree) + len(record.tree.leaves())
        assert annotate.requests == 2 * sum(node.annotation is not None for node in record.tree.nodes)
        assert len(server.asked) == caption.requests + annotate.requests
        assert record.provenance.valid_at_first == (annotate.requests, annotate.requests)
        assert run_videos([], tmp_path / "run").fresh == 0
        assert len(server.asked) == caption.requests + annotate.requests


def test_a_run_stops_at_its_budget_and_goes_on_without_asking_twice(clips, tmp_path):
    with ChatServer(lambda asked: completion(json.dumps(make_annotation().to_dict()))) as server:
        config = RunConfig(annotate=AnnotateConfig(model=EndpointConfig(model="test-model", base_url=server.base_url), rounds=1, efforts=()))
        first = run_videos([clips], tmp_path / "run", config, max_tokens=1)
        assert first.made < 3
        assert "may 1" in first.stopped
        asked = len(server.asked)
        assert asked > 0
        rest = run_videos([], tmp_path / "run")
        assert (rest.made, rest.stopped) == (3, None)
        twice = len(server.asked) - len({str(asked.body) for asked in server.asked})
        assert twice <= 16  # only what was under way when it stopped, of which `concurrency` allows so many


def test_a_budget_needs_a_ledger(clips):
    with pytest.raises(ConfigError, match="behind a URL"):
        run_videos([clips], "memory://run", max_tokens=5)
