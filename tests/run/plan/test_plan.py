"""What a run will cost: the paper's totals as a test of the arithmetic, real runs as a test of what is counted, and what is told beside."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

import action100m
from action100m.dataset.io import read_records
from action100m.errors import ConfigError
from action100m.run.figures.costs import read_costs
from action100m.run.figures.estimate import Estimate
from action100m.run.plan.extrapolate import Ahead, extrapolate
from action100m.run.plan.plan import plan, plan_headers
from action100m.run.plan.probe import Header
from action100m.run.presets import paper
from action100m.run.run import run_videos
from action100m.tree import tree_from_json
from support.clips import time_code_pictures, write_clip

PAPER_VIDEOS = 1_199_096
PAPER_SECONDS = 14.6 * 365.25 * 86_400
PAPER_SEGMENTS = 147_092_653
PAPER_NODES = 448 * PAPER_VIDEOS
"""448 is the mean of the ten official records; the paper does not tell."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    return write_clip(path, time_code_pictures([number / 12 for number in range(72)]), fps=12)


def _plan_mean_video(costs):
    """One video of mean length at 30 frames a second. All figures grow in proportion, so the data set is as many times it."""
    seconds = PAPER_SECONDS / PAPER_VIDEOS
    return plan_headers([Header("mean", seconds, round(30 * seconds), 640, 360)], paper(), costs)


def _hours_by_device(planned):
    v100, h100 = (
        sum((stage.gpu_hours for stage in planned.stages if stage.runs_on.startswith(name)), start=Estimate(0, 0)) * PAPER_VIDEOS
        for name in ("NVIDIA V100", "NVIDIA H100")
    )
    return v100, h100


def test_the_totals_of_the_paper_lie_in_the_intervals():
    """1.3 M V100 hours for segments and captions, 0.3 M H100 hours for annotations; neither was used to set any figure.

    Assumed: 30 frames a second; each device attains 15 to 50 % of its peak; 1 to 64 replies are written at once; two clip captions a node, as the
    released data have, and one frame caption a leaf; our prompts and their layout, cached or not; thoughts of up to 4,096 tokens a reply.
    """
    planned = _plan_mean_video(read_costs())
    assert PAPER_NODES in planned.nodes * PAPER_VIDEOS
    assert PAPER_SEGMENTS in planned.segments * PAPER_VIDEOS
    v100, h100 = _hours_by_device(planned)
    assert 1.3e6 in v100
    assert 0.3e6 in h100
    assert v100.high / v100.low < 20
    assert (v100.low, v100.high) == pytest.approx((0.41e6, 6.9e6), rel=0.02)  # as docs/commands.md tells
    assert (h100.low, h100.high) == pytest.approx((0.0055e6, 0.64e6), rel=0.05)


def test_what_is_known_of_its_videos_narrows_the_intervals(shared):
    """Segments as the paper counts them, and the ten official records as a pilot for the nodes of their population."""
    trees = [record.tree for record in read_records(shared / "data" / "action100m" / "examples.parquet")]
    nodes = extrapolate([len(tree) for tree in trees], [tree.root.end for tree in trees], Ahead(PAPER_SECONDS, PAPER_VIDEOS))
    assert PAPER_NODES in nodes
    costs = read_costs()
    content = replace(costs.content, nodes_per_second=nodes / PAPER_SECONDS, segments_per_second=Estimate.exactly(PAPER_SEGMENTS / PAPER_SECONDS))
    planned = _plan_mean_video(replace(costs, content=content))
    assert planned.segments.low * PAPER_VIDEOS == pytest.approx(PAPER_SEGMENTS)
    v100, h100 = _hours_by_device(planned)
    assert 1.3e6 in v100
    assert 0.3e6 in h100
    assert (v100.low, v100.high) == pytest.approx((0.53e6, 5.6e6), rel=0.02)  # as docs/commands.md tells
    assert (h100.low, h100.high) == pytest.approx((0.0072e6, 0.46e6), rel=0.02)


def test_which_assumptions_make_the_intervals_of_the_paper_wide():
    """The high end over the low end, if one thing were known: for V100s by share of the peak, rows and nodes; for H100s by thoughts."""
    costs = read_costs()
    assumptions, content = costs.assumptions, costs.content
    known = {
        "nothing": costs,
        "nodes": replace(costs, content=replace(content, nodes_per_second=_middle(content.nodes_per_second))),
        "share of the peak": replace(costs, devices={name: replace(one, tflops=_middle(one.tflops)) for name, one in costs.devices.items()}),
        "rows": replace(costs, assumptions=replace(assumptions, rows=_middle(assumptions.rows))),
        "lengths of captions": replace(costs, content=replace(content, frame_caption_bytes=_middle(content.frame_caption_bytes))),
        "thoughts": replace(costs, assumptions=replace(assumptions, thinking=Estimate.exactly(assumptions.thinking.high / 2))),
        "no cache": replace(costs, content=replace(content, fresh_bytes=content.opening_bytes)),
    }
    widths = {what: [hours.high / hours.low for hours in _hours_by_device(_plan_mean_video(one))] for what, one in known.items()}
    v100, h100 = ({what: width[device] for what, width in widths.items()} for device in (0, 1))
    assert v100["nothing"] == pytest.approx(17, rel=0.02)
    assert max(v100["nodes"], v100["share of the peak"], v100["rows"]) < 8
    assert v100["lengths of captions"] > 14
    assert h100["nothing"] == pytest.approx(115, rel=0.02)
    assert h100["thoughts"] < h100["no cache"] < h100["rows"] == h100["nothing"]


