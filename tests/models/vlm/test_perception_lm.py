"""Perception-LM sees what transformers' own processors would show it; clips go in as videos, frames alone as pictures, whole or in tiles."""

import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from unittest.mock import Mock

import numpy as np
import pytest

from action100m.errors import CheckpointError, MissingPackageError, ModelError
from action100m.models.base import CaptionRequest
from action100m.models.vlm.config import VlmConfig
from action100m.video.video import Frames
from support.checkpoints import edit_json, one_torch_thread
from support.own_processors import need_perception_lm
from support.vlm_checkpoints import TILE, save_vlm

torch = pytest.importorskip("torch", reason="needs the extra 'vlm'")
perception_lm = pytest.importorskip("action100m.models.vlm.perception_lm")

PROMPT = "Describe it."
RELEASED = {
    "crop_size": None,
    "data_format": "channels_first",
    "default_to_square": True,
    "device": None,
    "disable_grouping": None,
    "do_center_crop": False,
    "do_convert_rgb": True,
    "do_normalize": True,
    "do_rescale": True,
    "do_resize": True,
    "image_mean": [0.5, 0.5, 0.5],
    "image_processor_type": "PerceptionLMImageProcessorFast",
    "image_std": [0.5, 0.5, 0.5],
    "input_data_format": None,
    "max_frame_tiles": 1,
    "max_num_tiles": 36,
    "processor_class": "PerceptionLMProcessor",
    "resample": 3,
    "rescale_factor": 1 / 255,
    "return_tensors": None,
    "size": {"height": 448, "width": 448},
    "tile_size": 448,
    "vision_input_type": "thumb+tile",
}
"""All keys that the preprocessor config of the released checkpoints has."""
SMALL = {**RELEASED, "tile_size": TILE, "size": {"height": TILE, "width": TILE}, "max_num_tiles": 6}
SIZES = [(64, 64), (40, 60), (60, 40), (56, 56), (57, 171), (300, 20), (20, 300), (33, 77), (400, 400), (720, 1280), (90, 89)]
"""Height and width: square, landscape, portrait, of a tile's size, drawn out, smaller than a tile, too large for any grid."""
CONFIGS = {
    "as released": {},
    "many tiles": {"max_num_tiles": 36},
    "one tile": {"max_num_tiles": 1},
    "whole only": {"vision_input_type": "vanilla"},
    "bilinear": {"resample": 2},
    "other statistics": {"image_mean": [0.4, 0.5, 0.6], "image_std": [0.2, 0.3, 0.4], "rescale_factor": 1 / 127.5},
    "not normalised": {"do_normalize": False},
}


def noise(count, height=48, width=64, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, height, width, 3), np.uint8)


def cut(frames, *, tiles=True, **changes):
    return perception_lm.Tiling.of_pictures(SMALL | changes, tiles=tiles).cut(frames).numpy()


# known answers


@pytest.mark.parametrize(
    ("width", "height", "most", "grid"),
    [
        (448, 448, 1, (1, 1)),
        (320, 320, 36, (6, 6)),
        (320, 320, 35, (5, 5)),
        (960, 320, 4, (3, 1)),
        (320, 960, 4, (1, 3)),
        (10_000, 10_000, 4, (2, 2)),
        (10_000, 3_000, 6, (3, 1)),
        (3_000, 10_000, 6, (1, 3)),
    ],
)
def test_the_grid_fits_the_shape_of_the_picture(width, height, most, grid):
    assert perception_lm.choose_grid(width, height, side=448, most=most) == grid


def test_the_whole_comes_first_and_then_the_tiles_row_by_row():
    colours = np.array([[(250, 0, 0), (0, 250, 0), (0, 0, 250)], [(90, 0, 0), (0, 90, 0), (0, 0, 90)]], np.uint8)
    picture = colours.repeat(TILE, 0).repeat(TILE, 1)[None]
    tiles = cut(picture, do_normalize=False, do_rescale=False)
    assert tiles.shape == (7, 3, TILE, TILE)
    assert [tuple(tile[:, TILE // 2, TILE // 2]) for tile in tiles[1:]] == [tuple(colour) for row in colours for colour in row]
    assert all((tile == tile[:, :1, :1]).all() for tile in tiles[1:])
    assert np.abs(tiles[0].mean((1, 2)) - colours.mean((0, 1))).max() < 0.5


def test_levels_go_from_minus_one_to_one():
    tiles = cut(np.full((1, 70, 50, 3), (0, 51, 255), np.uint8))
    np.testing.assert_allclose(tiles, np.broadcast_to(np.reshape([-1, -0.6, 1], (1, 3, 1, 1)), tiles.shape), atol=1e-6)


def test_a_frame_of_a_clip_is_one_tile():
    tiling = perception_lm.Tiling.of_clips(SMALL)
    frames = noise(5, TILE, TILE)
    expected = frames.transpose(0, 3, 1, 2) / 127.5 - 1
    np.testing.assert_allclose(tiling.cut(frames).numpy(), expected, atol=1e-6)


def test_released_settings_are_448_pixels_and_36_tiles():
    tiling = perception_lm.Tiling.of_pictures(RELEASED, tiles=True)
    assert (tiling.side, tiling.most, tiling.resample) == (448, 36, "bicubic")
    assert perception_lm.Tiling.of_pictures({}, tiles=True) == tiling
    assert perception_lm.Tiling.of_pictures(RELEASED, tiles=False) == perception_lm.Tiling.of_clips(RELEASED) == perception_lm.Tiling.of_clips({})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"do_flip": True}, "do_flip"),
        ({"image_processor_type": "CLIPImageProcessor"}, "CLIPImageProcessor"),
        ({"do_center_crop": True}, "do_center_crop"),
        ({"do_resize": False}, "do_resize"),
        ({"size": {"height": 32, "width": 48}}, "size must be a square"),
        ({"resample": 1}, "resample"),
    ],
    ids=str,
)
def test_a_config_that_cannot_be_followed_is_refused(changes, message):
    with pytest.raises(CheckpointError, match=message):
        perception_lm.Tiling.of_clips(RELEASED | changes)


