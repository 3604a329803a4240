"""A cut of a tree has no gap and no overlap, and holds the coarsest nodes that are short enough."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from action100m.dataset.io import read_records
from action100m.dataset.select.timeline import find_cut
from action100m.tree import Node, Tree
from support.records import make_tree
from support.trees import split_tree


def _cut(granularity, *trees):
    """The nodes of the cut, by tree. All trees are handed over together."""
    nodes = [(number, node) for number, tree in enumerate(trees) for node in tree.nodes]
    table = {"video": [number for number, _ in nodes], "id": [node.id for _, node in nodes], "parent": [node.parent for _, node in nodes]}
    schema = pa.schema([("video", pa.int64()), ("id", pa.string()), ("parent", pa.string())])
    batch = pa.RecordBatch.from_pydict(table, schema=schema)
    chosen = find_cut(batch, np.array([node.duration for _, node in nodes]), granularity)
    return [
        sorted((node for (at, node), kept in zip(nodes, chosen, strict=True) if at == number and kept), key=lambda node: node.start)
        for number in range(len(trees))
    ]


def _is_gapless(cut, tree):
    return (cut[0].start, cut[-1].end) == (tree.root.start, tree.root.end) and all(one.end == other.start for one, other in pairwise(cut))


@pytest.mark.parametrize(
    ("granularity", "spans"),
    [
        (16, [(0, 16)]),
        (15.9, [(0, 10), (10, 16)]),
        (6, [(0, 4), (4, 10), (10, 16)]),
        (5.9, [(0, 4), (4, 10), (10, 13.5), (13.5, 16)]),
        (0.1, [(0, 4), (4, 10), (10, 13.5), (13.5, 16)]),
    ],
)
def test_the_cut_of_a_tree_that_a_person_can_check(granularity, spans):
    (cut,) = _cut(granularity, make_tree())
    assert [(node.start, node.end) for node in cut] == spans


def test_every_moment_of_the_official_videos_is_in_exactly_one_node(shared):
    trees = [record.tree for record in read_records(shared / "data" / "action100m" / "examples.parquet")]
    for granularity in (0.5, 3, 10, 60, 1000):
        for tree, cut in zip(trees, _cut(granularity, *trees), strict=True):
            assert _is_gapless(cut, tree)
            assert all(node.duration <= granularity or tree.is_leaf(node) for node in cut)
            assert all(tree[node.parent].duration > granularity for node in cut if node.parent)


@st.composite
def _trees(draw):
    """Trees over [0, 64) s, cut at whole seconds; ids are the same in every tree."""
    spans, cuts = {"": (0, 64)}, []
    for _ in range(draw(st.integers(0, 12))):
        path = draw(st.sampled_from(sorted(path for path, (start, end) in spans.items() if end - start > 1 and path + "0" not in spans) or ["none"]))
        if path == "none":
            break
        start, end = spans[path]
        second = draw(st.integers(start + 1, end - 1))
        spans[path + "0"], spans[path + "1"] = (start, second), (second, end)
        cuts.append((path, second))
    return split_tree(0, 64, *cuts)


@settings(deadline=None)
@given(st.lists(_trees(), min_size=1, max_size=3), st.floats(0.1, 100))
def test_no_cut_has_a_gap_also_where_videos_share_ids(trees, granularity):
    for tree, cut in zip(trees, _cut(granularity, *trees), strict=True):
        assert _is_gapless(cut, tree)


def test_a_video_of_one_node_is_its_own_cut():
    alone = Tree((Node("a", None, 0, 0.0, 9.0),))
    assert _cut(1.0, alone, alone) == [[alone.root], [alone.root]]
