"""An encoder without weights: statistics of colour, edges, layout and movement of each frame, side by side in one vector.

    colour    147  soft Lab histogram of the whole picture                  (`video/histogram.py`)
    edges      19  histogram of the direction and strength of edges
    layout     27  mean red, green and blue of each ninth of the picture
    movement    9  share of each ninth that changes between neighbouring frames

Histograms forget where things are, so that a turn of the camera or a step of a person changes little, and another scene, thing or pose much. A power
below 1 on their shares lets small things count: the Hellinger distance, somewhat sharpened. It was chosen, with the weights, on 29 annotated clips;
`benchmarks/timed_events.py` tells how well the cuts of these vectors meet what people marked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from action100m.compiled import compiled
from action100m.video.histogram import colour_histogram
from action100m.video.luma import half_luma
from action100m.video.picture import FrameSize
from action100m.video.signal_meter import SignalMeter

_SHARE_POWER: Final = 0.4
_EDGE_WEIGHT: Final = 0.8
_LAYOUT_WEIGHT: Final = 0.05
"""Tells apart pictures with the same colours and edges, and hardly more."""
_MOVEMENT_WEIGHT: Final = 0.15
_EDGE_DIRECTIONS: Final = 6
_EDGE_STRENGTHS: Final = (3.0, 8.0, 20.0)
"""Luma a pixel, of 255: below the first there is no edge."""
_CHANGED: Final = 12
"""Luma, of 255, by which a pixel must differ to have changed: noise and compression stay below."""
_SMOOTHING: Final = 2.0
"""Standard deviation, in sampled frames, of the mean over time of movement: single differences are fitful."""


@dataclass(frozen=True, slots=True)
class PreparedFrame:
    """What is kept of a frame.

    still: float32 (193,), all parts but movement. luma: uint8 (48, 72), to be compared with neighbours.
    """

    still: NDArray[np.float32]
    luma: NDArray[np.uint8]


class Descriptor:
    """Encoder of the protocol in `models.base`, one vector of 202 numbers a frame."""

    name = "descriptor-v2"
    frame_size: FrameSize = SignalMeter.frame_size  # one conversion serves both
    tubelet = 1

    def prepare(self, frames: NDArray[np.uint8]) -> Sequence[PreparedFrame]:
        """Turn uint8 (n, 96, 144, 3) into n prepared frames."""
        return [_prepare(frame) for frame in frames]

    def encode(self, windows: Sequence[Sequence[PreparedFrame]]) -> NDArray[np.float32]:
        """Turn b windows of t prepared frames into float32 (b, t, 202).

        Movement is that to the frames before and after in the window; all else of a vector is the same in every window.
        """
        return np.stack([_encode(window) for window in windows])


def _prepare(frame: NDArray[np.uint8]) -> PreparedFrame:
    luma = half_luma(frame)
    shares = [colour_histogram(frame), _EDGE_WEIGHT ** (1 / _SHARE_POWER) * edge_histogram(luma)]
    layout = _LAYOUT_WEIGHT / 255 * _mean_ninths(frame).ravel()
    # in float64, whose last digit differs between machines, but hardly ever the float32 that is kept
    return PreparedFrame(np.concatenate([*(share.astype(np.float64) ** _SHARE_POWER for share in shares), layout]).astype(np.float32), luma)


def _encode(window: Sequence[PreparedFrame]) -> NDArray[np.float32]:
    still = np.stack([frame.still for frame in window])
    movement = _MOVEMENT_WEIGHT * np.sqrt(_smooth(changed_shares(np.stack([frame.luma for frame in window]))))
    return np.concatenate([still, movement.astype(np.float32)], axis=1)


def edge_histogram(luma: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return float64 (19,): the share of a picture uint8 (h, w) without edges, then that of each direction in each strength."""
    counts = _count_edges(luma, _edge_numbers(), 1 + _EDGE_DIRECTIONS * len(_EDGE_STRENGTHS))
    shares: NDArray[np.float64] = counts / counts.sum()
    return shares


@cache
def _edge_numbers() -> NDArray[np.uint8]:
    """Return the bin of each (difference across, difference down) from -255 to 255 between the neighbours on either side of a pixel."""
    across, down = np.meshgrid(np.arange(-255, 256), np.arange(-255, 256), indexing="ij")
    strength = np.digitize(np.hypot(across, down) / 2, _EDGE_STRENGTHS)
    turn = np.arctan2(down, across) / np.pi % 1.0  # an edge from dark to bright is one from bright to dark
    direction = np.minimum((turn * _EDGE_DIRECTIONS).astype(np.intp), _EDGE_DIRECTIONS - 1)
    return np.where(strength == 0, 0, 1 + (strength - 1) * _EDGE_DIRECTIONS + direction).astype(np.uint8)


@compiled
def _count_edges(luma: NDArray[np.uint8], numbers: NDArray[np.uint8], count: int) -> NDArray[np.int64]:
    """Count the pixels in each bin; those at the rim have no neighbours."""
    counts = np.zeros(count, np.int64)
    for y in range(1, luma.shape[0] - 1):
        for x in range(1, luma.shape[1] - 1):
            across = np.intp(luma[y, x + 1]) - np.intp(luma[y, x - 1])
            down = np.intp(luma[y + 1, x]) - np.intp(luma[y - 1, x])
            counts[numbers[across + 255, down + 255]] += 1
    return counts


@compiled
def _mean_ninths(frame: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return (3, 3, 3): mean red, green and blue of each ninth of a picture (h, w, 3) whose sides are multiples of 3."""
    height, width = frame.shape[0] // 3, frame.shape[1] // 3
    sums = np.zeros((3, 3, 3))
    for y in range(3 * height):
        for x in range(3 * width):
            for colour in range(3):
                sums[y // height, x // width, colour] += frame[y, x, colour]
    means: NDArray[np.float64] = sums / (height * width)
    return means


def changed_shares(lumas: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return float64 (t, 9): the share of each ninth of pictures (t, h, w) that differs from the one before, mean with that from the one after.

    The first and the last picture have one neighbour only; a single one has none, and its shares are 0.
    """
    if len(lumas) < 2:
        return np.zeros((len(lumas), 9))
    changes = _changed_ninths(lumas)
    either: NDArray[np.float64] = (np.concatenate([changes[:1], changes]) + np.concatenate([changes, changes[-1:]])) / 2
    return either


@compiled
def _changed_ninths(lumas: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return (t - 1, 9): the share of each ninth of pictures (t, h, w), sides multiples of 3, that differs from the one before."""
    height, width = lumas.shape[1] // 3, lumas.shape[2] // 3
    changed = np.zeros((len(lumas) - 1, 9))
    for number in range(len(changed)):
        for y in range(3 * height):
            for x in range(3 * width):
                difference = abs(np.intp(lumas[number + 1, y, x]) - np.intp(lumas[number, y, x]))
                changed[number, y // height * 3 + x // width] += difference > _CHANGED
    shares: NDArray[np.float64] = changed / (height * width)
    return shares


def _smooth(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return means over time of values (t, n), weighted by a Gaussian of `_SMOOTHING`. At either end they are over what there is."""
    return _gaussian_weights(len(values)) @ values


@lru_cache(2)  # the window's length, and that of a short video
def _gaussian_weights(count: int) -> NDArray[np.float64]:
    """Return (count, count): how much each moment counts for each, rows summing to 1."""
    apart = np.arange(count)[:, None] - np.arange(count)
    weights = np.exp(-((apart / _SMOOTHING) ** 2) / 2)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights
