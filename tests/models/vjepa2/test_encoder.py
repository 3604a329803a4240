"""The real class loads real files, and what is missing, broken or of another model is an error, never random weights."""

import builtins
import json
import os
import shutil
from unittest.mock import Mock

import numpy as np
import pytest

from action100m.errors import CheckpointError, ConfigError, MissingPackageError, ModelError
from action100m.models.vjepa2.config import VJepa2Config
from support.checkpoints import CROP, WIDTH, edit_json, edit_weights, one_torch_thread, preprocessor_config, save_checkpoint, write_preprocessor

torch = pytest.importorskip("torch", reason="needs the extra 'vjepa2'")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    with one_torch_thread():
        yield save_checkpoint(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def folder(saved, tmp_path):
    """A copy to break."""
    return shutil.copytree(saved, tmp_path / "checkpoint")


def load(folder, **settings):
    return VJepa2Config(checkpoint=str(folder), device="cpu", **settings).load()


def noise(count=16):
    return np.random.default_rng(0).integers(0, 256, (count, 40, 50, 3), np.uint8)


def encode(encoder, frames):
    return encoder.encode([list(encoder.prepare(frames))])


def test_vectors_are_the_mean_over_space_of_the_models_tokens(saved):
    from transformers import VJEPA2Model

    encoder = load(saved)
    prepared = encoder.prepare(noise())
    tokens = VJEPA2Model.from_pretrained(saved).eval().get_vision_features(torch.stack(list(prepared))[None])
    expected = tokens.detach().numpy().reshape(8, CROP // 16 * CROP // 16, WIDTH).mean(1)
    np.testing.assert_allclose(encoder.encode([prepared])[0], expected, atol=1e-5)


def test_a_classifiers_encoder_is_the_same_encoder(tmp_path):
    from transformers import VJEPA2ForVideoClassification

    folder = save_checkpoint(tmp_path / "classifier", classifier=True)
    encoder = load(folder)
    prepared = encoder.prepare(noise())
    tokens = VJEPA2ForVideoClassification.from_pretrained(folder).eval().vjepa2.get_vision_features(torch.stack(list(prepared))[None])
    np.testing.assert_allclose(encoder.encode([prepared])[0], tokens.detach().numpy().reshape(8, 4, WIDTH).mean(1), atol=1e-5)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float16", 0.01), ("bfloat16", 0.06)])
def test_half_precision_stays_close(saved, dtype, tolerance):
    encoder = load(saved, dtype=dtype)
    exact, half = encode(load(saved), noise()), encode(encoder, noise())
    assert encoder.prepare(noise())[0].dtype == getattr(torch, dtype)
    assert half.dtype == np.float32
    assert 0 < np.linalg.norm(half - exact) / np.linalg.norm(exact) < tolerance


def test_weights_split_over_files_are_read(saved, tmp_path):
    from transformers import VJEPA2Model

    VJEPA2Model.from_pretrained(saved).save_pretrained(tmp_path, max_shard_size="100KB")
    write_preprocessor(tmp_path, preprocessor_config())
    assert len(list(tmp_path.glob("*.safetensors"))) > 1
    assert np.array_equal(encode(load(tmp_path), noise()), encode(load(saved), noise()))


# what cannot be loaded


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda weights: weights.pop("encoder.layer.0.norm1.weight"), "missing_keys: encoder.layer.0.norm1.weight"),
        (lambda weights: weights.update(extra=torch.zeros(2)), "unexpected_keys: extra"),
        (lambda weights: weights.update({"encoder.layer.0.norm1.weight": torch.zeros(2)}), "cannot load"),
    ],
    ids=["missing", "unexpected", "of another shape"],
)
def test_weights_that_do_not_fit_are_refused(folder, change, message):
    edit_weights(folder, change)
    with pytest.raises(CheckpointError, match=message):
        load(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"num_hidden_layers": 3},
        {"num_hidden_layers": 1},
        {"hidden_size": "x"},
        {"num_attention_heads": 5},
        {"hidden_act": "no such"},
        {"tubelet_size": 4},
    ],
    ids=str,
)
def test_a_config_of_other_weights_is_refused(folder, changes):
    edit_json(folder / "config.json", **changes)
    with pytest.raises(CheckpointError, match=r"checkpoint|config"):
        load(folder)


