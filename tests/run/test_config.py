from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from action100m.errors import ConfigError
from action100m.models.endpoint.chat import EndpointConfig
from action100m.models.vjepa2.config import VJepa2Config
from action100m.run.config import config_from_dict, config_to_dict, load_config
from action100m.run.presets import choose_config, preview

EXAMPLE = Path(__file__).parents[2] / "examples" / "models.toml"


def written(tmp_path, text):
    path = tmp_path / "my.toml"
    path.write_text(text)
    return path


def test_a_file_overrides_what_it_names_and_nothing_else(tmp_path):
    config = load_config(written(tmp_path, "[segment]\nmin_duration = 1.0\nleaf_rule = 'absorb'"), preview())
    assert config == replace(preview(), segment=replace(preview().segment, min_duration=1.0, leaf_rule="absorb"))


def test_another_kind_of_model_replaces_the_old_one_whole():
    config = load_config(EXAMPLE, preview())
    assert isinstance(config.embed.encoder, VJepa2Config)
    assert isinstance(config.annotate.model, EndpointConfig)
    assert config.annotate.rounds == 3
    assert config.caption.frame_captioner is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[embed]\nwindw = 3", r"my\.toml: embed\.windw: unknown setting; did you mean 'window'\?"),
        ("[embde]\nwindow = 3", r"embde: unknown setting; did you mean 'embed'\?"),
        ("[embed]\nwindow = 'many'", r"embed\.window: .*got 'many'"),
        ("[segment]\nmin_duration = -1", r"my\.toml: .*min_duration.*-1"),
        ("[annotate.model]\nkind = 'endpoint'\nmodle = 'x'", r"modle: unknown setting; did you mean 'model'\?"),
        ("[embed.encoder]\nkind = 'vjepa3'", "vjepa3"),
        ("[embed", "my.toml"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(tmp_path, text, message):
    with pytest.raises(ConfigError, match=message):
        load_config(written(tmp_path, text), preview())


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere\.toml"):
        load_config(tmp_path / "nowhere.toml", preview())


def test_settings_survive_being_written_down():
    for config in (preview(), load_config(EXAMPLE, preview())):
        assert config_from_dict(config_to_dict(config)) == config


def test_nothing_chosen_is_none_and_a_file_alone_starts_from_preview():
    assert choose_config(None) is None
    assert choose_config("preview") == preview()
    assert choose_config(None, override=EXAMPLE) == load_config(EXAMPLE, preview())


def test_frames_and_clips_may_have_models_of_their_own(tmp_path):
    path = tmp_path / "my.toml"
    path.write_text('[caption.captioner]\nkind = "vlm"\ncheckpoint = "a/clips"\n[caption.frame_captioner]\nkind = "vlm"\ncheckpoint = "a/frames"\n')
    config = load_config(path, preview())
    assert (config.caption.captioner.checkpoint, config.caption.frame_captioner.checkpoint) == ("a/clips", "a/frames")
    assert config_from_dict(config_to_dict(config)) == config
