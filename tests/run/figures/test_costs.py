"""The data file of costs: every figure has a source, work follows from the published shapes, and contents are those of the official records."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from itertools import pairwise

import numpy as np
import pytest

from action100m.dataset.io import read_records
from action100m.errors import ConfigError
from action100m.run.figures.costs import read_costs
from action100m.run.figures.estimate import Estimate
from action100m.stages.context import render_segment, render_video
from action100m.stages.prompts import read_prompt
from action100m.tree import tree_to_json


@pytest.fixture(scope="module")
def records(shared):
    found = list(read_records(shared / "data" / "action100m" / "examples.parquet"))
    assert len(found) == 10
    return found


def _span(values):
    values = list(values)
    return min(values), max(values)


def _assert_is(estimate, values, *, slack=0.1):
    """An interval is the span of what was measured, rounded outwards by at most a share."""
    low, high = _span(values)
    assert low * (1 - slack) <= estimate.low <= low
    assert high <= estimate.high <= high * (1 + slack)


def _mean_bytes(texts):
    return np.mean([len((text or "").encode()) for text in texts])


def test_every_model_and_device_has_a_source():
    costs = read_costs()
    assert len(costs.models) >= 10
    assert all(len(entry.source) > 10 for entry in (*costs.models.values(), *costs.devices.values()))
    assert all(model.weightless or model.device in costs.devices for model in costs.models.values())


def _encoder_work(*, layers, width, mlp, tokens):
    """10^12 operations: 2 for each parameter and token, and attention of all tokens over all tokens."""
    parameters = layers * (4 * width**2 + 2 * width * mlp)
    return (2 * parameters * tokens + 4 * tokens**2 * width * layers) / 1e12


def test_work_follows_from_the_published_shapes():
    models = read_costs().models
    giant = _encoder_work(layers=40, width=1408, mlp=6144, tokens=32 * 24 * 24)
    assert models["facebook/vjepa2-vitg-fpc64-384"].tflop_per_window == pytest.approx(giant, rel=0.01)
    large = _encoder_work(layers=24, width=1024, mlp=4096, tokens=32 * 16 * 16)
    assert models["facebook/vjepa2-vitl-fpc64-256"].tflop_per_window == pytest.approx(large, rel=0.01)
    assert models["openai/gpt-oss-120b"].gflop_per_token == pytest.approx(2 * 5.1)


@pytest.mark.parametrize(
    ("model", "eye"),
    [
        ("facebook/Perception-LM-3B", {"layers": 23, "width": 1024, "mlp": 4096, "tokens": 32 * 32}),
        ("meta-llama/Llama-3.2-11B-Vision-Instruct", {"layers": 40, "width": 1280, "mlp": 5120, "tokens": 1601}),
        ("HuggingFaceTB/SmolVLM2-2.2B-Instruct", {"layers": 27, "width": 1152, "mlp": 4304, "tokens": 27 * 27}),
        ("HuggingFaceTB/SmolVLM2-500M-Video-Instruct", {"layers": 12, "width": 768, "mlp": 3072, "tokens": 32 * 32}),
        ("Qwen/Qwen3-VL-4B-Instruct", {"layers": 24, "width": 1024, "mlp": 4096, "tokens": 20 * 20}),
        ("Qwen/Qwen3-VL-8B-Instruct", {"layers": 27, "width": 1152, "mlp": 4304, "tokens": 20 * 20}),
    ],
)
def test_the_work_of_seeing_follows_from_the_published_shape(model, eye):
    assert read_costs().models[model].tflop_per_image == pytest.approx(_encoder_work(**eye), rel=0.03)


def test_the_cpu_is_as_fast_as_it_was_measured():
    costs = read_costs()
    work = costs.models["facebook/vjepa2-vitl-fpc64-256"].tflop_per_window
    assert work / costs.devices["cpu"].tflops.low == pytest.approx(235, rel=0.02)


def test_nodes_and_segments_are_those_of_the_official_records(records):
    content = read_costs().content
    _assert_is(content.nodes_per_second, [len(record.tree) / record.tree.root.end for record in records])
    _assert_is(
        content.segments_per_second, [sum(node.annotation is not None for node in record.tree.nodes) / record.tree.root.end for record in records]
    )
    durations = [node.duration for record in records for node in record.tree.nodes]
    assert content.node_seconds == pytest.approx(np.quantile(durations, np.arange(0.05, 1, 0.1)), abs=0.01)


def test_texts_are_as_long_as_those_of_the_official_records(records):
    content, trees = read_costs().content, [record.tree for record in records]
    _assert_is(content.clip_caption_bytes, [_mean_bytes(node.clip_caption for node in tree.nodes) for tree in trees])
    _assert_is(content.clip_action_bytes, [_mean_bytes(node.clip_action for node in tree.nodes) for tree in trees])
    _assert_is(content.frame_caption_bytes, [_mean_bytes(leaf.frame_caption for leaf in tree.leaves()) for tree in trees])
    _assert_is(content.answer_bytes, [_mean_bytes(json.dumps(asdict(node.annotation)) for node in tree.nodes if node.annotation) for tree in trees])
    bare = [tree.update(lambda node: replace(node, frame_caption=None, clip_caption=None, clip_action=None, annotation=None)) for tree in trees]
    _assert_is(content.bare_node_bytes, [len(json.dumps(tree_to_json(tree))) / len(tree) for tree in bare])


def test_prompts_are_as_long_as_for_the_official_records(records):
    content = read_costs().content
    openings = [_render_openings(record) for record in records]
    _assert_is(content.opening_bytes, [np.mean([len(text) for text in texts]) for texts in openings])
    shared = [sum(_count_shared(*pair) for pair in pairwise(texts)) for texts in openings]
    _assert_is(content.fresh_bytes, [(sum(map(len, texts)) - known) / len(texts) for texts, known in zip(openings, shared, strict=True)], slack=0.35)


def _count_shared(one, other):
    """How many bytes two texts begin with alike."""
    length = min(len(one), len(other))
    differ = np.frombuffer(one[:length], np.uint8) != np.frombuffer(other[:length], np.uint8)
    return int(differ.argmax()) if differ.any() else length


def _render_openings(record):
    """Rules and evidence of each annotated node, in the order that shares most."""
    video = read_prompt("annotate_rules") + render_video(record.tree, record.metadata, depth=3)
    nodes = sorted((node for node in record.tree.nodes if node.annotation), key=lambda node: (node.start, node.end))
    return [(video + render_segment(record.tree, node, depth=6)).encode() for node in nodes]


def test_a_folder_of_weights_is_known_by_its_name():
    costs = read_costs()
    assert costs.find_model("weights/Perception-LM-3B") is costs.models["facebook/Perception-LM-3B"]
    assert costs.find_model("somebody/else") is None


def test_a_file_adds_to_the_figures_and_replaces_them(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('[models.mine]\ngflop_per_token = 2\nsource = "me"\n[devices.v100]\nusd_per_hour = [1, 3]\n')
    costs = read_costs(path)
    assert costs.models["mine"].gflop_per_token == 2
    assert costs.devices["v100"].usd_per_hour == Estimate(1, 3)
    assert costs.devices["v100"].tflops == read_costs().devices["v100"].tflops


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[models.mine]\ngflop_per_tokens = 2\nsource = 'me'\n", "models.mine.gflop_per_tokens: unknown setting; did you mean 'gflop_per_token'?"),
        ("[assumption]\nrows = [1, 2]\n", "assumption: unknown setting; did you mean 'assumptions'?"),
        ("[models.mine]\ngflop_per_token = 2\n", "models.mine.source: is missing"),
        ("[models.mine]\nsource = 'me'\nthinks = '" + "no " * 50 + "'\n", "no " * 50),
        ("[devices.v100]\ntflops = [9, 3]\n", "low <= high"),
        ("[devices.v100\n", "mine.toml"),
    ],
)
def test_a_wrong_file_is_refused_with_its_name_and_key(tmp_path, text, told):
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(ConfigError, match=r"mine\.toml") as caught:
        read_costs(tmp_path / "mine.toml")
    assert told in str(caught.value)
