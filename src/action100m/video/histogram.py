"""How much of a picture has which colour, whatever lies where: by name, and as a soft histogram in CIE Lab.

The histogram has few steps of lightness and many of colour: light comes and goes while things keep their colour. A colour between two bins counts
for both by its distance, so that noise moves little. The colour axes are stretched near grey, where most of the world is.
Compiled: imported only where pictures are measured.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from action100m.compiled import compiled
from action100m.video.colours import COLOUR_NAMES, name_colours

BINS: Final = (3, 7, 7)
"""Of lightness, green to red, and blue to yellow."""
_REACH: Final = 50.0
"""Lab units from grey to the outermost bin; stronger colours are in it."""
_STRETCH: Final = 0.6
"""Power of the share of `_REACH` that gives the place between grey and the outermost bin; 1 would not stretch."""
_CODE_BITS: Final = 5
"""Of each of red, green and blue, in a colour code: finer steps change no name that a person would notice."""
_DROPPED: Final = 8 - _CODE_BITS
_WHITE: Final = np.array([0.9505, 1.0, 1.089])
"""XYZ of the D65 white."""
_SRGB_TO_XYZ: Final = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def name_shares(frame: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return float32 (len(COLOUR_NAMES),): the share of a picture uint8 (h, w, 3) that has each name."""
    counts = _count_numbers(frame, _names(), len(COLOUR_NAMES))
    shares: NDArray[np.float32] = (counts / counts.sum()).astype(np.float32)
    return shares


def colour_histogram(frame: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return float32 (147,): the share of a picture uint8 (h, w, 3) in each bin; every other pixel of every other row counts. They sum to 1."""
    bins, weights = _bins()
    totals = _sum_weights(frame, bins, weights, math.prod(BINS))
    shares: NDArray[np.float32] = (totals / totals.sum()).astype(np.float32)
    return shares


@compiled
def _code(frame: NDArray[np.uint8], y: int, x: int) -> int:
    """Return the colour code of a pixel, to look its name or its bins up."""
    red, green, blue = frame[y, x, 0] >> _DROPPED, frame[y, x, 1] >> _DROPPED, frame[y, x, 2] >> _DROPPED
    return int(red) << (2 * _CODE_BITS) | int(green) << _CODE_BITS | int(blue)


@compiled
def _count_numbers(frame: NDArray[np.uint8], numbers: NDArray[np.uint8], count: int) -> NDArray[np.int64]:
    """Count the pixels whose colour code has each number from 0 to count - 1."""
    counts = np.zeros(count, np.int64)
    for y in range(frame.shape[0]):
        for x in range(frame.shape[1]):
            counts[numbers[_code(frame, y, x)]] += 1
    return counts


@compiled
def _sum_weights(frame: NDArray[np.uint8], bins: NDArray[np.uint8], weights: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Sum the weights that the pixels have for each bin; they are multiples of 2**-30, so the sums are exact in any order."""
    totals = np.zeros(count)
    for y in range(0, frame.shape[0], 2):
        for x in range(0, frame.shape[1], 2):
            code = _code(frame, y, x)
            for corner in range(bins.shape[1]):
                totals[bins[code, corner]] += weights[code, corner]
    return totals


@cache
def _names() -> NDArray[np.uint8]:
    return name_colours(_code_colours())


@cache
def _bins() -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return the 8 bins about each colour code, (2**15, 8), and how much it counts for each: trilinear, summing to 1 but for rounding."""
    lightness, *chroma = to_lab(_code_colours()).T
    strength = [np.minimum(np.abs(axis) / _REACH, 1.0) ** _STRETCH * np.sign(axis) for axis in chroma]
    place = np.stack([lightness / 100, *((axis + 1) / 2 for axis in strength)]) * (np.array(BINS) - 1)[:, None]
    lower = np.minimum(place.astype(np.intp), np.array(BINS)[:, None] - 2)
    share = place - lower
    corners = [(i, j, k) for i in (0, 1) for j in (0, 1) for k in (0, 1)]
    bins = [np.ravel_multi_index(tuple(lower + np.array(corner)[:, None]), BINS) for corner in corners]
    weights = [np.prod([share[axis] if up else 1 - share[axis] for axis, up in enumerate(corner)], axis=0) for corner in corners]
    return np.stack(bins, axis=1).astype(np.uint8), np.round(np.stack(weights, axis=1) * 2**30) / 2**30


def _code_colours() -> NDArray[np.float64]:
    """Return float64 (2**15, 3): red, green and blue, 0 to 1, in the middle of what each colour code stands for."""
    steps = (np.arange(2**_CODE_BITS) + 0.5) / 2**_CODE_BITS
    return np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)


def to_lab(srgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn sRGB (n, 3), 0 to 1, into CIE L*a*b*: L 0 to 100, a and b about -100 to 100."""
    linear = np.where(srgb > 0.04045, ((srgb + 0.055) / 1.055) ** 2.4, srgb / 12.92)
    x, y, z = (linear @ _SRGB_TO_XYZ.T / _WHITE).T
    fx, fy, fz = (np.where(part > 0.008856, np.cbrt(part), 7.787 * part + 16 / 116) for part in (x, y, z))
    return np.stack([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)], axis=1)
