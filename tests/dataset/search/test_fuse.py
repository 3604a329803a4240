"""Reciprocal rank fusion, by hand."""

import pytest

from action100m.dataset.search.fuse import fuse_ranks


def test_scores_are_the_sums_of_reciprocal_ranks():
    fused = dict(fuse_ranks([7, 8, 9], [9, 7]))
    assert fused == pytest.approx({7: 1 / 61 + 1 / 62, 8: 1 / 62, 9: 1 / 63 + 1 / 61})


def test_what_both_find_comes_before_the_best_of_one():
    assert [row for row, _ in fuse_ranks([1, 2, 3], [4, 5, 3])] == [3, 1, 4, 2, 5]


def test_one_ranking_keeps_its_order():
    assert [row for row, _ in fuse_ranks([5, 3, 4])] == [5, 3, 4]
    assert [row for row, _ in fuse_ranks([5, 3, 4], [])] == [5, 3, 4]
    assert fuse_ranks() == []