def _middle(estimate):
    return Estimate.exactly((estimate.low * estimate.high) ** 0.5)


def test_disk_and_nodes_of_a_real_run_lie_in_the_intervals(shared, tmp_path):
    video = str(shared / "data" / "videos" / "eggs_recipe_70s.mp4")
    planned = plan([video])
    run_videos([video], str(tmp_path))
    sizes = {path.name.partition("-")[0]: path.stat().st_size for path in (tmp_path / "videos").rglob("*.*")}
    embed = planned.stages[0].disk_bytes.high
    assert sizes["embed"] == pytest.approx(embed, rel=0.02)
    assert sum(sizes.values()) in planned.disk_bytes
    segment = next((tmp_path / "videos").rglob("segment-*"))
    assert len(tree_from_json(json.loads(segment.read_bytes())["tree"])) in planned.nodes


def test_a_preview_takes_cpu_time_only(clip):
    planned = action100m.plan([str(clip)])
    assert [stage.stage for stage in planned.stages] == ["embed", "segment", "caption", "annotate"]
    assert (planned.videos, planned.frames, planned.samples, planned.windows) == (1, 72, 18, 1)
    assert planned.gpu_hours == planned.money == Estimate(0, 0)
    assert all(stage.tokens_in.high == stage.tokens_out.high == 0 for stage in planned.stages)
    assert 6 / 50 * 0.03 < planned.cpu_hours.low * 3600 < planned.cpu_hours.high * 3600 == pytest.approx(6 / 25)
    assert planned.notes == ()


def test_a_file_that_cannot_be_probed_is_named_and_the_others_go_on(clip, tmp_path):
    (tmp_path / "empty.mp4").touch()
    planned = plan([str(tmp_path / "empty.mp4"), str(clip)])
    assert planned.videos == 1
    assert [(problem.cause, "zero bytes" in problem.message) for problem in planned.problems] == [("EmptyVideoError", True)]


def test_no_video_at_all_is_an_error():
    with pytest.raises(ConfigError, match="no video"):
        plan([])


def test_frames_for_captions_cost_another_decoding_for_each_captioner(clip):
    weightless, planned = plan([str(clip)]), plan([str(clip)], paper())
    assert planned.cpu_hours.high == pytest.approx(3 * weightless.cpu_hours.high)
    assert [stage.model for stage in planned.stages][2:4] == ["facebook/Perception-LM-3B", "meta-llama/Llama-3.2-11B-Vision-Instruct"]


def test_the_preset_paper_has_figures_for_each_of_its_models(clip):
    planned = plan([str(clip)], paper())
    models = [stage for stage in planned.stages if stage.stage != "segment"]
    assert [(stage.model, stage.runs_on.split()[1]) for stage in models] == [
        ("facebook/vjepa2-vitg-fpc64-384", "V100"),
        ("facebook/Perception-LM-3B", "V100"),
        ("meta-llama/Llama-3.2-11B-Vision-Instruct", "V100"),
        ("openai/gpt-oss-120b", "H100"),
    ]
    assert all(stage.requests.low > 0 and 0 < stage.gpu_hours.low < stage.gpu_hours.high for stage in models)
    assert all(stage.tokens_in.low > 0 and stage.tokens_out.low > 0 for stage in models[1:])


def test_what_is_taken_for_granted_is_told(clip):
    config = paper()
    notes = plan([str(clip)], replace(config, annotate=replace(config.annotate, nodes="all", subtree_depth=2))).notes
    assert any("no price is known for an hour of NVIDIA V100" in note for note in notes)
    assert any("how much openai/gpt-oss-120b thinks is not known" in note for note in notes)
    assert any("under the paper's settings" in note for note in notes)
    assert any("subtree_depth 6" in note for note in notes)
    assert len(set(notes)) == len(notes)
    assert any("holds 8" in note for note in plan([str(clip)], config, gpu="rtx4060").notes)


def test_figures_come_out_as_json(clip):
    value = json.loads(json.dumps(plan([str(clip)], paper()).to_dict()))
    assert value["total"]["gpu_hours"]["low"] <= value["total"]["gpu_hours"]["high"]
    assert value["stages"][0]["money"] is None
    assert value["stages"][0]["requests"] == {"low": 1, "high": 1}
