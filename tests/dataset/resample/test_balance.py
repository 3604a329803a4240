"""Measures of evenness, on numbers that a person can check."""

import numpy as np
import pytest

from action100m.dataset.resample.balance import expect_normalised_entropy, find_entropy, measure_balance


def test_entropies_are_those_of_the_textbook():
    assert find_entropy(np.array([5, 5, 5, 5])) == pytest.approx(np.log(4))
    assert find_entropy(np.array([7, 0, 0])) == 0
    assert find_entropy(np.array([1, 3])) == pytest.approx(0.25 * np.log(4) + 0.75 * np.log(4 / 3))


def test_an_even_set_is_measured_as_even():
    balance = measure_balance(np.array([3, 3, 3, 3]), np.array([0, 0, 2, 2], np.int32), 3)
    assert (balance.samples, balance.texts, balance.clusters) == (12, 4, 2)
    assert balance.normalised_entropy == pytest.approx(1)
    assert balance.effective_texts == pytest.approx(4)
    assert balance.cluster_percentiles["50"] == 6


def test_a_head_is_measured_as_a_head():
    counts = np.array([90, *[1] * 20])
    balance = measure_balance(counts, np.arange(21, dtype=np.int32), 21)
    assert balance.head_share == balance.head_cluster_share == pytest.approx(99 / 110)
    assert balance.effective_texts < 3
    assert balance.cluster_percentiles | {} == {"0": 1, "10": 1, "25": 1, "50": 1, "75": 1, "90": 1, "99": 72.2, "100": 90}


def test_a_cluster_without_texts_does_not_count_but_one_without_draws_does():
    balance = measure_balance(np.array([4, 4, 0]), np.array([0, 1, 2], np.int32), 5)
    assert balance.clusters == 2
    assert balance.normalised_entropy == pytest.approx(np.log(2) / np.log(3))


def test_one_cluster_is_even():
    assert measure_balance(np.array([4, 1]), np.array([0, 0], np.int32), 1).normalised_entropy == 1
    assert expect_normalised_entropy(1, 10) == 1


@pytest.mark.parametrize(("clusters", "size"), [(10, 500), (200, 4_000), (1000, 100_000)])
def test_the_reachable_entropy_is_the_mean_of_even_draws(clusters, size):
    rng = np.random.default_rng(0)
    found = [find_entropy(rng.multinomial(size, np.full(clusters, 1 / clusters))) / np.log(clusters) for _ in range(200)]
    scatter = np.sqrt(2 * (clusters - 1)) / (2 * size) / np.log(clusters)
    assert np.mean(found) == pytest.approx(expect_normalised_entropy(clusters, size), abs=5 * scatter / np.sqrt(200) + 1 / size)
    assert np.std(found) == pytest.approx(scatter, rel=0.25)


@pytest.mark.parametrize(("clusters", "size"), [(1000, 10), (1000, 1000), (50, 20), (3, 2), (1000, 3000), (40, 100_000)])
def test_the_reachable_entropy_is_the_mean_of_few_draws_too(clusters, size):
    rng = np.random.default_rng(0)
    found = [find_entropy(rng.multinomial(size, np.full(clusters, 1 / clusters))) / np.log(clusters) for _ in range(2000)]
    assert expect_normalised_entropy(clusters, size) == pytest.approx(np.mean(found), abs=5 * np.std(found) / np.sqrt(2000) + 1e-9)


@pytest.mark.parametrize(
    ("clusters", "size", "expected"),
    [(2, 1, 0.0), (2, 2, 0.5), (3, 2, 2 / 3 * np.log(2) / np.log(3))],  # both draws of one cluster, or of two
)
def test_the_reachable_entropy_of_two_draws_is_worked_out_by_hand(clusters, size, expected):
    assert expect_normalised_entropy(clusters, size) == pytest.approx(expected)


def test_the_reachable_entropy_of_the_papers_size_is_that_of_the_first_order():
    assert expect_normalised_entropy(1000, 10_000_000) == pytest.approx(1 - 999 / (2e7 * np.log(1000)), abs=1e-9)
