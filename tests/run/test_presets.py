from __future__ import annotations

import re
import subprocess
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


def _commands(text):
    """Each command that starts a server, in one line, without what runs it in the background."""
    joined = re.sub(r"\\\n\s*", "", text)
    return sorted(command.removesuffix(" &") for command in re.findall(r"\bvllm serve .*", joined))


@pytest.mark.parametrize(("name", "servers"), [("laptop", 0), ("modern", 2), ("paper", 1)])
def test_each_preset_with_models_has_a_recipe_that_starts_its_servers_as_told(name, servers):
    recipe, told = (RECIPES / f"{name}.sh").read_text(), getattr(presets, name).__doc__
    assert f"--preset {name}" in recipe
    assert _commands(recipe) == _commands(told)
    assert len(_commands(told)) == servers
    assert re.findall(r"pip install --quiet vllm==(\S+)", recipe) == re.findall(r"behind vLLM ([\d.]+\d)", told)


@pytest.mark.parametrize("name", ["laptop", "modern", "paper"])
def test_a_recipe_tells_how_it_is_called_and_what_it_downloads(name):
    script = RECIPES / f"{name}.sh"
    done = subprocess.run(["bash", str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"recipes/{name}.sh VIDEOS... [-- OUT]" in done.stderr.splitlines()[-1]
    told = re.search(r"at least (\d+) GB of\s(?:# )?disk", getattr(presets, name).__doc__)[1]
    assert re.search(rf"at least {told} GB\s(?:# )?of weights", script.read_text())


@pytest.mark.parametrize("name", ["modern", "paper"])
def test_a_recipe_plans_for_the_gpus_that_it_runs_on(name):
    assert f"--preset {name} --gpu h100 ||" in (RECIPES / f"{name}.sh").read_text()


def test_a_server_of_modern_takes_every_clip_and_its_reply():
    """32 frames of 320 pixels are 100 tokens each, with a time and a mark beside them; text and reply come on top."""
    (command,) = [command for command in _commands(modern.__doc__) if "Qwen3-VL" in command]
    caption = modern().caption
    assert int(re.search(r"--max-model-len (\d+)", command)[1]) > caption.frames * 140 + caption.captioner.max_tokens + 500
    assert f'"image": {caption.frames},' in command


def test_four_workers_together_keep_within_what_the_servers_of_modern_hold():
    config = modern()
    assert "--workers 4" in (RECIPES / "modern.sh").read_text()
    assert 4 * config.annotate.cache_tokens == 4 * config.annotate.model.max_tokens_in_flight == 170_000
    assert 4 * config.caption.captioner.max_tokens_in_flight <= 190_000
    assert config.embed.batch == 1
    assert paper().annotate.cache_tokens == paper().annotate.model.max_tokens_in_flight == 170_000


def test_the_memory_that_modern_tells_adds_up():
    """Published shapes: Qwen3-VL-8B has 36 layers, 8 heads of 128 for keys and values; gpt-oss-120b 36, half of them with a short window, 8 of 64."""
    gib, told = 2**30, modern.__doc__
    captioner, reasoner = 36 * 2 * 8 * 128 * 2, 36 * 2 * 8 * 64 * 2
    assert (captioner, reasoner, reasoner // 2) == (144 * 1024, 72 * 1024, 36 * 1024)
    assert captioner * 262_144 == 36 * gib
    assert 27 * gib / captioner == pytest.approx(190_000, rel=0.05)
    assert (6 * gib / (36 * 1024), 12 * gib / (36 * 1024)) == pytest.approx((170_000, 350_000), rel=0.05)
    assert pytest.approx(47, abs=0.5) == 0.6 * 79
    assert "That is 63 of 79" in told
    assert 47 + 4 * (2 + 1 + 1) == 63


def test_the_recipe_of_paper_asks_for_both_gates_before_all_else_is_fetched():
    recipe = (RECIPES / "paper.sh").read_text()
    asked = re.search(r"for model in (.*); do", recipe[: recipe.index("pip install --quiet vllm==")])[1].split()
    assert asked == [paper().caption.captioner.checkpoint, paper().caption.frame_captioner.checkpoint]
    assert "[vjepa2,plm,endpoint]" in recipe