# like transformers


@pytest.fixture(scope="module")
def own():
    """transformers, whose processors for Perception-LM need torchvision."""
    need_perception_lm()
    import transformers

    return transformers


@pytest.mark.parametrize("name", CONFIGS)
def test_tiles_equal_the_checkpoints_own_processor(own, name):
    config = SMALL | CONFIGS[name]
    for height, width in SIZES:
        frame = noise(1, height, width)
        expected = own.PerceptionLMImageProcessor(**config)(list(frame), return_tensors="np")["pixel_values"][0]
        np.testing.assert_allclose(cut(frame, **CONFIGS[name]), expected, atol=1e-6, rtol=1e-6, err_msg=f"{height} x {width}")


@pytest.mark.parametrize("name", ["as released", "bilinear", "other statistics", "not normalised"])
def test_clips_equal_the_checkpoints_own_processor(own, name):
    config = SMALL | CONFIGS[name]
    for height, width in SIZES:
        frames = noise(32, height, width)[:: 1 if height < 100 else 16]
        expected = own.PerceptionLMVideoProcessor(**config)(list(frames), return_tensors="np")["pixel_values_videos"][0]
        actual = perception_lm.Tiling.of_clips(config).cut(frames).numpy()
        np.testing.assert_allclose(actual, expected, atol=1e-6, rtol=1e-6, err_msg=f"{height} x {width}")


@pytest.fixture(scope="module")
def saved(own, tmp_path_factory):
    with one_torch_thread():
        yield save_vlm(tmp_path_factory.mktemp("perception_lm"), "perception_lm")


@pytest.fixture(scope="module")
def captioner(saved):
    return load(saved)


@pytest.fixture
def folder(saved, tmp_path):
    """A copy to break."""
    return shutil.copytree(saved, tmp_path / "checkpoint")


def load(folder, **settings):
    return VlmConfig(checkpoint=str(folder), **{"device": "cpu", "max_new_tokens": 12} | settings).load()


def ask(node, frames, prompt=PROMPT):
    seconds = np.arange(len(frames)) / 10
    return CaptionRequest(node, "clip_caption", prompt, 0.0, 4.0, tuple(seconds.tolist()), Frames(frames, seconds))


def texts(captioner, requests):
    return {reply.node: reply.text for reply in captioner.caption(requests)}


def say(captioner, frames):
    return texts(captioner, [ask("it", frames)])["it"]


def prepare_by_transformers(own, folder, frames, **settings):
    from PIL import Image

    processor = own.AutoProcessor.from_pretrained(folder)
    shown = {"images": [Image.fromarray(frames[0])]} if len(frames) == 1 else {"videos": [frames]}
    content = [{"type": "image" if len(frames) == 1 else "video"}, {"type": "text", "text": PROMPT}]
    text = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False)
    return processor(text=[text], **shown, add_special_tokens=False, return_tensors="pt", **settings)


@pytest.mark.parametrize(("count", "tiles"), [(1, True), (1, False), (2, True), (32, True)])
def test_inputs_and_caption_equal_a_direct_use_of_transformers(own, saved, count, tiles):
    frames = noise(count)
    captioner = load(saved, tiles=tiles)
    settings = {} if tiles else {"vision_input_type": "vanilla"}
    expected = dict(prepare_by_transformers(own, saved, frames, **settings))
    inputs = dict(captioner._processor.encode([(PROMPT, frames)]))
    assert inputs.keys() == expected.keys()
    assert all(torch.equal(inputs[name], expected[name]) for name in ("input_ids", "attention_mask"))
    pixels = "pixel_values" if count == 1 else "pixel_values_videos"
    torch.testing.assert_close(inputs[pixels], expected[pixels], atol=1e-6, rtol=1e-6)
    model = own.AutoModelForImageTextToText.from_pretrained(saved).eval()
    written = model.generate(**expected, max_new_tokens=12, do_sample=False)[0, expected["input_ids"].shape[1] :]
    assert say(captioner, frames) == captioner._processor.decode(written) != ""