@pytest.mark.parametrize(
    ("changes", "message"), [({"model_type": "bert"}, "'bert'"), ({"architectures": ["VJEPA2Predictor"]}, "VJEPA2Predictor")], ids=str
)
def test_another_model_is_refused(folder, changes, message):
    edit_json(folder / "config.json", **changes)
    with pytest.raises(CheckpointError, match=message):
        load(folder)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "video_preprocessor_config.json"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match=name.replace(".", r"\.")):
        load(folder)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "video_preprocessor_config.json"])
@pytest.mark.parametrize("size", [0, 100])
def test_a_cut_off_file_is_refused(folder, name, size):
    os.truncate(folder / name, size)
    with pytest.raises(CheckpointError, match="etch"):
        load(folder)


def test_a_crop_that_the_positions_are_not_for_is_refused(folder):
    write_preprocessor(folder, preprocessor_config(crop_size=64))
    with pytest.raises(CheckpointError, match="crops 64 pixels, the model's positions are for 32"):
        load(folder)


@pytest.mark.parametrize("checkpoint", ["./no/such/folder", "nowhere", "a/b/c"])
def test_a_path_that_leads_nowhere_is_refused(checkpoint):
    config = VJepa2Config(checkpoint=checkpoint)
    for use in (config.identity, config.load):
        with pytest.raises(CheckpointError, match="is not a folder, nor an id"):
            use()


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """An empty cache of the Hub, and no network."""
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def test_without_network_the_error_tells_how_to_bring_a_checkpoint(hub):
    with pytest.raises(CheckpointError, match="hf download facebook/vjepa2-vitg-fpc64-384 --local-dir"):
        VJepa2Config().load()


def test_a_cached_checkpoint_is_found_without_network(hub, saved):
    commit = "0123456789abcdef0123456789abcdef01234567"
    repository = hub / "models--tiny--vjepa2"
    shutil.copytree(saved, repository / "snapshots" / commit)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit)
    encoder = VJepa2Config(checkpoint="tiny/vjepa2", device="cpu").load()
    assert encoder.name == f"vjepa2 tiny/vjepa2 {commit} float32"
    assert np.array_equal(encode(encoder, noise()), encode(load(saved), noise()))


def test_a_gated_checkpoint_asks_for_the_token(monkeypatch):
    import huggingface_hub
    from huggingface_hub.errors import GatedRepoError

    monkeypatch.setattr(huggingface_hub, "snapshot_download", Mock(side_effect=GatedRepoError("403", response=Mock())))
    with pytest.raises(CheckpointError, match="HF_TOKEN"):
        VJepa2Config().load()


@pytest.mark.parametrize("package", ["torch", "transformers"])
def test_a_missing_package_is_named_with_its_pip_line(monkeypatch, saved, package):
    import sys

    for name in ("encoder", "preprocess"):
        monkeypatch.delitem(sys.modules, f"action100m.models.vjepa2.{name}")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingPackageError, match=r"'action100m\[vjepa2\]'"):
        load(saved)


def test_a_package_that_is_there_but_broken_is_not_called_missing(monkeypatch, saved):
    import sys

    monkeypatch.delitem(sys.modules, "action100m.models.vjepa2.encoder")
    real = builtins.__import__

    def fail(name, *args, **kwargs):
        if name == "action100m.models.vjepa2.encoder":
            raise ImportError("Could not import module 'VJEPA2Model'")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", fail)
    with pytest.raises(ModelError, match="torchvision made for another PyTorch") as caught:
        load(saved)
    assert not isinstance(caught.value, MissingPackageError)


