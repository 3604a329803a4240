"""Whole runs by real model classes: in this process from tiny random checkpoints, and behind a server."""

from __future__ import annotations

import json

import pytest

from action100m.dataset.io import read_records
from action100m.dataset.validate import validate
from action100m.errors import ConfigError
from action100m.models.causal_lm.config import CausalLMConfig
from action100m.models.endpoint.caption import CaptionEndpointConfig
from action100m.models.endpoint.chat import EndpointConfig
from action100m.models.vlm.config import VlmConfig
from action100m.run.config import RunConfig
from action100m.run.pack import pack
from action100m.run.run import run_videos
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
    spent = status(tmp_path / "run").spent
    assert sum(one.requests for one in spent if one.purpose == "caption") == len(seen)
    assert [one.purpose for one in spent].count("annotate") == 1
    assert run_videos([], tmp_path / "run", retry=None).fresh == 0
    for artifact in (tmp_path / "run").glob("videos/*/caption-*"):
        artifact.unlink()
    run_videos([], tmp_path / "run")
    assert status(tmp_path / "run").spent == spent


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
        caption, annotate = status(tmp_path / "run").spent
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
