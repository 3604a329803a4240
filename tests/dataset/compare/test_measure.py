"""Each measure of one video against answers worked out by hand, by brute force, or by the library that defined it."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching

from action100m.dataset.compare.chance import make_rng, shuffle_leaves
from action100m.dataset.compare.kernels import count_matches
from action100m.dataset.compare.measure import count_hits, find_boundaries, match_nodes, measure_triplets
from action100m.dataset.compare.nodes import VideoNodes
from dataset.compare.random_trees import random_tree


def _tree(*nodes: tuple[int, float, float]) -> VideoNodes:
    level, start, end = (np.array(column) for column in zip(*sorted(nodes), strict=True))
    return VideoNodes("clip", start.astype(float), end.astype(float), level, {})


HALVES = _tree((0, 0, 8), (1, 0, 4), (1, 4, 8))
THIRDS = _tree((0, 0, 8), (1, 0, 5), (1, 5, 8), (2, 0, 2), (2, 2, 5))


def test_boundaries_are_the_cuts_without_the_ends() -> None:
    assert find_boundaries(THIRDS).tolist() == [2.0, 5.0]
    assert count_hits(HALVES, THIRDS, (0.5, 1.0, 2.0)).tolist() == [0, 1, 1, 1, 2]  # 4 s is 1 s from 5 s; then 1 boundary and 2


def test_a_boundary_is_matched_once() -> None:
    one, crowd = np.array([4.0]), np.array([3.9, 4.0, 4.1])
    assert count_matches(one, crowd, 0.5) == count_matches(crowd, one, 0.5) == 1


@given(st.lists(st.integers(0, 60), max_size=12), st.lists(st.integers(0, 60), max_size=12), st.integers(0, 12))
@settings(deadline=None, max_examples=200)
def test_the_matching_is_a_largest_one(a: list[int], b: list[int], tolerance: int) -> None:
    near = np.abs(np.subtract.outer(sorted(a), sorted(b))) <= tolerance if a and b else np.zeros((len(a), len(b)), bool)
    expected = int((maximum_bipartite_matching(csr_matrix(near)) >= 0).sum()) if near.size else 0
    assert count_matches(np.array(sorted(a), float), np.array(sorted(b), float), float(tolerance)) == expected


def test_temporal_iou_is_that_of_the_best_node_of_all_and_of_the_level() -> None:
    matched = match_nodes(HALVES, THIRDS)
    assert matched.a_best == pytest.approx([1.0, 4 / 5, 3 / 4])  # [0, 4) with [0, 5); [4, 8) with [5, 8)
    assert matched.a_same == pytest.approx([1.0, 4 / 5, 3 / 4])
    assert matched.b_best == pytest.approx([1.0, 4 / 5, 3 / 4, 2 / 4, 2 / 5])  # [0, 2) with [0, 4); [2, 5) with [0, 4), as with [0, 8) only 3 / 8
    assert matched.b_same == pytest.approx([1.0, 4 / 5, 3 / 4, 0.0, 0.0])
    assert matched.pairs(0.5).tolist() == [[0, 0], [1, 1], [2, 2]]
    assert matched.pairs(0.78).tolist() == [[0, 0], [1, 1]]


def _depths(video: VideoNodes, instants: NDArray[np.float64]) -> NDArray[np.int64]:
    """The level of the deepest node that holds two instants, (n, n), by looking at every node."""
    inside = (video.start[:, None] <= instants) & (instants < video.end[:, None])
    both = inside[:, :, None] & inside[:, None, :]
    depths: NDArray[np.int64] = np.where(both, video.level[:, None, None], -1).max(axis=0)
    return depths


def _share_told(told: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    shares = []
    for q in range(len(told)):
        rest = [k for k in range(len(told)) if k != q]
        said = [(i, j) for i, j in permutations(rest, 2) if told[q, i] > told[q, j]]
        if said:
            shares.append(np.mean([other[q, i] > other[q, j] for i, j in said]))
    return float(np.mean(shares))


@pytest.mark.parametrize("seed", range(4))
def test_the_tree_measure_counts_triplets(seed: int) -> None:
    a, b = random_tree(seed, seconds=24, cuts=3 + 4 * seed), random_tree(seed + 10, seconds=24, cuts=9)
    instants = (np.arange(16) + 0.5) * 24 / 16
    of_a, of_b = _depths(a, instants), _depths(b, instants)
    assert measure_triplets(a, b, 16) == pytest.approx((_share_told(of_a, of_b), _share_told(of_b, of_a)))


@pytest.mark.parametrize("seed", range(4))
def test_an_instant_at_a_cut_belongs_to_the_segment_behind_it(seed: int) -> None:
    a, b = random_tree(seed, seconds=24, cuts=8), random_tree(seed + 10, seconds=24, cuts=9)
    instants = (np.arange(12) + 0.5) * 24 / 12
    assert np.isin(instants, a.start).any()
    assert np.isin(instants, b.start).any()
    of_a, of_b = _depths(a, instants), _depths(b, instants)
    assert measure_triplets(a, b, 12) == pytest.approx((_share_told(of_a, of_b), _share_told(of_b, of_a)))


@pytest.mark.parametrize(
    ("a", "b", "seconds", "expected"),
    [
        ((0, 12), (1, 20), 60, (0.6043762346998737, 0.5337491199584637)),
        ((2, 30), (3, 9), 60, (0.6556067942334215, 0.8017707840308367)),
        ((4, 1), (5, 25), 40, (0.8955788177339901, 0.5620858514237568)),
    ],
)
def test_the_tree_measure_is_that_of_mir_eval(a: tuple[int, int], b: tuple[int, int], seconds: int, expected: tuple[float, float]) -> None:
    """Expected: mir_eval 0.8.2, hierarchy.tmeasure(b, a, transitive=True, window=None, frame_size=1.0), each leaf repeated on the levels below it."""
    first, second = (random_tree(seed, seconds=seconds, cuts=cuts) for seed, cuts in (a, b))
    assert measure_triplets(first, second, seconds) == pytest.approx(expected, abs=1e-12)


def test_trees_without_cuts_have_no_triplets() -> None:
    assert measure_triplets(_tree((0, 0, 8)), HALVES, 50) is None
    assert measure_triplets(HALVES, _tree((0, 10, 18), (1, 10, 14), (1, 14, 18)), 50) is None  # no time in common


@given(st.integers(0, 10_000), st.integers(1, 30))
@settings(deadline=None, max_examples=30)
def test_shuffled_leaves_keep_their_lengths_and_the_shape_of_the_tree(seed: int, cuts: int) -> None:
    video = random_tree(seed, seconds=64, cuts=cuts)
    moved = shuffle_leaves(video, make_rng("clip", seed))
    lengths = [np.sort(np.diff(np.unique(one.start), append=64.0)) for one in (video, moved)]
    assert lengths[0] == pytest.approx(lengths[1])
    assert (moved.start[0], moved.end[0]) == (0.0, 64.0)
    assert moved.level.tolist() == video.level.tolist()
    for child in range(1, len(moved)):  # still nested, in the same parents
        parents = [k for k in range(len(video)) if video.level[k] == video.level[child] - 1]
        (parent,) = [k for k in parents if video.start[k] <= video.start[child] and video.end[child] <= video.end[k]]
        assert moved.start[parent] - 1e-9 <= moved.start[child] < moved.end[child] <= moved.end[parent] + 1e-9


def test_the_shuffle_depends_on_video_and_seed_only() -> None:
    video = random_tree(3, seconds=64, cuts=20)
    starts = [shuffle_leaves(video, make_rng(uid, seed)).start.tolist() for uid, seed in (("a", 0), ("a", 0), ("b", 0), ("a", 1))]
    assert starts[0] == starts[1]
    assert len({tuple(one) for one in starts}) == 3
