"""Draws are even over clusters, and their expectation is the weight."""

import numpy as np
import pytest

from action100m.dataset.resample.draw import Sampling
from action100m.dataset.resample.settings import ResampleConfig

TEXTS = np.array([0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 2, 3], np.int32)
"""Of 12 samples: text 0 stands 8 times, 1 once, 2 twice, 3 once."""
LABELS = np.array([0, 0, 2, 2], np.int32)
"""Clusters 0 (texts 0 and 1) and 2 (texts 2 and 3); 1 is empty."""


def sampling(**settings):
    return Sampling(TEXTS, LABELS, 3, ResampleConfig(**{"size": 120_000} | settings))


def draw(**settings):
    return np.concatenate(list(sampling(**settings).draw()))


def test_weights_are_the_expected_draws_known_by_hand():
    by_text = sampling(size=16).expect()
    assert by_text.tolist() == [0.5] * 8 + [4.0] + [2.0] * 2 + [4.0]
    by_sample = sampling(size=18, members="samples").expect()
    assert by_sample.tolist() == [1.0] * 9 + [3.0] * 3


@pytest.mark.parametrize("members", ["texts", "samples"])
def test_draws_are_unbiased(members):
    expected = sampling(members=members).expect()
    assert expected.sum() == pytest.approx(120_000)
    counts = np.bincount(draw(members=members), minlength=12)
    assert counts.sum() == 120_000
    scatter = np.sqrt(expected * (1 - expected / 120_000))  # of a multinomial count
    assert (np.abs(counts - expected) < 5 * scatter).all()


def test_every_cluster_that_holds_a_text_is_as_likely():
    clusters = np.bincount(LABELS[TEXTS[draw()]], minlength=3)
    assert clusters[1] == 0
    assert clusters[0] == pytest.approx(60_000, abs=5 * np.sqrt(30_000))


def test_one_seed_draws_the_same_and_another_does_not():
    assert np.array_equal(draw(size=100), draw(size=100))
    assert not np.array_equal(draw(size=100), draw(size=100, seed=1))


def test_blocks_make_up_the_size(monkeypatch):
    monkeypatch.setattr("action100m.dataset.resample.draw._BLOCK", 1000)
    assert [len(block) for block in sampling(size=2500).draw()] == [1000, 1000, 500]
