"""Batches stay within the budget, hold everything once, and pad little."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from action100m.models.token_batches import group_by_tokens


def test_rows_times_the_longest_fills_the_budget():
    assert group_by_tokens([10, 10, 10, 10, 10], budget=20) == [[0, 1], [2, 3], [4]]


def test_like_lengths_share_a_batch_and_the_longest_comes_first():
    assert group_by_tokens([5, 100, 5, 90, 5], budget=200) == [[1, 3], [0, 2, 4]]


def test_what_is_longer_than_the_budget_goes_alone():
    assert group_by_tokens([500, 10, 400, 10], budget=100) == [[0], [2], [1, 3]]


def test_nothing_is_no_batch():
    assert group_by_tokens([], budget=100) == []


@given(st.lists(st.integers(1, 300), max_size=40), st.integers(1, 1000))
def test_everything_is_in_one_batch_within_the_budget(lengths, budget):
    groups = group_by_tokens(lengths, budget=budget)
    assert sorted(place for group in groups for place in group) == list(range(len(lengths)))
    assert all(len(group) == 1 or len(group) * max(lengths[place] for place in group) <= budget for group in groups)


@pytest.mark.parametrize("budget", [1, 50])
def test_places_of_equal_length_keep_their_order(budget):
    assert [place for group in group_by_tokens([7] * 9, budget=budget) for place in group] == list(range(9))
