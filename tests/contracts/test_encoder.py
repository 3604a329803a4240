"""What every encoder promises."""

from collections.abc import Iterator

import numpy as np
import pytest

from action100m.models.base import Encoder
from action100m.models.vjepa2.config import VJepa2Config
from action100m.models.weightless.descriptor import DescriptorConfig
from support.checkpoints import one_torch_thread, save_checkpoint

WINDOW = 16
"""Frames; whole tubelets of all encoders."""


@pytest.fixture(scope="module", params=["descriptor", "vjepa2"])
def config(request, tmp_path_factory) -> Iterator[DescriptorConfig | VJepa2Config]:
    if request.param == "descriptor":
        yield DescriptorConfig()
    else:
        with one_torch_thread():
            yield VJepa2Config(checkpoint=str(save_checkpoint(tmp_path_factory.mktemp("tiny"))), device="cpu")


@pytest.fixture(scope="module")
def encoder(config) -> Encoder:
    return config.load()


def frames_for(encoder: Encoder, count: int, *, seed: int = 0):
    """Pictures of soft blobs that drift, uint8 (count, h, w, 3)."""
    size = encoder.frame_size
    height, width = (48, 64) if size is None else (size.height, size.width)
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width] / height
    middles = 0.5 + np.cumsum(rng.normal(size=(count, 3, 2)) * 0.05, axis=0)
    distance = (rows[None, :, :, None] - middles[:, None, None, :, 0]) ** 2 + (columns[None, :, :, None] - middles[:, None, None, :, 1]) ** 2
    return (255 * np.exp(-8 * distance)).astype(np.uint8)


def encode(encoder: Encoder, *windows):
    return encoder.encode([list(encoder.prepare(window)) for window in windows])


def test_a_window_gives_a_finite_float32_vector_for_each_tubelet(encoder):
    vectors = encode(encoder, frames_for(encoder, WINDOW), frames_for(encoder, WINDOW, seed=1))
    assert vectors.dtype == np.float32
    assert vectors.ndim == 3
    assert vectors.shape[:2] == (2, WINDOW // encoder.tubelet)
    assert np.isfinite(vectors).all()


@pytest.mark.parametrize("tubelets", [1, 2, 5])
def test_windows_may_be_shorter(encoder, tubelets):
    assert encode(encoder, frames_for(encoder, tubelets * encoder.tubelet)).shape[:2] == (1, tubelets)


def test_each_frame_is_prepared_by_itself(encoder):
    frames = frames_for(encoder, 6)
    together = encoder.prepare(frames)
    assert len(together) == 6
    one_by_one = [encoder.prepare(frames[number : number + 1])[0] for number in range(6)]
    assert np.array_equal(encoder.encode([together]), encoder.encode([one_by_one]))


def test_the_same_frames_give_the_same_vectors(encoder, config):
    frames = frames_for(encoder, WINDOW)
    first = encode(encoder, frames)
    assert np.array_equal(encode(encoder, frames), first)
    assert np.array_equal(encode(config.load(), frames), first)


def test_other_frames_give_other_vectors(encoder):
    vectors = encode(encoder, frames_for(encoder, WINDOW), frames_for(encoder, WINDOW, seed=1))
    assert np.abs(vectors[0] - vectors[1]).max() > 0.01


def test_a_change_of_picture_shows_where_it_happens(encoder):
    frames = np.concatenate(
        [np.repeat(frames_for(encoder, 1, seed=2), WINDOW // 2, axis=0), np.repeat(255 - frames_for(encoder, 1, seed=3), WINDOW // 2, axis=0)]
    )
    steps = np.linalg.norm(np.diff(encode(encoder, frames)[0], axis=0), axis=1)
    assert np.argmax(steps) == len(steps) // 2


def test_vectors_do_not_depend_on_the_windows_beside(encoder):
    windows = [frames_for(encoder, WINDOW, seed=seed) for seed in range(5)]
    together = encode(encoder, *windows)
    alone = np.concatenate([encode(encoder, window) for window in windows])
    if encoder.name.startswith("vjepa2"):  # matrix products may add in another order
        np.testing.assert_allclose(together, alone, atol=1e-5)
    else:
        assert np.array_equal(together, alone)


def test_frames_may_be_of_any_size_where_the_encoder_asks_for_none(encoder):
    if encoder.frame_size is not None:
        assert frames_for(encoder, 1).shape[1:3] == (encoder.frame_size.height, encoder.frame_size.width)
        return
    for height, width in ((33, 77), (240, 135)):
        frames = np.random.default_rng(0).integers(0, 256, (encoder.tubelet, height, width, 3), np.uint8)
        assert encode(encoder, frames).shape[:2] == (1, 1)


def test_identity_is_known_before_loading_and_names_its_kind(config):
    assert config.identity()["kind"] == config.kind
    assert config.identity() == config.identity()


def test_name_says_who_it_is(encoder, config):
    assert encoder.name.startswith(config.kind)
