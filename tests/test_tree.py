"""Facts of trees and of the embeddings they are cut from."""

from __future__ import annotations

import json
import math
import pickle
import uuid
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from action100m.annotation import Action, Annotation, Summary
from action100m.embeddings import Embeddings, frame_edges
from action100m.errors import TreeError
from action100m.tree import Fault, Node, Tree, find_tree_faults, node_id, tree_from_json, tree_to_json
from support.trees import split_tree

# level 0   |------------- "" -------------|   0 to 8 s
# level 1   |------ "0" -----|---- "1" ----|   cut at 5
# level 2   |--"00"--|-"01"--|                 cut at 2
TREE = split_tree(0.0, 8.0, ("", 5.0), ("0", 2.0))
ROOT, LEFT, RIGHT, LEFT_LEFT, LEFT_RIGHT = TREE.nodes
ANNOTATION = Annotation(Summary("Eggs are whisked.", "A cook whisks eggs in a bowl."), Action("whisk eggs", "Whisk the eggs.", None))


def test_a_node_lasts_from_start_to_end():
    assert [node.duration for node in TREE.nodes] == [8.0, 5.0, 3.0, 2.0, 3.0]


def test_node_ids_never_change():
    assert node_id("J8GwmDcMCxk", "") == "c050aa41-466f-5320-a675-3934f85fa167"
    assert node_id("J8GwmDcMCxk", "0110") == "bac4d0c2-149f-5ee4-bbfc-0cdeb9285b8f"


def test_node_ids_are_version_5_and_differ_between_videos_and_places():
    ids = [node_id(uid, path) for uid in ("a", "b") for path in ("", "0", "1", "00", "01")]
    assert len(set(ids)) == len(ids)
    assert {uuid.UUID(value).version for value in ids} == {5}


def test_root_children_and_leaves():
    assert TREE.root == ROOT
    assert TREE.children(ROOT) == (LEFT, RIGHT)
    assert TREE.children(LEFT) == (LEFT_LEFT, LEFT_RIGHT)
    assert TREE.children(RIGHT) == ()
    assert [TREE.is_leaf(node) for node in TREE.nodes] == [False, False, True, True, True]
    assert TREE.leaves() == (LEFT_LEFT, LEFT_RIGHT, RIGHT)
    assert len(TREE) == 5


def test_nodes_are_found_by_id():
    assert all(TREE[node.id] is node for node in TREE.nodes)
    with pytest.raises(KeyError):
        TREE["no such node"]


def test_walk_goes_depth_first_in_time_order():
    assert list(TREE.walk()) == [ROOT, LEFT, LEFT_LEFT, LEFT_RIGHT, RIGHT]
    assert list(TREE.walk(LEFT)) == [LEFT, LEFT_LEFT, LEFT_RIGHT]
    assert list(TREE.walk(RIGHT)) == [RIGHT]


def test_ancestors_lead_up_to_the_root():
    assert list(TREE.ancestors(LEFT_RIGHT)) == [LEFT, ROOT]
    assert list(TREE.ancestors(ROOT)) == []


def test_walk_and_ancestors_follow_a_tree_deeper_than_python_recurses():
    nodes = [Node("root", None, 0, 0.0, 3000.0)]
    for level in range(1, 3000):
        parent = "root" if level == 1 else f"right {level - 1}"
        nodes += [Node(f"left {level}", parent, level, level - 1.0, float(level)), Node(f"right {level}", parent, level, float(level), 3000.0)]
    tree = Tree(tuple(nodes))
    assert sum(1 for _ in tree.walk()) == 5999
    assert sum(1 for _ in tree.ancestors(tree.nodes[-1])) == 2999
    assert len(tree.leaves()) == 3000


def test_update_changes_every_node_and_leaves_the_tree_as_it_was():
    named = TREE.update(lambda node: replace(node, clip_caption=f"{node.start:g} to {node.end:g}"))
    assert [node.clip_caption for node in named.nodes] == ["0 to 8", "0 to 5", "5 to 8", "0 to 2", "2 to 5"]
    assert named.children(named.root) == (named.nodes[1], named.nodes[2])
    assert all(node.clip_caption is None for node in TREE.nodes)


def test_an_update_that_breaks_the_tree_is_refused():
    with pytest.raises(TreeError, match="interval"):
        TREE.update(lambda node: replace(node, end=node.start))


def test_trees_are_frozen_compare_by_content_and_survive_pickling():
    with pytest.raises(FrozenInstanceError):
        TREE.nodes = ()
    with pytest.raises(FrozenInstanceError):
        ROOT.start = 1.0
    TREE.leaves()  # fills the caches, which must not count
    assert pickle.loads(pickle.dumps(TREE)) == TREE == split_tree(0.0, 8.0, ("", 5.0), ("0", 2.0))
    assert split_tree(0.0, 8.0, ("", 5.0), ("0", 2.5)) != TREE


def test_json_reads_back_equal():
    tree = TREE.update(lambda node: replace(node, frame_caption="Ein Ei", clip_caption="line\nbreak", clip_action='"', annotation=ANNOTATION))
    assert tree_from_json(json.loads(json.dumps(tree_to_json(tree)))) == tree
    assert tree_from_json(json.loads(json.dumps(tree_to_json(TREE)))) == TREE
    thirds = split_tree(0.0, 1.0, ("", 1 / 3))
    assert tree_from_json(json.loads(json.dumps(tree_to_json(thirds)))).nodes[1].end == 1 / 3


def test_json_that_is_no_tree_is_refused():
    with pytest.raises(TreeError, match="binary"):
        tree_from_json(tree_to_json(TREE)[:-1])


