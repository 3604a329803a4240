"""A video cut into segments that are cut again: a full binary tree over time.

level 0   |------------------ root -------------------|
level 1   |------- left -------|-------- right --------|
level 2   |--- leaf ---|- leaf-|
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

from action100m.annotation import Annotation
from action100m.errors import TreeError

_NODE_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://arxiv.org/abs/2601.10592")


def node_id(uid: str, path: str) -> str:
    """Return the UUIDv5 of a node, from its video's uid and its path: "" is the root, then 0 for left and 1 for right."""
    return str(uuid.uuid5(_NODE_NAMESPACE, f"{uid}/{path}"))


@dataclass(frozen=True, slots=True)
class Node:
    """One segment, the interval [start, end) in seconds, and what is said about it."""

    id: str
    parent: str | None
    level: int
    start: float
    end: float
    frame_caption: str | None = None
    """Caption of the frame in the middle; leaves only."""
    clip_caption: str | None = None
    """Caption of frames spread over the segment."""
    clip_action: str | None = None
    """Short action phrase for the same frames."""
    annotation: Annotation | None = None

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.end - self.start


@dataclass(frozen=True)
class Tree:
    """The nodes of one video, breadth first: sorted by (level, start).

    Raises:
        TreeError: one of the invariants of `find_tree_faults` does not hold.
    """

    nodes: tuple[Node, ...]

    def __post_init__(self) -> None:
        fault = next(find_tree_faults(self.nodes), None)
        if fault is not None:
            raise TreeError(str(fault))

    def __len__(self) -> int:
        return len(self.nodes)

    @property
    def root(self) -> Node:
        """The node that spans the whole video."""
        return self.nodes[0]

    @cached_property
    def _by_id(self) -> Mapping[str, Node]:
        return {node.id: node for node in self.nodes}

    @cached_property
    def _children(self) -> Mapping[str, tuple[Node, ...]]:
        return _children_by_parent(self.nodes)

    def __getitem__(self, id: str) -> Node:
        return self._by_id[id]

    def children(self, node: Node) -> tuple[Node, ...]:
        """Return the left and the right half of a node, or nothing for a leaf."""
        return self._children.get(node.id, ())

    def is_leaf(self, node: Node) -> bool:
        """Tell whether a node is not cut again."""
        return node.id not in self._children

    def leaves(self) -> tuple[Node, ...]:
        """Return the nodes that are not cut again, in time order: they tile the video."""
        return tuple(node for node in self.walk() if self.is_leaf(node))

    def walk(self, node: Node | None = None) -> Iterator[Node]:
        """Yield a node (the root when none is given) and all below it, depth first and in time order."""
        stack = [node or self.root]
        while stack:
            current = stack.pop()
            yield current
            stack.extend(reversed(self.children(current)))

    def ancestors(self, node: Node) -> Iterator[Node]:
        """Yield the parent of a node, its parent, and so on up to the root."""
        while node.parent is not None:
            node = self[node.parent]
            yield node

    def update(self, change: Callable[[Node], Node]) -> Tree:
        """Return a tree in which every node is what `change` makes of it."""
        return replace(self, nodes=tuple(change(node) for node in self.nodes))


@dataclass(frozen=True, slots=True)
class Fault:
    """One broken rule, of a tree or of a row of a data set: its name, the node it was found at (None for the whole) and what was found."""

    rule: str
    node: str | None
    message: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.message}" + (f" (node {self.node})" if self.node else "")


def find_tree_faults(nodes: Iterable[Node]) -> Iterator[Fault]:
    """Yield every invariant that does not hold.

    The rules: `one-root`, `unique-ids`, `parent-exists`, `level` (the parent's + 1), `interval` (0 <= start < end), `binary` (no child or two),
    `cover` (children touch and cover their parent exactly), `order` (sorted by level, then start).
    """
    nodes = tuple(nodes)
    by_id = {node.id: node for node in nodes}
    roots = [node for node in nodes if node.parent is None]
    if len(roots) != 1:
        yield Fault("one-root", None, f"expected one node without a parent, found {len(roots)} among {len(nodes)}")
    if len(by_id) != len(nodes):
        yield Fault("unique-ids", None, f"{len(nodes)} nodes share {len(by_id)} ids")
    for node in nodes:
        yield from _node_faults(node, by_id)
    for parent, children in _children_by_parent(nodes).items():
        if parent in by_id:
            yield from _cover_faults(by_id[parent], children)
    if any((a.level, a.start) > (b.level, b.start) for a, b in pairwise(nodes)):
        yield Fault("order", None, "the nodes are not sorted by (level, start)")


def _children_by_parent(nodes: Iterable[Node]) -> dict[str, tuple[Node, ...]]:
    children: dict[str, tuple[Node, ...]] = {}
    for node in nodes:
        if node.parent is not None:
            children[node.parent] = (*children.get(node.parent, ()), node)
    return children


def _node_faults(node: Node, by_id: Mapping[str, Node]) -> Iterator[Fault]:
    if not 0 <= node.start < node.end:
        yield Fault("interval", node.id, f"expected 0 <= start < end, got [{node.start}, {node.end})")
    if node.parent is None:
        if node.level != 0:
            yield Fault("level", node.id, f"a node without a parent has level 0, got {node.level}")
    elif node.parent not in by_id:
        yield Fault("parent-exists", node.id, f"its parent {node.parent} is not in the tree")
    elif node.level != by_id[node.parent].level + 1:
        yield Fault("level", node.id, f"expected {by_id[node.parent].level + 1}, got {node.level}")


def _cover_faults(parent: Node, children: tuple[Node, ...]) -> Iterator[Fault]:
    if len(children) != 2:
        yield Fault("binary", parent.id, f"expected 0 or 2 children, found {len(children)}")
        return
    left, right = sorted(children, key=lambda child: child.start)
    found, expected = (left.start, left.end, right.end), (parent.start, right.start, parent.end)
    if found != expected:
        spans = f"[{left.start}, {left.end}) and [{right.start}, {right.end})"
        yield Fault("cover", parent.id, f"the children {spans} do not tile [{parent.start}, {parent.end})")


def tree_to_json(tree: Tree) -> list[dict[str, Any]]:
    """Return the nodes as JSON values, in order. Read back by `tree_from_json`."""
    return [asdict(node) for node in tree.nodes]


def tree_from_json(nodes: Iterable[Mapping[str, Any]]) -> Tree:
    """Read what `tree_to_json` wrote.

    Raises:
        TreeError: an invariant of the tree does not hold.
    """
    return Tree(tuple(_node_from_json(node) for node in nodes))


def _node_from_json(node: Mapping[str, Any]) -> Node:
    annotation = node["annotation"]
    return Node(**{**node, "annotation": None if annotation is None else Annotation.from_dict(annotation)})
