"""Trees cut at random whole seconds, and the nodes of one as `compare` reads them."""

from __future__ import annotations

import numpy as np

from action100m.dataset.compare.nodes import VideoNodes


def random_tree(seed: int, *, seconds: int, cuts: int, uid: str = "clip") -> VideoNodes:
    """A tree over [0, seconds): one of its leaves that can be cut is, again and again, at a whole second."""
    rng = np.random.default_rng(seed)
    nodes, leaves = [(0, 0, seconds)], [(0, 0, seconds)]  # (level, start, end)
    for _ in range(cuts):
        choices = [leaf for leaf in leaves if leaf[2] - leaf[1] > 1]
        level, start, end = choices[rng.integers(len(choices))]
        cut = int(rng.integers(start + 1, end))
        leaves.remove((level, start, end))
        children = [(level + 1, start, cut), (level + 1, cut, end)]
        leaves += children
        nodes += children
    level, start, end = (np.array(column) for column in zip(*sorted(nodes), strict=True))
    return VideoNodes(uid, start.astype(np.float64), end.astype(np.float64), level.astype(np.int64), {})
