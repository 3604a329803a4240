from __future__ import annotations

import json
import math
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from action100m.embeddings import Embeddings, frame_edges
from action100m.errors import ConfigError
from action100m.stages.segment import Segment, SegmentConfig, Segmented, segment
from action100m.stages.ward import ward_merges
from action100m.tree import Tree, node_id
from action100m.video.video import Video

ABSORB = SegmentConfig(leaf_rule="absorb")
STEP = 2 / 15
"""Seconds between sampled frames: every fourth of 30 a second."""


def embed(values, *, edges=None, step=STEP):
    """One-dimensional embeddings, one value a frame."""
    values = np.asarray(values, np.float32)
    return Embeddings(values.reshape(len(values), -1), np.arange(len(values) + 1) * step if edges is None else np.asarray(edges, np.float64))


def scenes(*lengths, seed=0):
    """Frames of noise around means that lie far apart, one mean for each scene."""
    means = np.repeat(np.random.default_rng(seed).permutation(len(lengths)) * 100.0, lengths)
    return means + np.random.default_rng(seed).normal(size=len(means))


def leaf_spans(tree: Tree):
    return [(leaf.start, leaf.end) for leaf in tree.leaves()]


def inner_boundaries(tree: Tree):
    return {leaf.start for leaf in tree.leaves()} - {tree.root.start}


def frames(tree: Tree, step=1.0):
    return [(round(start / step), round(end / step)) for start, end in leaf_spans(tree)]


def test_first_cut_falls_where_the_picture_changes():
    root, left, right, *_ = segment(embed([0, 0.1, 0, 0.1, 0, 9, 9.1, 9], step=1.0), uid="v").nodes
    assert (root.start, left.start, left.end, right.start, right.end, root.end) == (0.0, 0.0, 5.0, 5.0, 8.0, 8.0)


def test_boundaries_are_edges_exactly_and_the_root_ends_with_the_last_frame_presented():
    seconds = np.arange(0, 240, 4) * 1001 / 30000
    edges = frame_edges(seconds, end=239 * 1001 / 30000 + 0.02)
    tree = segment(embed(scenes(20, 25, 15), edges=edges), uid="v")
    assert (tree.root.start, tree.root.end) == (0.0, edges[-1])
    assert inner_boundaries(tree) <= {(a + b) / 2 for a, b in pairwise(seconds)}
    assert {float(edges[20]), float(edges[45])} <= inner_boundaries(tree)


def test_node_ids_are_made_of_uid_and_path():
    tree = segment(embed(scenes(8, 8, 8)), uid="v")
    assert tree.root.id == node_id("v", "")
    left, right = tree.children(tree.root)
    assert (left.id, right.id) == (node_id("v", "0"), node_id("v", "1"))
    assert [child.id for child in tree.children(right)] == ([node_id("v", "10"), node_id("v", "11")] if not tree.is_leaf(right) else [])
    again, other = segment(embed(scenes(8, 8, 8)), uid="v"), segment(embed(scenes(8, 8, 8)), uid="w")
    assert again == tree
    assert {node.id for node in other.nodes}.isdisjoint(node.id for node in tree.nodes)


@pytest.mark.parametrize("rule", ["keep", "absorb"])
@pytest.mark.parametrize("values", [[1], [1, 2], [1, 2, 3, 4, 5, 6, 7]])
def test_a_video_too_short_for_a_cut_is_a_root_alone(values, rule):
    assert len(values) * STEP < 2 * 0.5
    tree = segment(embed(values), SegmentConfig(leaf_rule=rule), uid="v")
    assert leaf_spans(tree) == [(0.0, len(values) * STEP)]


def test_two_frames_of_half_a_second_are_two_leaves():
    assert leaf_spans(segment(embed([1, 2], step=0.5), uid="v")) == [(0.0, 0.5), (0.5, 1.0)]


@pytest.mark.parametrize("rule", ["keep", "absorb"])
@pytest.mark.parametrize("start", [0, 1, 7, 23, 46, 10_000_019])
def test_the_limit_is_inclusive_whatever_the_rounding(start, rule):
    # 24 frames a second, every fourth sampled: three sampled frames last 12 frames, half a second; as differences of float64 often less
    edges = (start + np.arange(7) * 4) / 24
    embeddings = embed([0, 0, 0, 9, 9, 9], edges=edges)
    assert leaf_spans(segment(embeddings, SegmentConfig(leaf_rule=rule), uid="v")) == [(edges[0], edges[3]), (edges[3], edges[6])]
    longer = SegmentConfig(min_duration=0.5001, leaf_rule=rule)
    assert len(segment(embeddings, longer, uid="v")) == 1


