"""Measures the `Signals` of a video, once for each sampled frame, in the same pass that feeds the encoder.

Its loops are compiled, so it is imported only where a video is decoded.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from math import nan
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from action100m.video.histogram import colour_histogram, name_shares
from action100m.video.luma import half_luma
from action100m.video.motion import measure_movement
from action100m.video.picture import FrameSize
from action100m.video.signals import SHOT_CHANGE, Signals


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is kept of a frame, to compare later ones with."""

    seconds: float
    luma: NDArray[np.uint8]
    colours: NDArray[np.float32]
    """Square roots of its colour histogram: a vector of length 1."""


class SignalMeter:
    """Measures the frames of one video, one after the other."""

    frame_size: ClassVar[FrameSize] = FrameSize(144, 96)
    """Small enough for half a millisecond a frame; between 4:3 and 16:9, so that neither is squashed much."""

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []
        self._recent: deque[_Seen] = deque(maxlen=2)

    def measure(self, frame: NDArray[np.uint8], seconds: float) -> None:
        """Take the next sampled frame, uint8 (h, w, 3) of `frame_size`, and its time."""
        luma = half_luma(frame)
        seen = _Seen(seconds, luma, np.sqrt(colour_histogram(frame)))
        still = {"seconds": seconds, "brightness": luma.mean() / 255, "contrast": luma.std() / 255, "colours": name_shares(frame)}
        self._rows.append(still | _compare(seen, *reversed(self._recent)))
        self._recent.append(seen)

    def finish(self) -> Signals:
        """Return all measurements. Called once, after the last frame; there must have been one."""
        columns = {name: np.array([row[name] for row in self._rows]) for name in self._rows[0]}
        change = find_changes(columns.pop("lost"), columns.pop("unlike"), columns.pop("unlike_second"))
        for name in ("pan", "zoom", "motion"):
            columns[name][change >= SHOT_CHANGE] = np.nan
        single = {name: values.astype(np.float32) for name, values in columns.items() if name != "seconds"}
        return Signals(seconds=columns["seconds"].astype(np.float64), change=change.astype(np.float32), **single)


def _compare(seen: _Seen, before: _Seen | None = None, second: _Seen | None = None) -> dict[str, Any]:
    """Measure what happened since the sampled frame before, and how unlike its colours and those of the second last one are, 0 to 1."""
    if before is None:
        return {"pan": (nan, nan), "zoom": nan, "motion": np.full((3, 3), nan), "lost": 0.0, "unlike": 0.0, "unlike_second": 1.0}
    movement = measure_movement(before.luma, seen.luma)
    passed = seen.seconds - before.seconds
    return {
        "pan": (movement.shift[0] / passed, movement.shift[1] / passed),
        "zoom": movement.growth / passed,
        "motion": movement.changed,
        "lost": movement.lost,
        "unlike": _hellinger(seen, before),
        "unlike_second": 1.0 if second is None else _hellinger(seen, second),
    }


def _hellinger(a: _Seen, b: _Seen) -> float:
    return math.sqrt(max(0.0, 1.0 - float(a.colours @ b.colours)))


def find_changes(lost: NDArray[np.float64], unlike: NDArray[np.float64], unlike_second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return float64 (n,): how suddenly each frame is another picture than the one before it, 0 to 1.

    lost: share of the picture that is not found again in the frame. unlike, unlike_second: Hellinger distance of its colours to those of the frame
    before and of the second last one.

    A shot change loses the picture and changes the colours, both at once, and nothing of it goes on in the frames beside it. So the product of the
    two counts, less half of what it is before and after: a quick pan, and a fade or dissolve over more than about two sampled frames, score low.
    The colours must also be unlike across one frame to either side: a flash, and a shot of a single sampled frame, are no changes.
    """
    across = np.minimum(unlike_second, np.append(unlike_second[1:], 1.0))
    product = lost * np.minimum(unlike, across)
    beside = np.pad(product, 1)
    around = (beside[:-2] + beside[2:]) / 2
    change: NDArray[np.float64] = np.clip(product - around, 0.0, 1.0)
    return change
