"""k-means finds what was planted, by each library."""

import sys

import numpy as np
import pytest

from action100m.dataset.resample.cluster import check_method, find_clusters
from action100m.errors import MissingPackageError

METHODS = ["faiss", "minibatch", "lloyd"]


def planted(groups=8, each=60, width=16, seed=0):
    """Vectors of length 1 around as many axes as there are groups, and the group of each."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(groups), each)
    vectors = np.eye(width)[truth] + 0.05 * rng.standard_normal((len(truth), width))
    order = rng.permutation(len(truth))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)[order], truth[order]


def find(vectors, clusters, *, method="faiss", seed=0, points_per_cluster=256, **rest):
    return find_clusters(vectors, clusters, method=method, seed=seed, points_per_cluster=points_per_cluster, **rest)


@pytest.mark.parametrize("method", METHODS)
def test_every_cluster_is_of_one_group_where_there_are_more_clusters_than_groups(method):
    vectors, truth = planted()
    found = find(vectors, 24, method=method)
    assert found.labels.dtype == np.int32
    assert found.centroids.shape == (24, 16)
    assert all(len(set(truth[found.labels == cluster])) <= 1 for cluster in range(24))


@pytest.mark.parametrize("method", METHODS)
def test_each_text_is_with_its_nearest_centroid_and_the_inertia_is_the_sum(method):
    vectors, _ = planted()
    found = find(vectors, 8, method=method)
    squares = ((vectors[:, None] - found.centroids[None]) ** 2).sum(2)
    assert np.array_equal(found.labels, squares.argmin(1))
    assert found.inertia == pytest.approx(squares.min(1).sum(), rel=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_gives_the_same_clusters(method):
    vectors, _ = planted()
    first, again = find(vectors, 12, method=method, seed=3), find(vectors, 12, method=method, seed=3)
    assert np.array_equal(first.centroids, again.centroids)
    assert np.array_equal(first.labels, again.labels)


def test_it_learns_from_a_part_and_assigns_all(monkeypatch):
    monkeypatch.setattr("action100m.dataset.resample.cluster._BLOCK", 100)
    vectors, truth = planted(each=200)
    told = []
    found = find(vectors, 16, points_per_cluster=10, on_progress=lambda *counts: told.append(counts))
    assert told == [(start, 1600) for start in range(0, 1600, 100)]
    assert len(found.labels) == 1600
    assert np.mean([len(set(truth[found.labels == cluster])) <= 1 for cluster in range(16)]) > 0.8


@pytest.mark.parametrize("clusters", [480, 481, 100_000])
def test_no_more_texts_than_clusters_are_clusters_of_their_own(clusters):
    vectors, _ = planted()
    found = find(vectors, clusters)
    assert np.array_equal(found.labels, np.arange(480))
    assert np.array_equal(found.centroids, vectors)
    assert found.inertia == 0
    assert (found.note is None) == (clusters == 480)
    assert clusters == 480 or f"{clusters:,} clusters of 480 distinct texts" in found.note


@pytest.mark.parametrize("method", METHODS)
def test_equal_vectors_share_a_cluster_and_leave_others_empty(method):
    labels = find(np.repeat(np.eye(3, dtype=np.float32), 20, axis=0), 6, method=method).labels.reshape(3, 20)
    assert (labels == labels[:, :1]).all()


@pytest.mark.parametrize(("method", "module", "package"), [("faiss", "faiss", "faiss-cpu"), ("lloyd", "sklearn.cluster", "scikit-learn")])
def test_a_missing_library_is_an_error_that_gives_the_pip_line(method, module, package, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingPackageError, match=rf"{package}.*action100m\[resample\]"):
        check_method(method)
