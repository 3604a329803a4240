"""The small picture of a tree shows each stretch in its place, and survives nodes that are no tree."""

from __future__ import annotations

import re

import numpy as np
import pytest

from action100m.viewer.picture import draw_shapes, find_shapes, tree_shapes
from support.records import make_tree
from support.trees import split_tree


def test_each_node_has_its_level_place_and_width():
    assert tree_shapes(make_tree()).tolist() == [
        [0, 1, 0, 997],
        [1, 1, 0, 622],
        [1, 1, 625, 372],
        [2, 0, 0, 247],
        [2, 0, 250, 372],
        [2, 0, 625, 216],
        [2, 0, 844, 153],
    ]


def test_what_is_too_narrow_or_too_deep_is_left_out():
    narrow = split_tree(0, 1000, ("", 1))
    assert [shape[0] for shape in tree_shapes(narrow).tolist()] == [0, 1]
    cuts = [("0" * depth, 1000 * 0.9 ** (depth + 1)) for depth in range(14)]
    assert max(shape[0] for shape in tree_shapes(split_tree(0, 1000, *cuts)).tolist()) == 11


@pytest.mark.parametrize("times", [([], []), ([1.0], [1.0]), ([0.0, np.nan], [2.0, 1.0]), ([0.0], [np.inf]), ([2.0], [1.0])])
def test_times_that_are_no_times_show_nothing(times):
    starts, ends = map(np.array, times)
    shapes = find_shapes(np.zeros(len(starts), np.int16), starts, ends, np.zeros(len(starts), bool))
    assert shapes.shape == (0, 4)
    assert "<path" not in draw_shapes(shapes)


def test_the_drawing_has_one_path_for_what_looks_alike():
    drawn = draw_shapes(tree_shapes(make_tree()))
    assert re.findall(r'class="([^"]*)"', drawn) == ["depth-0 annotated", "depth-1 annotated", "depth-2"]
    assert 'd="M0 10h622v9h-622zM625 10h372v9h-372z"' in drawn
