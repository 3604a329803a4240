"""A plan from headers: the paper's totals as a test of the arithmetic, and what is told beside the figures."""

from __future__ import annotations

from dataclasses import replace

import pytest

from action100m.dataset.io import read_records
from action100m.run.config import RunConfig
from action100m.run.figures.costs import read_costs
from action100m.run.figures.estimate import Estimate
from action100m.run.plan.by_headers import plan_by_headers
from action100m.run.plan.extrapolate import Ahead, extrapolate
from action100m.run.plan.probe import Header
from action100m.run.presets import laptop, paper
from action100m.run.spending.prices import parse_prices

CLIP = Header("clip", 6.0, 72, 64, 48)
PAPER_VIDEOS = 1_199_096
PAPER_SECONDS = 14.6 * 365.25 * 86_400
PAPER_SEGMENTS = 147_092_653
PAPER_NODES = 448 * PAPER_VIDEOS
"""448 is the mean of the ten official records; the paper does not tell."""


def _plan(config, **options):
    return plan_by_headers([CLIP], config, read_costs(), **options)


def _plan_mean_video(costs):
    """One video of mean length at 30 frames a second. All figures grow in proportion, so the data set is as many times it."""
    seconds = PAPER_SECONDS / PAPER_VIDEOS
    return plan_by_headers([Header("mean", seconds, round(30 * seconds), 640, 360)], paper(), costs)


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


def test_frames_for_captions_cost_another_decoding_for_each_captioner():
    weightless, planned = _plan(RunConfig()), _plan(paper())
    assert planned.cpu_hours.high == pytest.approx(3 * weightless.cpu_hours.high)
    assert [stage.model for stage in planned.stages][2:4] == ["facebook/Perception-LM-3B", "meta-llama/Llama-3.2-11B-Vision-Instruct"]


def test_the_preset_paper_has_figures_for_each_of_its_models():
    planned = _plan(paper())
    models = [stage for stage in planned.stages if stage.stage != "segment"]
    assert [(stage.model, stage.runs_on.split()[1]) for stage in models] == [
        ("facebook/vjepa2-vitg-fpc64-384", "V100"),
        ("facebook/Perception-LM-3B", "V100"),
        ("meta-llama/Llama-3.2-11B-Vision-Instruct", "V100"),
        ("openai/gpt-oss-120b", "H100"),
    ]
    assert all(stage.requests.low > 0 and 0 < stage.gpu_hours.low < stage.gpu_hours.high for stage in models)
    assert all(stage.tokens_in.low > 0 and stage.tokens_out.low > 0 for stage in models[1:])


def test_what_is_taken_for_granted_is_told():
    config = paper()
    notes = _plan(replace(config, annotate=replace(config.annotate, nodes="all", subtree_depth=2))).notes
    assert any("no price is known for an hour of NVIDIA V100" in note for note in notes)
    assert any("how much openai/gpt-oss-120b thinks is not known" in note for note in notes)
    assert any("under the paper's settings" in note for note in notes)
    assert any("subtree_depth 6" in note for note in notes)
    assert len(set(notes)) == len(notes)
    assert any("holds 8" in note for note in _plan(config, gpu="rtx4060").notes)


def test_how_much_it_thinks_is_told_of_a_model_that_does():
    """Qwen3 thinks unless it is told not to, as the preset laptop does; of a model with nothing but a price it is not known."""
    silent = laptop(gpu=True)
    thinking = replace(silent, annotate=replace(silent.annotate, model=replace(silent.annotate.model, thinking=True)))
    assert not any("thinks" in note for note in _plan(silent).notes)
    assert "annotate: how much Qwen/Qwen3-0.6B thinks is not known; up to 256 tokens a reply are assumed" in _plan(thinking).notes
    assert _plan(thinking).stages[-1].tokens_out.high > _plan(silent).stages[-1].tokens_out.high
    unknown = replace(paper(), annotate=replace(paper().annotate, model=replace(paper().annotate.model, model="new")))
    assert any("how much new thinks is not known" in note for note in _plan(unknown, prices=parse_prices(["1,2"])).notes)
