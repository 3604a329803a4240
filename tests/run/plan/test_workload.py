"""How much there is to do is counted by the rules of the stages themselves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from action100m.run.config import RunConfig
from action100m.run.figures.costs import read_costs
from action100m.run.figures.estimate import Estimate
from action100m.run.plan.probe import Header
from action100m.run.plan.workload import load_chats, load_clips, load_frames, measure_footage
from action100m.video.decode import SampleConfig

COSTS = read_costs()


def _header(seconds=60.0, rate=30.0):
    return Header("video", seconds, round(seconds * rate), 1280, 720)


def _footage(*headers, **stages):
    return measure_footage(headers or [_header()], replace(RunConfig(), **stages), COSTS)


def test_every_fourth_frame_is_sampled():
    assert _header(10, 29).count_samples(SampleConfig()) == 73  # of 290: 0, 4, ... 288
    assert _header(10, 29).count_samples(SampleConfig(rate=2.0)) == 20
    assert _header(10, 1).count_samples(SampleConfig(rate=2.0)) == 10


def test_a_minute_holds_as_many_nodes_as_the_released_ones():
    footage = _footage()
    assert (footage.frames, footage.samples, footage.windows) == (1800, 450, 50)
    assert footage.nodes == Estimate(60 * 0.664, 60 * 2.181)
    assert footage.segments == Estimate(60 * 0.244, 60 * 0.443)
    assert footage.leaves.low == pytest.approx((60 * 0.664 + 1) / 2)


def test_a_short_video_holds_no_more_nodes_than_fit():
    footage = _footage(_header(1.2))
    assert footage.nodes == Estimate(1, 1.2 * 2.181)
    assert footage.segments == Estimate(0, 0)  # shorter than 4 s
    assert _footage(_header(0.9)).nodes == Estimate(1, 1)  # two nodes of 0.5 s do not fit


def test_other_rules_than_the_papers_widen_the_interval():
    config = RunConfig()
    longer = _footage(segment=replace(config.segment, min_duration=2.0))
    assert longer.nodes == Estimate(1, 59)  # 30 leaves of 2 s
    shorter = _footage(segment=replace(config.segment, min_duration=0.25))
    assert shorter.nodes == Estimate(60 * 0.664, 2 * 240 - 1)
    everything = _footage(annotate=replace(config.annotate, nodes="all"))
    assert everything.segments == Estimate(60 * 0.244, everything.nodes.high)
    few = _footage(annotate=replace(config.annotate, min_duration=20.0))
    assert few.segments == Estimate(0, 60 * 0.443)


def test_videos_add_up():
    one, both = _footage(), _footage(_header(), _header())
    assert both.nodes == one.nodes * 2
    assert (both.videos, both.windows) == (2, 100)


def test_a_clip_is_shown_twice_for_each_node():
    footage = _footage()
    captioner = COSTS.models["facebook/Perception-LM-3B"]
    load = load_clips(footage, COSTS.content, captioner, caches=False)
    assert load.requests == footage.nodes * 2
    shown = load.images.low / load.requests.low
    assert 28 < shown < 32  # of 32; in the official records 0.88 to 0.96 of them at 30 frames a second
    assert load.tokens_in.low == pytest.approx(load.images.low * 256, rel=0.01)


def test_a_server_that_caches_reads_the_frames_of_a_node_once():
    footage, captioner = _footage(), COSTS.models["Qwen/Qwen3-VL-8B-Instruct"]
    plain, cached = (load_clips(footage, COSTS.content, captioner, caches=caches) for caches in (False, True))
    assert plain.tokens_fresh == plain.tokens_in == cached.tokens_in
    assert plain.images_fresh == plain.images == cached.images
    assert cached.tokens_fresh.high == cached.tokens_in.high  # if the cache does not work
    assert cached.images_fresh.low == pytest.approx(footage.clip_frames.low)
    assert cached.tokens_in.low - cached.tokens_fresh.low == pytest.approx(footage.clip_frames.low * 100)  # tokens a picture
    assert 0.5 < cached.tokens_fresh.low / cached.tokens_in.low < 0.53  # the prompts themselves are read both times


def test_a_frame_alone_is_shown_in_tiles_by_models_that_do():
    footage = _footage()
    plain = load_frames(footage, COSTS.content, COSTS.models["Qwen/Qwen3-VL-8B-Instruct"])
    tiled = load_frames(footage, COSTS.content, COSTS.models["HuggingFaceTB/SmolVLM2-2.2B-Instruct"])
    assert plain.requests == plain.images == tiled.requests == footage.leaves
    assert tiled.images == footage.leaves * 17


def test_rounds_read_the_evidence_again_unless_a_cache_holds_it():
    footage, config = _footage(), RunConfig().annotate
    one, three = (load_chats(footage, COSTS.content, replace(config, rounds=rounds), thinking=Estimate(0, 100), caches=True) for rounds in (1, 3))
    assert three.requests == footage.segments * 3
    assert three.tokens_in.high > 3 * one.tokens_in.high
    assert one.tokens_fresh.low == pytest.approx(footage.segments.low * COSTS.content.fresh_bytes.low / 4.5)
    assert one.tokens_fresh.high == one.tokens_in.high
    assert three.tokens_out.high == pytest.approx(3 * footage.segments.high * (1172 / 3 + 100))


def test_a_prompt_is_never_longer_than_the_window_it_is_fitted_to():
    footage, config = _footage(), RunConfig().annotate
    load = load_chats(footage, COSTS.content, replace(config, context_tokens=4096), thinking=Estimate(0, 0), caches=False)
    assert load.tokens_in == load.tokens_fresh == footage.segments * 4096  # in process nothing is cached
