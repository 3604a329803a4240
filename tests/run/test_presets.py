from __future__ import annotations

import re
from pathlib import Path

import pytest

from action100m.errors import ConfigError
from action100m.run import presets
from action100m.run.config import RunConfig, config_from_dict, config_to_dict
from action100m.run.plan import plan_headers
from action100m.run.presets import laptop, modern, paper, preset, preview

RECIPES = Path(__file__).parents[2] / "recipes"
BUILT = [preview(), laptop(gpu=True), laptop(gpu=False), modern()]


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


def test_paper_says_what_it_lacks_and_what_to_take_instead():
    with pytest.raises(ConfigError, match=r"Perception-LM.*'modern'"):
        paper()


def test_there_is_no_preset_of_another_name():
    with pytest.raises(ConfigError, match="there is no preset 'fast'; choose one of preview, laptop, modern, paper"):
        preset("fast")


@pytest.mark.parametrize("config", BUILT)
def test_plan_knows_the_models_of_every_preset(config):
    models = [config.embed.encoder, config.caption.captioner, config.annotate.model]
    figures = Path(plan_headers.__code__.co_filename).with_name("model_costs.toml").read_text()
    for model in models:
        name = getattr(model, "checkpoint", None) or getattr(model, "model", model.kind)
        assert re.search(rf'^\[models\.("{re.escape(name)}"|{re.escape(name)})\]', figures, re.MULTILINE), name


@pytest.mark.parametrize("name", ["laptop", "modern"])
def test_each_preset_with_models_has_a_recipe_that_names_its_models(name):
    recipe = (RECIPES / f"{name}.sh").read_text()
    assert f"--preset {name}" in recipe
    for line in re.findall(r"vllm serve .*", presets.modern.__doc__ if name == "modern" else ""):
        assert line in recipe