@pytest.mark.parametrize("start", [1, 7, 23, 46])
def test_rounding_would_have_cost_that_cut(start):
    edges = (start + np.arange(7) * 4) / 24
    assert min(edges[3] - edges[0], edges[6] - edges[3]) < 0.5


# A frame a second, segments of at least 2 s: a lone frame is a sliver. The values tell which cut comes first.
SLIVERS = {
    "at the left end": ([500, 0, 1, 20, 21], [(0, 5)], [(0, 3), (3, 5)]),
    "at the right end": ([0, 1, 20, 21, 500], [(0, 5)], [(0, 2), (2, 5)]),
    "at both ends": ([900, 0, 1, 20, 21, -500], [(0, 6)], [(0, 3), (3, 6)]),
    "inside, on the left of a cut": ([0, 1, 20, 21, 90, 2000, 2001], [(0, 5), (5, 7)], [(0, 2), (2, 5), (5, 7)]),
    "inside, on the right of a cut": ([2000, 2001, 90, 0, 1, 20, 21], [(0, 2), (2, 7)], [(0, 2), (2, 5), (5, 7)]),
    "two, one after the other": ([900, 300, 0, 1, 20, 21], [(0, 6)], [(0, 4), (4, 6)]),
    "none": ([0, 1, 20, 21], [(0, 2), (2, 4)], [(0, 2), (2, 4)]),
    "on both sides of the only cut": ([0, 500], [(0, 2)], [(0, 2)]),
}


@pytest.mark.parametrize(("values", "kept", "absorbed"), SLIVERS.values(), ids=SLIVERS)
def test_a_sliver_blocks_the_cut_under_keep_and_goes_with_its_neighbour_under_absorb(values, kept, absorbed):
    for rule, expected in (("keep", kept), ("absorb", absorbed)):
        tree = segment(embed(values, step=1.0), SegmentConfig(min_duration=2.0, leaf_rule=rule), uid="v")
        assert frames(tree) == expected


def test_slivers_lend_no_length():
    # 9 and 30 are slivers that together would last 2 s: no segment is made of them
    values = [0, 0.1, 0.2, 9, 30]
    assert ward_merges(embed(values).vectors).cuts.tolist()[-2:] == [3, 4]
    assert frames(segment(embed(values, step=1.0), SegmentConfig(min_duration=2.0, leaf_rule="absorb"), uid="v")) == [(0, 5)]


@settings(max_examples=120, deadline=None)
@given(st.lists(st.tuples(st.integers(-9, 9), st.floats(0.05, 0.9)), min_size=1, max_size=40), st.floats(0.1, 2.0))
def test_whatever_the_video_leaves_last_long_enough_and_absorb_only_adds_cuts(frames, shortest):
    values, lengths = zip(*frames, strict=True)
    edges = np.concatenate([[0.0], np.cumsum(lengths)])
    embeddings = embed(values, edges=edges)
    keep = segment(embeddings, SegmentConfig(min_duration=shortest), uid="v")
    absorb = segment(embeddings, SegmentConfig(min_duration=shortest, leaf_rule="absorb"), uid="v")  # Tree checks that it is one
    assert inner_boundaries(keep) <= inner_boundaries(absorb) <= set(edges[1:-1].tolist())
    assert max(leaf.duration for leaf in absorb.leaves()) <= max(leaf.duration for leaf in keep.leaves())
    for tree in (keep, absorb):
        assert (tree.root.start, tree.root.end) == (0.0, edges[-1])
        assert len(tree) == 1 or min(node.duration for node in tree.nodes) >= shortest - 2e-6


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-50, 50), min_size=2, max_size=30, unique=True))
def test_keep_is_the_papers_rule(values):
    """The cuts of the tree, found again by the obvious recursion over the merges."""
    embeddings = embed(values, step=0.2)
    merges, n = ward_merges(embeddings.vectors), len(values)

    def leaves(cluster, first, stop):
        if cluster >= n:
            cut = int(merges.cuts[cluster - n])
            if (cut - first) * 0.2 > 0.45 and (stop - cut) * 0.2 > 0.45:
                left, right = merges.children[cluster - n]
                return leaves(left, first, cut) + leaves(right, cut, stop)
        return [(first, stop)]

    assert frames(segment(embeddings, uid="v"), step=0.2) == leaves(2 * n - 2, 0, n)


