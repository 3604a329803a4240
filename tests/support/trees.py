"""Small trees with known spans."""

from __future__ import annotations

from action100m.tree import Node, Tree, node_id


def split_tree(start: float, end: float, *cuts: tuple[str, float], uid: str = "clip") -> Tree:
    """Return the tree over [start, end) in which each (path, seconds) cuts the node at that path: split_tree(0, 8, ("", 4), ("0", 2))."""
    nodes = [Node(node_id(uid, ""), None, 0, start, end)]
    spans = {"": (start, end)}
    for path, second in cuts:
        left, right = spans[path]
        for side, span in (("0", (left, second)), ("1", (second, right))):
            spans[path + side] = span
            nodes.append(Node(node_id(uid, path + side), node_id(uid, path), len(path) + 1, *span))
    return Tree(tuple(sorted(nodes, key=lambda node: (node.level, node.start))))
