from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from action100m.stages.caption_plan import count_captions, plan_captions, spread
from support.trees import split_tree

TEN_PER_SECOND = np.arange(0, 80) / 10.0


def test_leaves_get_their_middle_frame_and_every_node_a_clip():
    tree = split_tree(0, 8, ("", 4))
    plan = [(planned.node.id, planned.field, planned.seconds) for planned in plan_captions(tree, TEN_PER_SECOND, frames=4)]
    root, left, right = tree.nodes
    assert plan == [
        (root.id, "clip_caption", (1.0, 3.0, 5.0, 7.0)),
        (root.id, "clip_action", (1.0, 3.0, 5.0, 7.0)),
        (left.id, "frame_caption", (2.0,)),
        (left.id, "clip_caption", (0.5, 1.5, 2.5, 3.5)),
        (left.id, "clip_action", (0.5, 1.5, 2.5, 3.5)),
        (right.id, "frame_caption", (6.0,)),
        (right.id, "clip_caption", (4.5, 5.5, 6.5, 7.5)),
        (right.id, "clip_action", (4.5, 5.5, 6.5, 7.5)),
    ]
    assert len(plan) == count_captions(tree)


def test_a_node_with_fewer_frames_than_asked_shows_each_once():
    assert spread(np.array([1.0, 1.2, 1.9]), 1.0, 2.0, 32) == (1.0, 1.2, 1.9)


def test_a_frame_still_shown_from_before_the_node_is_not_taken():
    tree = split_tree(0, 8, ("", 5))  # nothing is presented between 4 and 7 s, so the middle of the right leaf shows the frame of 4 s
    presented = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 7.0])
    frame = next(planned for planned in plan_captions(tree, presented, frames=8) if planned.node.start == 5 and planned.field == "frame_caption")
    assert frame.seconds == (7.0,)


@given(
    times=st.lists(st.floats(0, 100), min_size=1, max_size=60, unique=True).map(sorted),
    count=st.integers(1, 40),
)
def test_frames_are_presented_inside_increase_and_never_exceed_the_count(times, count):
    inside = np.array(times)
    chosen = spread(inside, 0.0, 101.0, count)
    assert 1 <= len(chosen) <= count
    assert set(chosen) <= set(times)
    assert list(chosen) == sorted(set(chosen))


def test_all_frames_are_taken_when_no_number_is_given():
    plan = list(plan_captions(split_tree(0, 8), TEN_PER_SECOND, frames=None))
    assert plan[1].seconds == pytest.approx(tuple(TEN_PER_SECOND))
