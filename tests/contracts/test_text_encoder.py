"""What every text encoder promises."""

import numpy as np
import pytest

from action100m.models.base import TextEncoder
from action100m.models.text.minilm import MiniLMConfig
from action100m.models.text.sentence import SentenceConfig
from support.checkpoints import one_torch_thread
from support.sentences import save_sentence_model

pytest.importorskip("sentence_transformers", reason="needs the extra 'text'")

TEXTS = ["Whisk the eggs", "Beat the eggs with a whisk", "Speak to camera", "N/A", "Fold the paper along the diagonal, " * 9, "混ぜる 🥚", "x"]


@pytest.fixture(scope="module", params=["sentence", "minilm"])
def config(request, tmp_path_factory):
    if request.param == "minilm":
        yield MiniLMConfig(device="cpu", batch=3)
    else:
        with one_torch_thread():
            yield SentenceConfig(checkpoint=str(save_sentence_model(tmp_path_factory.mktemp("tiny"))), device="cpu", batch=3)


@pytest.fixture(scope="module")
def encoder(config) -> TextEncoder:
    return config.load()


def test_each_text_has_a_float32_vector_of_length_1(encoder):
    vectors = encoder.encode(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS), encoder.width)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_no_texts_have_no_vectors(encoder):
    assert encoder.encode([]).shape == (0, encoder.width)
    assert encoder.encode([]).dtype == np.float32


def test_vectors_come_in_the_order_of_the_texts_and_do_not_depend_on_those_beside(encoder):
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(encoder.encode(TEXTS), alone, atol=2e-6)
    np.testing.assert_allclose(encoder.encode(TEXTS[::-1]), alone[::-1], atol=2e-6)


def test_the_same_texts_give_the_same_vectors(encoder, config):
    first = encoder.encode(TEXTS)
    assert np.array_equal(encoder.encode(TEXTS), first)
    assert np.array_equal(config.load().encode(TEXTS), first)


def test_other_texts_have_other_vectors(encoder):
    likeness = encoder.encode(TEXTS) @ encoder.encode(TEXTS).T
    assert likeness[~np.eye(len(TEXTS), dtype=bool)].max() < 0.999


def test_megabytes_of_text_and_control_characters_do_no_harm(encoder):
    vectors = encoder.encode(["whisk the eggs " * 700_000, "a\x00b\r\n\x1b[31m", "<script>alert(1)</script>", " "])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_identity_is_known_before_loading_and_names_its_kind(config):
    assert config.identity()["kind"] == config.kind
    assert config.identity() == config.identity()


def test_name_says_who_it_is(encoder, config):
    assert encoder.name.startswith(config.kind)
    assert f"width {encoder.width}" in encoder.name