def test_a_root_alone_is_a_tree_and_a_whole_one_has_no_fault():
    assert list(find_tree_faults(TREE.nodes)) == []
    assert Tree((ROOT,)).leaves() == (ROOT,)


def changed(node: Node, **values) -> tuple[Node, ...]:
    return tuple(replace(each, **values) if each is node else each for each in TREE.nodes)


# Each entry breaks one rule: the nodes, and every fault that shows, as (rule, node).
BROKEN = {
    "no node": ((), [("one-root", None)]),
    "no root": (changed(ROOT, parent="elsewhere"), [("one-root", None), ("parent-exists", ROOT.id)]),
    "two roots": ((ROOT, Node("other", None, 0, 0.0, 8.0)), [("one-root", None)]),
    "two nodes of one id": ((ROOT, LEFT, RIGHT, LEFT_LEFT, replace(LEFT_RIGHT, id=LEFT_LEFT.id)), [("unique-ids", None)]),
    "a parent that is not there": (changed(RIGHT, parent="gone"), [("parent-exists", RIGHT.id), ("binary", ROOT.id)]),
    "a root below level 0": ((replace(ROOT, level=1),), [("level", ROOT.id)]),
    "a level left out": (
        (ROOT, LEFT, RIGHT, replace(LEFT_LEFT, level=3), replace(LEFT_RIGHT, level=3)),
        [("level", LEFT_LEFT.id), ("level", LEFT_RIGHT.id)],
    ),
    "a node of no length": ((replace(ROOT, end=0.0),), [("interval", ROOT.id)]),
    "a node that ends before it starts": ((replace(ROOT, start=9.0),), [("interval", ROOT.id)]),
    "a node before the video": ((replace(ROOT, start=-0.1),), [("interval", ROOT.id)]),
    "an end that is no number": ((replace(ROOT, end=math.nan),), [("interval", ROOT.id)]),
    "one child": ((ROOT, LEFT), [("binary", ROOT.id)]),
    "three children": (
        (ROOT, *(Node(f"third {i}", ROOT.id, 1, start, end) for i, (start, end) in enumerate([(0.0, 2.0), (2.0, 5.0), (5.0, 8.0)]))),
        [("binary", ROOT.id)],
    ),
    "a gap between children": (changed(RIGHT, start=5.5), [("cover", ROOT.id)]),
    "children that overlap": (changed(RIGHT, start=4.5), [("cover", ROOT.id)]),
    "children that start late": (changed(LEFT_LEFT, start=0.5), [("cover", LEFT.id)]),
    "children that end late": (changed(LEFT_RIGHT, end=5.5), [("cover", LEFT.id)]),
    "the least gap a float can show": (changed(RIGHT, start=math.nextafter(5.0, 6.0)), [("cover", ROOT.id)]),
    "depth first": (tuple(TREE.walk()), [("order", None)]),
    "right before left": ((ROOT, RIGHT, LEFT), [("order", None)]),
    "two nodes each other's parents": (
        (ROOT, Node("a", "b", 1, 0.0, 1.0), Node("b", "a", 2, 0.0, 1.0)),
        [("level", "a"), ("binary", "b"), ("binary", "a")],
    ),
}


@pytest.mark.parametrize(("nodes", "faults"), BROKEN.values(), ids=BROKEN)
def test_each_broken_rule_is_named_with_its_node(nodes, faults):
    found = list(find_tree_faults(nodes))
    assert [(fault.rule, fault.node) for fault in found] == faults
    with pytest.raises(TreeError) as caught:
        Tree(nodes)
    assert str(caught.value) == str(found[0])


def test_every_rule_in_the_docstring_is_broken_once():
    rules = {rule for _, faults in BROKEN.values() for rule, _ in faults}
    assert rules == {"one-root", "unique-ids", "parent-exists", "level", "interval", "binary", "cover", "order"}
    assert all(f"`{rule}`" in find_tree_faults.__doc__ for rule in rules)


def test_a_fault_says_what_was_found():
    fault = next(find_tree_faults(changed(RIGHT, start=5.5)))
    assert str(fault) == f"cover: the children [0.0, 5.0) and [5.5, 8.0) do not tile [0.0, 8.0) (node {ROOT.id})"
    assert str(Fault("order", None, "the nodes are not sorted")) == "order: the nodes are not sorted"


def test_edges_lie_midway_between_sampled_frames():
    assert frame_edges(np.array([0.0, 0.2, 1.0]), 1.1).tolist() == [0.0, 0.1, 0.6, 1.1]
    assert frame_edges(np.array([0.0]), 0.04).tolist() == [0.0, 0.04]


def make_vectors(n=3):
    return np.zeros((n, 2), np.float32)


def test_embeddings_count_their_vectors():
    assert len(Embeddings(make_vectors(), np.arange(4.0))) == 3


@pytest.mark.parametrize(
    ("vectors", "edges", "message"),
    [
        (make_vectors().astype(np.float64), np.arange(4.0), r"float32 \(n, d\), got float64 \(3, 2\)"),
        (np.zeros(3, np.float32), np.arange(4.0), r"float32 \(n, d\), got float32 \(3,\)"),
        (make_vectors(), np.arange(3.0), r"float64 \(4,\), got float64 \(3,\)"),
        (make_vectors(), np.arange(4), r"float64 \(4,\), got int64 \(4,\)"),
        (make_vectors(), np.array([0.0, 1.0, 1.0, 2.0]), "increase strictly"),
        (make_vectors(), np.array([0.0, math.nan, 1.0, 2.0]), "increase strictly"),
        (make_vectors() * np.float32(math.nan), np.arange(4.0), "finite"),
    ],
)
def test_embeddings_that_do_not_fit_are_refused(vectors, edges, message):
    with pytest.raises(ValueError, match=message):
        Embeddings(vectors, edges)