@pytest.mark.parametrize("rule", ["keep", "absorb"])
@pytest.mark.parametrize("step", [STEP, 1.0])
def test_a_still_video_is_a_root_alone(rule, step):
    still = Embeddings(np.full((300, 7), 0.1, np.float32), np.arange(301) * step)
    assert len(segment(still, SegmentConfig(leaf_rule=rule), uid="v")) == 1


@pytest.mark.parametrize("rule", ["keep", "absorb"])
@pytest.mark.parametrize("step", [STEP, 1.0])
def test_a_freeze_inside_a_video_is_one_leaf(rule, step):
    noise = np.random.default_rng(3).normal(size=(90, 7)).astype(np.float32)
    noise[30:60] = 40.1
    tree = segment(Embeddings(noise, np.arange(91) * step), SegmentConfig(leaf_rule=rule), uid="v")
    assert (30 * step, 60 * step) in leaf_spans(tree)
    assert len(tree) > 5


def test_an_exact_loop_is_cut_where_it_starts_again():
    scene = np.random.default_rng(4).normal(size=(8, 3)).astype(np.float32)
    loop = np.tile(np.concatenate([scene, scene + 30]), (4, 1))
    tree = segment(Embeddings(loop, np.arange(65.0)), SegmentConfig(min_duration=8.0), uid="v")
    assert frames(tree) == [(start, start + 8) for start in range(0, 64, 8)]
    assert segment(Embeddings(loop.copy(), np.arange(65.0)), SegmentConfig(min_duration=8.0), uid="v") == tree


def test_a_tree_may_be_deeper_than_python_recurses():
    tree = segment(embed([0, 1] * 750, step=1.0), uid="v")  # grows from the left, one frame at a time
    assert tree.nodes[-1].level == 1499
    assert len(tree) == 2 * 1500 - 1


def test_absorb_cuts_the_long_leaves_of_a_real_video(shared):
    av = pytest.importorskip("av")
    with av.open(str(shared / "data" / "videos" / "monkeyking_cartoon.mp4")) as container:
        sampled = [frame for number, frame in enumerate(container.decode(video=0)) if number % 4 == 0]
        rows = [frame.to_ndarray(format="rgb24", width=16, height=9).reshape(-1) / 255 for frame in sampled]
        edges = frame_edges(np.array([frame.time for frame in sampled]) - sampled[0].time, end=20.06)
    embeddings = Embeddings(np.array(rows, np.float32), edges)
    longest = {
        rule: max(leaf.duration for leaf in segment(embeddings, SegmentConfig(leaf_rule=rule), uid="v").leaves()) for rule in ("keep", "absorb")
    }
    assert longest["keep"] > 3
    assert longest["absorb"] < longest["keep"] / 1.5


@pytest.mark.parametrize("seconds", [0, -1, math.nan, math.inf])
def test_a_duration_that_is_none_is_refused(seconds):
    with pytest.raises(ConfigError, match=f"min_duration.*{seconds}"):
        SegmentConfig(min_duration=seconds)


def test_an_unknown_leaf_rule_is_refused():
    with pytest.raises(ConfigError, match="keep, absorb, got 'drop'"):
        SegmentConfig(leaf_rule="drop")


def make_video():
    return Video(uid="v", location="nowhere.mp4", sha256="0" * 64)


def test_the_stage_segments_what_the_embed_stage_made():
    stage = Segment(ABSORB)
    stage.setup()
    embeddings = embed(scenes(8, 8, 8))
    made = stage(make_video(), {"embed": SimpleNamespace(embeddings=embeddings)})
    assert made.tree == segment(embeddings, ABSORB, uid="v")
    assert (stage.name, stage.artifact, stage.reads) == ("segment", Segmented, frozenset({"uid"}))


def test_the_artifact_reads_as_it_was_written_and_its_bytes_are_the_same_each_time():
    made = [Segmented(segment(embed(scenes(8, 8, 8, seed=5)), uid="ünï")) for _ in range(2)]
    assert made[0].to_bytes() == made[1].to_bytes()
    assert Segmented.from_bytes(made[0].to_bytes()) == made[0]
    assert Segmented.suffix == "json"


def test_settings_are_json_and_change_with_the_config():
    settings = [Segment(config).settings for config in (SegmentConfig(), SegmentConfig(min_duration=1.0), ABSORB)]
    assert len({json.dumps(value, sort_keys=True) for value in settings}) == 3
    assert settings[0] == Segment().settings == {"algorithm": 1, "config": {"min_duration": 0.5, "leaf_rule": "keep"}}
