"""The small picture of a tree that stands beside a video in a list: which stretches there are on each level, and which are annotated."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from action100m.tree import Tree

_LEVELS: Final = 12
_WIDTH: Final = 1000
_NARROWEST: Final = 4
"""Of `_WIDTH`. What is narrower would not be seen."""
_ROW: Final = 10


def find_shapes(levels: NDArray[Any], starts: NDArray[Any], ends: NDArray[Any], annotated: NDArray[np.bool_]) -> NDArray[np.uint16]:
    """Return what is seen of the nodes of a video, in their order: (n, 4) of level, annotated (0 or 1), left and width, both out of 1,000.

    Nodes need not be a tree: what lies outside or has no length is not seen.
    """
    begin, end = (starts.min(), ends.max()) if len(levels) else (0.0, 0.0)
    if not (0 < end - begin < np.inf):
        return np.empty((0, 4), np.uint16)
    left, width = ((starts - begin) * (_WIDTH / (end - begin)), (ends - starts) * (_WIDTH / (end - begin)))
    shown = (levels >= 0) & (levels < _LEVELS) & (width >= _NARROWEST) & (left >= 0)
    columns = [levels[shown], annotated[shown], left[shown].round(), width[shown].round() - 3]  # a gap between neighbours
    return np.stack(columns, axis=1).astype(np.uint16)


def tree_shapes(tree: Tree) -> NDArray[np.uint16]:
    """Return what is seen of a tree."""
    nodes = tree.nodes
    levels, starts, ends = (np.array([getattr(node, name) for node in nodes]) for name in ("level", "start", "end"))
    return find_shapes(levels, starts, ends, np.array([node.annotation is not None for node in nodes]))


def draw_shapes(shapes: NDArray[np.uint16]) -> str:
    """Return the picture as SVG: one path for all nodes of a level that look alike."""
    levels = int(shapes[:, 0].max()) + 1 if len(shapes) else 1
    paths: dict[str, list[str]] = defaultdict(list)
    for level, annotated, left, width in shapes.tolist():
        style = f"depth-{level} annotated" if annotated else f"depth-{level}"
        paths[style].append(f"M{left} {level * _ROW}h{width}v{_ROW - 1}h-{width}z")
    drawn = "".join(f'<path class="{style}" d="{"".join(parts)}"/>' for style, parts in paths.items())
    return f'<svg viewBox="0 0 {_WIDTH} {levels * _ROW}" preserveAspectRatio="none" aria-hidden="true">{drawn}</svg>'
