"""Which frames each caption of a tree rests on.

A plan names only frames that are presented inside the node, so that no caption can tell of a neighbour.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from action100m.models.base import CaptionField
from action100m.tree import Node, Tree


@dataclass(frozen=True, slots=True)
class PlannedCaption:
    """One caption to be written, and the exact presentation times of the frames it rests on."""

    node: Node
    field: CaptionField
    seconds: tuple[float, ...]


def plan_captions(tree: Tree, presented: NDArray[np.float64], *, frames: int | None) -> Iterator[PlannedCaption]:
    """Yield what to caption, depth first (paper section 3.2; the released data captions and names the action of all nodes, leaves included).

    presented: float64 (m,), the times of the frames to choose from, increasing. frames: how many to spread over a node; None takes all there are.
    """
    for node in tree.walk():
        inside = presented[np.searchsorted(presented, node.start) : np.searchsorted(presented, node.end)]
        if tree.is_leaf(node):
            yield PlannedCaption(node, "frame_caption", spread(inside, node.start, node.end, 1))
        clip = tuple(inside.tolist()) if frames is None else spread(inside, node.start, node.end, frames)
        yield PlannedCaption(node, "clip_caption", clip)
        yield PlannedCaption(node, "clip_action", clip)


def count_captions(tree: Tree) -> int:
    """Return how many `plan_captions` yields."""
    return 2 * len(tree) + len(tree.leaves())


def spread(inside: NDArray[np.float64], start: float, end: float, count: int) -> tuple[float, ...]:
    """Return at most `count` of the times `inside`: for each of `count` equal parts of [start, end) the one nearest to its centre, each once."""
    centres = start + (np.arange(count) + 0.5) * (end - start) / count
    right = np.clip(np.searchsorted(inside, centres), 1, max(len(inside) - 1, 1))
    left = right - 1
    right = np.minimum(right, len(inside) - 1)
    nearest = np.where(centres - inside[left] <= inside[right] - centres, left, right)
    return tuple(inside[np.unique(nearest)].tolist())
