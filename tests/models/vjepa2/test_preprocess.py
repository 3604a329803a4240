"""Frames come out as the checkpoint's own processor would make them; a config that cannot be followed is refused."""

import json

import numpy as np
import pytest

from action100m.errors import CheckpointError
from support.checkpoints import CROP, preprocessor_config, write_preprocessor
from support.own_processors import find_torchvision

torch = pytest.importorskip("torch", reason="needs the extra 'vjepa2'")
preprocess = pytest.importorskip("action100m.models.vjepa2.preprocess")

SIZES = [(64, 64), (48, 64), (36, 36), (33, 77), (77, 33), (240, 426), (426, 240), (37, 36), (20, 31), (719, 1281)]
"""Height and width: square, landscape, portrait, odd, smaller than the crop, already of the size."""

CONFIGS = {
    "as released": {},
    "bicubic": {"resample": 3},
    "crop given as a number": {"crop_size": CROP},
    "a size that the processor overrides": {"size": {"shortest_edge": 99}},
    "size in height and width": {"size": {"height": 40, "width": 50}},
    "not resized": {"do_resize": False},
    "not normalised": {"do_normalize": False},
    "not rescaled": {"do_rescale": False},
    "other statistics": {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.5, 0.25, 1.0], "rescale_factor": 1 / 127.5},
    "null switches off": {"do_resize": None, "resample": None, "do_normalize": None, "image_mean": None, "image_std": None},
}


def picture(height, width, *, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (2, height, width, 3), np.uint8)


def apply(config, frames):
    preprocessing = preprocess.Preprocessing.from_config(config)
    return preprocessing.normalise(preprocessing.cut(frames)).numpy()


@pytest.fixture(scope="module")
def own_processor():
    """transformers' VJEPA2VideoProcessor, which needs torchvision."""
    if not find_torchvision():
        pytest.skip("the checkpoint's own processor needs torchvision, which the package does without")
    from transformers import VJEPA2VideoProcessor

    return VJEPA2VideoProcessor


@pytest.mark.parametrize("name", CONFIGS)
def test_pixels_equal_the_checkpoints_own_processor(own_processor, name):
    config = preprocessor_config(**CONFIGS[name])
    for size in SIZES:
        frames = picture(*size)
        expected = own_processor(**config)(list(frames), return_tensors="np")["pixel_values_videos"][0]
        np.testing.assert_allclose(apply(config, frames), expected, atol=1e-5, rtol=1e-6, err_msg=str(size))


def test_levels_are_rescaled_and_normalised_channel_by_channel():
    pixels = apply(preprocessor_config(), np.full((1, 50, 70, 3), (255, 0, 51), np.uint8))
    expected = [(1 - 0.485) / 0.229, (0 - 0.456) / 0.224, (0.2 - 0.406) / 0.225]
    np.testing.assert_allclose(pixels, np.broadcast_to(np.reshape(expected, (1, 3, 1, 1)), (1, 3, CROP, CROP)), atol=1e-5)


@pytest.mark.parametrize(("crop", "short_side"), [(256, 292), (384, 438), (32, 36)])
def test_short_side_follows_the_crop(crop, short_side):
    assert preprocess.Preprocessing.from_config(preprocessor_config(crop_size=crop)).short_side == short_side


def test_the_middle_is_cut_out():
    frames = picture(CROP + 5, CROP + 2)
    pixels = apply(preprocessor_config(do_resize=False, do_normalize=False, do_rescale=False), frames)
    assert np.array_equal(pixels, frames[:, 2 : 2 + CROP, 1 : 1 + CROP].transpose(0, 3, 1, 2))


def test_what_is_smaller_than_the_crop_gets_a_black_border():
    frames = picture(CROP - 4, CROP - 3) | np.uint8(1)
    pixels = apply(preprocessor_config(do_resize=False, do_normalize=False, do_rescale=False), frames)
    assert np.array_equal(pixels[:, :, 2:-2, 1:-2], frames.transpose(0, 3, 1, 2))
    assert (pixels == 0).sum() == 2 * 3 * (CROP * CROP - (CROP - 4) * (CROP - 3))


def test_resizing_keeps_a_ramp_a_ramp():
    ramp = np.broadcast_to(np.linspace(0, 255, 360).round().astype(np.uint8)[None, None, :, None], (1, 72, 360, 3))
    pixels = apply(preprocessor_config(do_normalize=False, do_rescale=False), ramp)
    middle = 255 * (np.arange(180) + 0.5) / 180  # resized to 36 x 180
    assert np.abs(pixels[0, 0, 0] - middle[74 : 74 + CROP]).max() <= 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"do_flip": True}, "do_flip"),
        ({"auto_map": {"AutoVideoProcessor": "code.Processor"}}, "auto_map"),
        ({"video_processor_type": "LlavaVideoProcessor"}, "LlavaVideoProcessor"),
        ({"do_center_crop": False}, "do_center_crop"),
        ({"crop_size": {"height": 32, "width": 48}}, "crop_size"),
        ({"crop_size": {"shortest_edge": 32}}, "crop_size"),
        ({"crop_size": None}, "crop_size"),
        ({"resample": 1}, "resample"),
        ({"image_mean": [0.5, 0.5]}, "image_mean"),
        ({"image_std": None}, "image_std"),
        ({"rescale_factor": "1/255"}, "rescale_factor"),
    ],
    ids=str,
)
def test_a_config_that_cannot_be_followed_is_refused(tmp_path, changes, message):
    write_preprocessor(tmp_path, preprocessor_config(**changes))
    with pytest.raises(CheckpointError, match=message) as caught:
        preprocess.read_preprocessing(tmp_path)
    assert "video_preprocessor_config.json" in str(caught.value)


def test_the_file_that_transformers_would_take_is_read(tmp_path):
    for name, crop in (("preprocessor_config.json", 16), ("video_preprocessor_config.json", 32), ("processor_config.json", 64)):
        config = preprocessor_config(crop_size=crop)
        (tmp_path / name).write_text(json.dumps({"video_processor": config} if crop == 64 else config), encoding="utf-8")
        assert preprocess.read_preprocessing(tmp_path).crop == crop


def test_a_folder_without_a_preprocessor_config_is_refused(tmp_path):
    (tmp_path / "processor_config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(CheckpointError, match="fetch the whole checkpoint"):
        preprocess.read_preprocessing(tmp_path)


def test_a_broken_preprocessor_config_is_refused(tmp_path):
    (tmp_path / "preprocessor_config.json").write_text("{", encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"preprocessor_config\.json"):
        preprocess.read_preprocessing(tmp_path)
