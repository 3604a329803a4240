"""What agreement is worth by chance: the same tree over the same video, with its leaves in another order.

leaves  |--3--|-1-|---4---|          |-1-|---4---|--3--|
node    |---------|          ->      |-----------|          the first two leaves, whatever they are

The number of nodes, their levels and the lengths of all leaves stay; where they lie does not. Texts are drawn anew from those of the same video.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from action100m.dataset.compare.nodes import VideoNodes


def make_rng(uid: str, seed: int) -> np.random.Generator:
    """Return a generator that depends on the video and the seed, not on which videos came before."""
    return np.random.default_rng([seed, int.from_bytes(sha256(uid.encode("utf-8", "surrogatepass")).digest()[:8])])


def shuffle_leaves(video: VideoNodes, rng: np.random.Generator) -> VideoNodes:
    """Return the video with its leaves in another order."""
    times = np.unique(np.concatenate([video.start, video.end]))
    moved = times[0] + np.concatenate([[0.0], np.cumsum(rng.permutation(np.diff(times)))])
    return replace(video, start=moved[np.searchsorted(times, video.start)], end=moved[np.searchsorted(times, video.end)])


def draw_others(count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return for each of some things the number of another one, each of them once: a random order, shifted by one. A lone one gets itself."""
    order = rng.permutation(count)
    others = np.empty(count, np.intp)
    others[order] = np.roll(order, 1)
    return others
