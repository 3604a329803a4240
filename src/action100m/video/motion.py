"""How the camera, and what it sees, move between two pictures: by block matching.

    luma 72 x 48 -> 8 x 5 blocks -> where each came from -> the one pan and zoom that most of them follow -> what that leaves unexplained

The camera's movement is taken for a shift and a growth about the middle, as a distant scene moves under a turn and a zoom. A roll is not modelled.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from math import nan
from typing import Final

import numpy as np
from numpy.typing import NDArray

from action100m.video.motion_kernel import BLOCK, HEIGHT, MARGIN, WIDTH, find_followers, fit, match_blocks, share_unexplained

_LEAST_TEXTURE: Final = 4.0
"""Luma a pixel, of 255. Blocks with a smaller gradient, along the direction that has less of it, cannot be found again both ways."""
_LEAST_BLOCKS: Final = 8
_LEAST_NINTHS: Final = 5
"""The blocks that follow the common movement lie in at least so many ninths of the picture: else it may be one big thing that moves."""

_LEAST_CONTRAST: Final = 6.0
"""Standard deviation of luma, of 255. In a flatter picture nothing would tell of a movement."""
_STILL_SHARE: Final = 0.002
_SMALLEST_SHIFT: Final = 0.1
"""Pixels. A smaller shift between two pictures is rounding, and taken for none."""
_SMALLEST_GROWTH: Final = 0.003
"""A tenth of a pixel at the rim, likewise."""
_LARGEST_GAIN: Final = 2.5
"""Of one step of a fade; more is a cut from or to black."""
_CHANGED_BY_A_CUT: Final = 0.2
"""A cut changes at least this share of the picture. Less, and the blocks that are not found again were too dark or too flat to find."""


@dataclass(frozen=True, slots=True)
class Movement:
    """What happened from one picture to the next."""

    shift: tuple[float, float]
    """How far the camera turned: to the right in picture widths, downwards in picture heights. NaN where that cannot be told."""
    growth: float
    """By which share the picture grew about its middle. NaN where that cannot be told."""
    changed: NDArray[np.float32]
    """(3, 3) share of each ninth, rows from the top, that neither the camera's movement nor a fade explains."""
    lost: float
    """Share of the picture that is not found again, neither near nor brighter or darker, 0 to 1."""


def measure_movement(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> Movement:
    """Compare two luma pictures, uint8 (HEIGHT, WIDTH)."""
    shifts, texture, misfit = match_blocks(before, after)
    camera = _camera_movement(shifts, texture)
    if camera is None and _stands_still(before, after):
        camera = (0.0, 0.0, 0.0)
    changed = min((share_unexplained(before, after, *(camera or (0.0, 0.0, 0.0)), gain) for gain in _gains(before, after)), key=np.sum)
    y, x, growth = camera or (nan, nan, nan)
    lost = float(misfit.mean()) * min(1.0, float(changed.mean()) / _CHANGED_BY_A_CUT)
    return Movement(shift=(-x / WIDTH, -y / HEIGHT), growth=growth, changed=changed, lost=lost)


def _gains(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> tuple[float, ...]:
    """Return the brightenings that may explain a change: none, and a step of a fade."""
    gain = (float(after.mean()) + 1) / (float(before.mean()) + 1)
    return (1.0, gain) if 1 / _LARGEST_GAIN < gain < _LARGEST_GAIN else (1.0,)


def _camera_movement(shifts: NDArray[np.float64], texture: NDArray[np.float64]) -> tuple[float, float, float] | None:
    """Return how the picture moves as a whole, as (y, x) pixels and growth, or None where that cannot be told."""
    row, column = np.nonzero(texture >= _LEAST_TEXTURE)
    points = np.stack([(row + 0.5) * BLOCK + MARGIN - HEIGHT / 2, (column + 0.5) * BLOCK + MARGIN - WIDTH / 2], axis=1)
    shifts = shifts[row, column]
    follows = find_followers(points, shifts)
    rows, columns = texture.shape
    ninths = np.unique((row * 3 // rows * 3 + column * 3 // columns)[follows])
    if follows.sum() < max(_LEAST_BLOCKS, len(points) / 2) or len(ninths) < _LEAST_NINTHS:
        return None
    follows &= _came_from_inside(points, _fit(points[follows], shifts[follows]))
    return _fit(points[follows], shifts[follows]) if follows.sum() >= _LEAST_BLOCKS else None


def _stands_still(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> bool:
    """Tell whether next to nothing changes in a picture that has something to show: a page with a line of text has too few blocks to follow."""
    return float(after.std()) >= _LEAST_CONTRAST and float(share_unexplained(before, after, 0.0, 0.0, 0.0, 1.0).mean()) < _STILL_SHARE


def _came_from_inside(points: NDArray[np.float64], movement: tuple[float, float, float]) -> NDArray[np.bool_]:
    """Return which blocks were well inside the picture before. The others match too near to where they are, which would look like a growth."""
    y, x, growth = movement
    source = points - (y, x) - growth * points
    inside: NDArray[np.bool_] = np.all(np.abs(source) <= np.array([HEIGHT - BLOCK, WIDTH - BLOCK]) / 2 - 1, axis=1)
    return inside


def _fit(points: NDArray[np.float64], shifts: NDArray[np.float64]) -> tuple[float, float, float]:
    y, x, growth = fit(points, shifts)
    if math.hypot(y, x) < _SMALLEST_SHIFT and abs(growth) < _SMALLEST_GROWTH:
        return 0.0, 0.0, 0.0
    return y, x, growth
