"""Moving pictures with known answers: a camera that turns and zooms over a painted wall, and blocks that move before it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from action100m.video.signal_meter import SignalMeter
from action100m.video.signals import Signals

WIDTH, HEIGHT = SignalMeter.frame_size.width, SignalMeter.frame_size.height
_WALL = 3000
_SCALE = 3
"""Points of the wall for a pixel of a view without zoom; each pixel is a mean over as many by as many."""
STEP = 4 / 30
"""Seconds between sampled frames of a 30 fps video."""


@cache
def _wall(seed: int) -> NDArray[np.uint8]:
    random = np.random.default_rng(seed)
    wall = np.full((_WALL, _WALL, 3), 120, np.uint8)
    for _ in range(4000):
        top, left, height, width = *random.integers(0, _WALL, 2), *random.integers(15, 120, 2)
        wall[top : top + height, left : left + width] = random.integers(0, 256, 3)
    return wall


def view(right: float = 0.0, down: float = 0.0, growth: float = 1.0, *, seed: int = 0) -> NDArray[np.uint8]:
    """Return what a camera sees that is turned by so many picture widths and heights from the middle of the wall, and zoomed in by `growth`."""
    inner = (np.arange(_SCALE) + 0.5) / _SCALE
    x = (np.arange(WIDTH)[:, None] + inner).ravel() - WIDTH / 2
    y = (np.arange(HEIGHT)[:, None] + inner).ravel() - HEIGHT / 2
    columns = np.round(_WALL / 2 + _SCALE * (right * WIDTH + x / growth)).astype(int)
    rows = np.round(_WALL / 2 + _SCALE * (down * HEIGHT + y / growth)).astype(int)
    points = _wall(seed)[rows][:, columns].reshape(HEIGHT, _SCALE, WIDTH, _SCALE, 3)
    return points.mean(axis=(1, 3)).round().astype(np.uint8)


def film(picture_at: Callable[[float], NDArray[np.uint8]], *, seconds: float = 2.0, step: float = STEP) -> list[tuple[NDArray[np.uint8], float]]:
    """Return (frame, its time) for each sampled frame of a video of so many seconds."""
    times = [number * step for number in range(round(seconds / step))]
    return [(picture_at(time), time) for time in times]


def measure(frames: Iterable[tuple[NDArray[np.uint8], float]]) -> Signals:
    """Return what the meter makes of the frames of `film`."""
    meter = SignalMeter()
    for frame, time in frames:
        meter.measure(frame, time)
    return meter.finish()


def plain(red: int, green: int, blue: int) -> NDArray[np.uint8]:
    """Return a picture of one colour."""
    return np.full((HEIGHT, WIDTH, 3), (red, green, blue), np.uint8)


def with_block(picture: NDArray[np.uint8], *, left: int, top: int, size: int = 14) -> NDArray[np.uint8]:
    """Return the picture with a striped square before it, whose corner is at the given pixel."""
    changed = picture.copy()
    stripes = np.where(np.arange(size) // 3 % 2, 255, 0).astype(np.uint8)
    changed[top : top + size, left : left + size] = stripes[None, :, None]
    return changed