@pytest.mark.parametrize(("count", "tiles", "tokens"), [(1, True, 4 * 7), (1, False, 4), (2, True, 8), (32, True, 128)])
def test_a_tile_costs_four_tokens(saved, count, tiles, tokens):
    captioner = load(saved, tiles=tiles)
    bare = len(captioner._processor.tokenizer(f"<s>user: {PROMPT}\nassistant:", add_special_tokens=False)["input_ids"])
    (reply,) = captioner.caption([ask("it", noise(count))])
    assert reply.usage.input == bare + tokens


def test_order_and_number_of_frames_are_seen(captioner):
    frames = noise(4)
    assert len({say(captioner, shown) for shown in (frames, frames[::-1], frames[:3], frames[:1])}) == 4


def test_a_caption_does_not_depend_on_its_company(captioner):
    requests = [ask(f"{count} {size}", noise(count, *size)) for count in (1, 2, 5) for size in ((48, 64), (20, 70), (64, 64))]
    together = texts(captioner, requests)
    assert together == {request.node: say(captioner, request.frames.data) for request in requests}
    assert together == texts(captioner, requests[::-1])
    assert len(set(together.values())) == len(requests)


def test_clips_of_several_lengths_share_a_batch(captioner):
    clips = [noise(count) for count in (2, 7, 3)]
    inputs = captioner._processor.encode([(PROMPT, clip) for clip in clips])
    assert inputs["pixel_values_videos"].shape == (1, 12, 3, TILE, TILE)
    assert (inputs["input_ids"] == captioner._model.config.video_token_id).sum(1).tolist() == [8, 28, 12]


# what cannot be loaded


def test_without_timm_the_pip_line_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "perception_lm"}))
    with pytest.raises(MissingPackageError, match=r"Perception-LM needs the package 'timm': pip install 'action100m\[plm\]'"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("code", "error", "message"),
    [
        ("import torchvision", MissingPackageError, r"the package 'torchvision': pip install 'action100m\[plm\]'"),
        ("raise RuntimeError('operator torchvision::nms does not exist')", ModelError, "made for another PyTorch .*nms.*: install one for yours"),
        ("raise ImportError('libcudart.so')", ModelError, "timm, which Perception-LM needs, is installed but cannot be imported: libcudart"),
    ],
    ids=["no torchvision", "another PyTorch", "broken"],
)
@pytest.mark.skipif(find_spec("timm") is not None, reason="timm is there")
def test_torchvision_that_cannot_be_used_is_told_with_its_cure(tmp_path, monkeypatch, code, error, message):
    (tmp_path / "timm.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "perception_lm"}))
    with pytest.raises(error, match=message):
        load(tmp_path)


def test_torchvision_made_for_another_pytorch_is_an_error_that_says_so(saved):
    code = "import sys; from action100m.models.vlm.config import VlmConfig as C; C(checkpoint=sys.argv[1], device='cpu').load()"
    done = subprocess.run([sys.executable, "-c", code, str(saved)], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        pytest.skip("the torchvision that is installed is made for this PyTorch")
    assert "A torchvision made for another PyTorch does that: install the one made for yours" in done.stderr


def test_a_gated_checkpoint_tells_where_to_accept_its_terms(monkeypatch):
    import huggingface_hub
    from huggingface_hub.errors import GatedRepoError

    monkeypatch.setattr(huggingface_hub, "snapshot_download", Mock(side_effect=GatedRepoError("403", response=Mock())))
    with pytest.raises(CheckpointError, match=r"accept its terms at https://huggingface\.co/facebook/Perception-LM-3B, then set HF_TOKEN"):
        VlmConfig(checkpoint="facebook/Perception-LM-3B").load()


@pytest.mark.parametrize("name", ["tokenizer.json", "preprocessor_config.json", "processor_config.json", "chat_template.jinja", "model.safetensors"])
@pytest.mark.parametrize("harm", ["missing", "cut off"])
def test_a_file_that_is_missing_or_cut_off_is_refused(folder, name, harm):
    path = folder / name
    if harm == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[: min(100, path.stat().st_size // 2)])
    with pytest.raises(CheckpointError, match=r"etch|chat template|template"):
        load(folder)


def test_a_tokenizer_without_a_place_for_clips_is_refused(folder):
    edit_json(folder / "tokenizer_config.json", video_token=None, extra_special_tokens={"image_token": "<|image|>"})
    with pytest.raises(CheckpointError, match="names no video_token"):
        load(folder)


def test_a_template_without_a_place_for_clips_is_refused(folder):
    template = folder / "chat_template.jinja"
    template.write_text(template.read_text().replace("<video>", ""))
    with pytest.raises(CheckpointError, match="no place for pictures"):
        load(folder)
