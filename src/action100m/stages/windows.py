"""Vectors for frames out of a model that looks at windows: a frame's vector is the mean over all windows that see it.

    frames   0 1 2 3 4 5 6 7 8          window 4, stride 3
    windows  0 1 2 3
                   3 4 5 6
                       5 6 7 8          the last one is aligned to the end, so that every frame is covered

All of it streams: a frame is held while a window to come needs it, a sum while one to come may add to it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from math import ceil
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")

Upsample = Literal["interpolate", "repeat"]
"""How one vector a tubelet becomes one a frame; see `spread_over_frames`."""


def sliding_windows(frames: Iterable[T], *, window: int, stride: int) -> Iterator[tuple[int, list[T]]]:
    """Yield (number of the first frame, frames) for each window in time order, holding the last `window` frames only.

    Fewer frames than a window make one window of all there are.
    """
    recent: deque[T] = deque(maxlen=window)
    count, covered = 0, 0
    for count, frame in enumerate(frames, start=1):
        recent.append(frame)
        if count >= window and (count - window) % stride == 0:
            covered = count
            yield count - window, list(recent)
    if covered < count:
        yield count - len(recent), list(recent)


def count_windows(frames: int, *, window: int, stride: int) -> int:
    """Return how many windows `sliding_windows` makes of so many frames."""
    if frames <= window:
        return min(frames, 1)
    return 1 + ceil((frames - window) / stride)


def fill_tubelets(window: list[T], *, tubelet: int) -> list[T]:
    """Return the window with its last frame repeated until it fills whole tubelets."""
    return window + window[-1:] * (-len(window) % tubelet)


def spread_over_frames(vectors: NDArray[np.float32], *, tubelet: int, rule: Upsample) -> NDArray[np.float32]:
    """Turn one vector a tubelet (m, d) into one a frame (m * tubelet, d).

    rule: "repeat" gives each frame the vector of its tubelet. "interpolate" is linear between the middles of tubelets; the frames before the
    first middle and after the last one get the first and the last vector.
    """
    frames = np.arange(len(vectors) * tubelet)
    if rule == "repeat":
        return vectors[frames // tubelet]
    position = np.clip((frames + 0.5) / tubelet - 0.5, 0, len(vectors) - 1)  # in tubelets, from the middle of the first
    left = position.astype(np.intp)
    right = np.minimum(left + 1, len(vectors) - 1)
    share = (position - left).astype(np.float32)[:, None]
    return vectors[left] * (1 - share) + vectors[right] * share


def mean_over_windows(windows: Iterable[tuple[int, NDArray[np.float32]]]) -> NDArray[np.float32]:
    """Return float32 (n, d): for each frame the mean of its vectors in all windows that see it.

    windows: one or more (number of the first frame, float32 (t, d)) of one length, in time order, as `sliding_windows` gives them. They are
    added up in float64 and in that order, so the result does not depend on how they were batched.
    """
    rest = iter(windows)
    first, vectors = next(rest)
    done: list[NDArray[np.float32]] = []
    total, seen = vectors.astype(np.float64), np.ones((len(vectors), 1))
    for start, vectors in rest:
        step, first = start - first, start
        done.append((total[:step] / seen[:step]).astype(np.float32))  # no window to come sees these
        total = np.pad(total[step:], ((0, step), (0, 0))) + vectors
        seen = np.pad(seen[step:], ((0, step), (0, 0))) + 1
    return np.concatenate([*done, (total / seen).astype(np.float32)])


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of `size` items, the last one of what is left (`itertools.batched` came with Python 3.12)."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
        del batch  # not held while the next one is gathered
