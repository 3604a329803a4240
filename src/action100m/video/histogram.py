"""How much of a picture has which colour, whatever lies where: a soft histogram in CIE Lab.

Few steps of lightness and many of colour: light comes and goes while things keep their colour. A colour between two bins counts for both by its
distance, so that noise moves little. The colour axes are stretched near grey, where most of the world is.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from action100m.video.colours import code_colours

BINS: Final = (3, 7, 7)
"""Of lightness, green to red, and blue to yellow."""
_REACH: Final = 50.0
"""Lab units from grey to the outermost bin; stronger colours are in it."""
_STRETCH: Final = 0.6
"""Power of the share of `_REACH` that gives the place between grey and the outermost bin; 1 would not stretch."""
_WHITE: Final = np.array([0.9505, 1.0, 1.089])
"""XYZ of the D65 white."""
_SRGB_TO_XYZ: Final = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def colour_histogram(codes: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Return float32 (147,): the share of the picture in each bin, for `colour_codes` of any shape. They sum to 1."""
    bins, weights = _table()
    counts = np.bincount(codes.ravel(), minlength=len(bins))
    seen = np.flatnonzero(counts)
    total = np.bincount(bins[seen].ravel(), (weights[seen] * counts[seen, None]).ravel(), minlength=math.prod(BINS))
    return (total / codes.size).astype(np.float32)


@cache
def _table() -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the 8 bins about each colour code, (2**15, 8), and how much it counts for each: trilinear, summing to 1."""
    lightness, *chroma = to_lab(code_colours()).T
    strength = [np.minimum(np.abs(axis) / _REACH, 1.0) ** _STRETCH * np.sign(axis) for axis in chroma]
    place = np.stack([lightness / 100, *((axis + 1) / 2 for axis in strength)]) * (np.array(BINS) - 1)[:, None]
    lower = np.minimum(place.astype(np.intp), np.array(BINS)[:, None] - 2)
    share = place - lower
    corners = [(i, j, k) for i in (0, 1) for j in (0, 1) for k in (0, 1)]
    bins = [np.ravel_multi_index(tuple(lower + np.array(corner)[:, None]), BINS) for corner in corners]
    weights = [np.prod([share[axis] if up else 1 - share[axis] for axis, up in enumerate(corner)], axis=0) for corner in corners]
    return np.stack(bins, axis=1), np.stack(weights, axis=1)


def to_lab(srgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn sRGB (n, 3), 0 to 1, into CIE L*a*b*: L 0 to 100, a and b about -100 to 100."""
    linear = np.where(srgb > 0.04045, ((srgb + 0.055) / 1.055) ** 2.4, srgb / 12.92)
    x, y, z = (linear @ _SRGB_TO_XYZ.T / _WHITE).T
    fx, fy, fz = (np.where(part > 0.008856, np.cbrt(part), 7.787 * part + 16 / 116) for part in (x, y, z))
    return np.stack([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)], axis=1)