# what goes wrong at work


def test_full_gpu_memory_tells_what_to_lower(saved, monkeypatch):
    encoder = load(saved)

    def fail(**_):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    monkeypatch.setattr(encoder, "_model", fail)
    with pytest.raises(ModelError, match=r"smaller embed\.batch"):
        encode(encoder, noise())


def test_numbers_out_of_range_are_refused(folder):
    edit_weights(folder, lambda weights: weights["encoder.layernorm.weight"].fill_(float("inf")))
    with pytest.raises(ModelError, match="bfloat16"):
        encode(load(folder), noise())


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_refused(saved):
    with pytest.raises(ModelError, match="finds no GPU"):
        VJepa2Config(checkpoint=str(saved), device="cuda").load()


@pytest.mark.parametrize(
    ("gpu", "settings", "expected"),
    [
        (True, ("auto", "auto"), ("cuda", "float16")),
        (True, ("cpu", "auto"), ("cpu", "float32")),
        (True, ("cuda", "bfloat16"), ("cuda", "bfloat16")),
        (False, ("auto", "auto"), ("cpu", "float32")),
        (False, ("auto", "float16"), ("cpu", "float16")),
    ],
)
def test_half_precision_is_chosen_on_a_gpu(monkeypatch, gpu, settings, expected):
    from action100m.models.local.weights import choose_device

    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    device, dtype = choose_device(*settings, kind="vjepa2", half="float16")
    assert (device.type, dtype) == (expected[0], getattr(torch, expected[1]))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch finds no GPU")
def test_vectors_on_a_gpu_are_close_to_those_on_the_cpu(saved):
    encoder = VJepa2Config(checkpoint=str(saved), device="cuda").load()
    exact, half = encode(load(saved), noise()), encode(encoder, noise())
    assert encoder.prepare(noise())[0].device.type == "cuda"
    assert np.linalg.norm(half - exact) / np.linalg.norm(exact) < 0.01


# who it is


def test_identity_of_a_folder_is_its_content_wherever_it_lies(saved, folder):
    here, there = (VJepa2Config(checkpoint=str(path)).identity() for path in (saved, folder))
    assert here == there
    assert len(here["sha256"]) == 64


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "video_preprocessor_config.json"])
def test_identity_of_a_folder_changes_with_each_file(folder, name):
    before = VJepa2Config(checkpoint=str(folder)).identity()
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data + b" ")
    assert VJepa2Config(checkpoint=str(folder)).identity() != before
    (folder / name).write_bytes(data)
    assert VJepa2Config(checkpoint=str(folder)).identity() == before


def test_identity_of_a_model_on_the_hub_is_id_and_revision():
    assert VJepa2Config(revision="v1", device="cpu").identity() == {
        "kind": "vjepa2",
        "checkpoint": "facebook/vjepa2-vitg-fpc64-384",
        "revision": "v1",
        "dtype": "auto",
    }


def test_identity_needs_no_torch(saved):
    import subprocess
    import sys

    make = "from action100m.models.vjepa2.config import VJepa2Config as Config; Config(checkpoint=sys.argv[1]).identity()"
    code = f"import sys; {make}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code, str(saved)], check=True)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"checkpoint": ""}, "checkpoint must name a model"),
        ({"device": "tpu"}, "device must be one of auto, cpu, cuda, got 'tpu'"),
        ({"dtype": "int8"}, "dtype must be one of .*, got 'int8'"),
    ],
)
def test_an_unknown_choice_is_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        VJepa2Config(**settings)


def test_a_revision_of_a_folder_is_refused(saved):
    with pytest.raises(ConfigError, match="is a folder"):
        VJepa2Config(checkpoint=str(saved), revision="main").identity()


def test_the_tiny_checkpoint_is_a_real_one(saved):
    config = json.loads((saved / "config.json").read_text())
    assert config["model_type"] == "vjepa2"
    assert config["architectures"] == ["VJEPA2Model"]
