"""Batches stay within the budget, hold everything once, pad little, and shrink where memory runs out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="needs the extra 'vlm' or 'reasoner'")
token_batches = pytest.importorskip("action100m.models.local.token_batches")


def group(lengths, *, budget, room=10**9, batches=None):
    """Take rows of (place, length) through a model whose memory holds so many rows; return the places in each batch that was written."""

    def write(batch):
        if len(batch) > room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return len(batch)

    batches = batches or token_batches.TokenBatches(budget)
    done = list(batches.work(list(enumerate(lengths)), length=lambda row: row[1], write=write))
    assert all(len(batch) == made and seconds >= 0 for batch, made, seconds in done)
    return [[place for place, _ in batch] for batch, *_ in done]


def test_rows_times_the_longest_fills_the_budget():
    assert group([10, 10, 10, 10, 10], budget=20) == [[0, 1], [2, 3], [4]]


def test_like_lengths_share_a_batch_and_the_longest_comes_first():
    assert group([5, 100, 5, 90, 5], budget=200) == [[1, 3], [0, 2, 4]]


def test_what_is_longer_than_the_budget_goes_alone():
    assert group([500, 10, 400, 10], budget=100) == [[0], [2], [1, 3]]


def test_nothing_is_no_batch():
    assert group([], budget=100) == []


@given(st.lists(st.integers(1, 300), max_size=40), st.integers(1, 1000))
def test_everything_is_in_one_batch_within_the_budget(lengths, budget):
    groups = group(lengths, budget=budget)
    assert sorted(place for batch in groups for place in batch) == list(range(len(lengths)))
    assert all(len(batch) == 1 or len(batch) * max(lengths[place] for place in batch) <= budget for batch in groups)


def test_a_batch_that_memory_does_not_hold_is_halved_and_no_later_one_is_larger():
    batches = token_batches.TokenBatches(1000)
    assert group([10] * 7, budget=1000, room=2, batches=batches) == [[0, 1], [2, 3], [4, 5], [6]]
    assert group([10] * 4, budget=1000, batches=batches) == [[0, 1], [2, 3]]


def test_a_row_that_memory_does_not_hold_alone_is_an_error():
    with pytest.raises(torch.OutOfMemoryError):
        group([10, 10], budget=1000, room=0)
