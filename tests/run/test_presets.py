from __future__ import annotations

import re
from pathlib import Path

import pytest

from action100m.errors import ConfigError
from action100m.run import presets
from action100m.run.config import RunConfig, config_from_dict, config_to_dict
from action100m.run.figures.costs import read_costs
from action100m.run.plan.by_headers import plan_by_headers
from action100m.run.plan.probe import Header
from action100m.run.presets import laptop, modern, paper, preset, preview

RECIPES = Path(__file__).parents[2] / "recipes"
BUILT = [preview(), laptop(gpu=True), laptop(gpu=False), modern(), paper()]
HOUR = Header("hour.mp4", seconds=3600.0, frames=108_000, width=1280, height=720)


def test_preview_is_what_nothing_named_means():
    assert preset("preview") == preview() == RunConfig()


@pytest.mark.parametrize("config", BUILT)
def test_a_preset_can_be_written_down_and_read_back(config):
    assert config_from_dict(config_to_dict(config)) == config


def test_laptop_embeds_by_the_descriptor_where_there_is_no_gpu(monkeypatch):
    monkeypatch.setattr(presets, "_find_gpu", lambda: False)
    small = preset("laptop")
    assert (small.embed.encoder.kind, laptop(gpu=True).embed.encoder.kind) == ("descriptor", "vjepa2")
    assert small.caption.captioner.checkpoint != laptop(gpu=True).caption.captioner.checkpoint


def test_modern_leaves_the_reply_its_room_in_the_window():
    annotate = modern().annotate
    assert annotate.context_tokens + annotate.model.max_tokens == 131_072


def test_paper_is_as_the_paper_says():
    config = paper()
    clips, frames, reasoner = config.caption.captioner, config.caption.frame_captioner, config.annotate.model
    assert config.embed.encoder.checkpoint == "facebook/vjepa2-vitg-fpc64-384"
    assert (config.embed.sampling.every, config.embed.window, config.embed.stride) == (4, 64, 8)
    assert (config.segment.min_duration, config.segment.leaf_rule) == (0.5, "keep")
    assert (clips.kind, clips.checkpoint, clips.max_new_tokens, clips.temperature) == ("vlm", "facebook/Perception-LM-3B", 1024, 0)
    assert (frames.kind, frames.checkpoint, frames.max_new_tokens) == ("vlm", "meta-llama/Llama-3.2-11B-Vision-Instruct", 1024)
    assert (config.caption.frames, config.caption.size) == (32, 320)
    assert (reasoner.kind, reasoner.model, config.annotate.rounds, config.annotate.efforts) == ("endpoint", "openai/gpt-oss-120b", 3, ("high",))
    assert (config.annotate.min_duration, config.annotate.nodes) == (4.0, "inner")
    assert config.annotate.context_tokens + reasoner.max_tokens == 131_072


@pytest.mark.parametrize("name", ["Noncommercial", "Community License", "gated", "HF_TOKEN", "`plm`", "GB of disk"])
def test_paper_tells_its_licences_gates_extras_and_disk(name):
    assert name in paper.__doc__


@pytest.mark.parametrize(
    ("make", "settings", "gpu", "stages", "told"),
    [
        (laptop, {"gpu": True}, "rtx4060", "all", r"([\d.]+) to ([\d.]+) hours of an RTX 4060"),
        (laptop, {"gpu": False}, None, "all", r"([\d.]+) to ([\d.]+) hours of 2 cores"),
        (modern, {}, "h100", "all", r"([\d.]+) to ([\d.]+) hours of an H100"),
        (paper, {}, "h100", "all", r"([\d.]+) to ([\d.]+) hours of an H100"),
        (paper, {}, "v100", "all but annotate", r"([\d.]+) to ([\d.]+) hours\s+of a V100"),
    ],
    ids=["laptop", "laptop without a gpu", "modern", "paper", "paper on a V100"],
)
def test_the_speed_that_is_told_is_what_plan_reckons(make, settings, gpu, stages, told):
    planned = plan_by_headers([HOUR], make(**settings), read_costs(), gpu=gpu).stages
    counted = [stage for stage in planned if stages == "all" or stage.stage != "annotate"]
    hours = [stage.cpu_hours if gpu is None else stage.gpu_hours for stage in counted]
    low, high = map(float, re.search(told, make.__doc__).groups())
    assert (low, high) == (pytest.approx(sum(one.low for one in hours), rel=0.05), pytest.approx(sum(one.high for one in hours), rel=0.05))


def test_there_is_no_preset_of_another_name():
    with pytest.raises(ConfigError, match="there is no preset 'fast'; choose one of preview, laptop, modern, paper"):
        preset("fast")


@pytest.mark.parametrize("config", BUILT)
def test_plan_knows_the_models_of_every_preset(config):
    models = [config.embed.encoder, config.caption.captioner, config.caption.frame_captioner or config.caption.captioner, config.annotate.model]
    names = [getattr(model, "checkpoint", None) or getattr(model, "model", model.kind) for model in models]
    assert [name for name in names if read_costs().find_model(name) is None] == []


@pytest.mark.parametrize("name", ["laptop", "modern", "paper"])
def test_each_preset_with_models_has_a_recipe_that_names_its_models(name):
    recipe = (RECIPES / f"{name}.sh").read_text()
    assert f"--preset {name}" in recipe
    for line in re.findall(r"vllm serve .*", getattr(presets, name).__doc__):
        assert line in recipe


def test_the_recipe_of_paper_asks_for_both_gates_before_all_else_is_fetched():
    recipe = (RECIPES / "paper.sh").read_text()
    asked = re.search(r"for model in (.*); do", recipe[: recipe.index("pip install --quiet vllm")])[1].split()
    assert asked == [paper().caption.captioner.checkpoint, paper().caption.frame_captioner.checkpoint]
    assert "[vjepa2,plm,endpoint]" in recipe
