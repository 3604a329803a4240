"""Counts of texts are exact, in memory and over files."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from action100m.dataset.stats.tally import TextGroups, TextTally


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.none() | st.text(max_size=2), max_size=20), max_size=8), st.sampled_from([3, 1000]))
def test_groups_are_those_of_a_counter(tmp_path_factory, batches, most_texts):
    tally = TextTally(tmp_path_factory.mktemp("tally"), most_texts=most_texts)
    for batch in batches:
        tally.add(pa.array(batch, pa.string()))
    counts = Counter(text for batch in batches for text in batch if text is not None)
    repeated = [count for count in counts.values() if count > 1]
    top = tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0].encode()))[:5])
    assert tally.groups(5) == TextGroups(counts.total(), len(counts), len(repeated), sum(repeated), top)


def test_what_was_counted_before_is_added_as_it_is(tmp_path):
    tally = TextTally(tmp_path)
    tally.add(pa.array(["a", "b"]), pa.array([5, 1]))
    tally.add(pa.array(["b"]))
    assert tally.groups(9) == TextGroups(7, 2, 2, 7, (("a", 5), ("b", 2)))


def test_nothing_counted_is_no_group(tmp_path):
    assert TextTally(tmp_path).groups(3) == TextGroups(0, 0, 0, 0, ())


@pytest.mark.parametrize("limits", [{"most_texts": 20_000}, {"most_bytes": 1 << 18}, {}])
def test_files_hold_what_memory_may_not(tmp_path, limits):
    """A Zipf law of 200,000 texts in 20 batches: known counts, whatever the limits."""
    numbers = np.minimum(np.random.default_rng(0).zipf(1.2, 400_000), 10**9)
    tally = TextTally(tmp_path / "new", **limits)
    for batch in np.array_split(numbers, 20):
        tally.add(pa.array([f"text number {number}" for number in batch]))
    assert (len(tally._files) > 2) is bool(limits)
    values, counts = np.unique(numbers, return_counts=True)
    groups = tally.groups(10)
    assert (groups.total, groups.distinct) == (400_000, len(values))
    assert groups.repeated == (counts > 1).sum()
    assert [count for _, count in groups.top] == sorted(counts.tolist(), reverse=True)[:10]
    assert groups.top[0] == ("text number 1", (numbers == 1).sum())
    if limits:
        tables = list(tally.tables())
        assert len(tables) == 256
        assert max(table.num_rows for table in tables) < 2 * len(values) / 256
