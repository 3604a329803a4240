"""What can be measured in a frame without any model: brightness, colours, movement, shot changes.

Measured once for each sampled frame, in the same pass that feeds the encoder.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from math import nan
from typing import Any, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from action100m.video.colours import colour_codes, name_shares
from action100m.video.histogram import colour_histogram
from action100m.video.luma import half_luma
from action100m.video.picture import FrameSize

SHOT_CHANGE: Final = 0.15
"""From this `Signals.change` up, another shot begins. Of 32 annotated hard cuts 30 score more, most of them over 0.2; quick pans and things that pass
score up to 0.13, a jerk of a hand-held camera once 0.16, fades within two sampled frames about 0.2."""


@dataclass(frozen=True, slots=True)
class Signals:
    """Measurements of n sampled frames, in time order.

    Movement is measured against the sampled frame before. It is NaN where that makes no sense, at the first frame of the video and of a shot, and
    `pan` and `zoom` also where they cannot be told: too little texture, or everything moves its own way.
    """

    seconds: NDArray[np.float64]
    """(n,) presentation times, strictly increasing."""
    brightness: NDArray[np.float32]
    """(n,) mean luma, 0 (black) to 1 (white)."""
    contrast: NDArray[np.float32]
    """(n,) standard deviation of luma, 0 to 0.5."""
    colours: NDArray[np.float32]
    """(n, len(COLOUR_NAMES)) share of the picture that has each named colour; a row sums to 1."""
    pan: NDArray[np.float32]
    """(n, 2) how the camera turns: picture widths a second to the right, picture heights a second downwards."""
    zoom: NDArray[np.float32]
    """(n,) how the picture grows about its middle, as a share a second: 0.1 is 10 % larger after a second, negative is smaller."""
    motion: NDArray[np.float32]
    """(n, 3, 3) share of each ninth of the picture, rows from the top, that changes on its own: not by the camera's movement, nor by a fade."""
    change: NDArray[np.float32]
    """(n,) how suddenly the picture becomes another one, 0 to 1: a shot change from `SHOT_CHANGE` up. See `find_changes`."""

    def __len__(self) -> int:
        return len(self.seconds)

    def between(self, start: float, end: float) -> Signals:
        """Return the measurements of the frames in [start, end) seconds."""
        first, last = np.searchsorted(self.seconds, [start, end])
        return self._pick(slice(int(first), int(last)))

    def at(self, seconds: Sequence[float]) -> Signals:
        """Return the measurements of the frames with exactly these times.

        Raises:
            ValueError: there is no measured frame at one of the times.
        """
        wanted = np.asarray(seconds, np.float64)
        index = np.searchsorted(self.seconds, wanted)
        found = np.append(self.seconds, np.nan)[index] == wanted
        if not found.all():
            raise ValueError(f"no frame was measured at {wanted[~found][0]} s")
        return self._pick(index)

    def _pick(self, index: slice | NDArray[np.intp]) -> Signals:
        return type(self)(**{name: values[index] for name, values in self.to_arrays().items()})

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by field name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Read what `to_arrays` gave."""
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})


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
    """Small enough for less than a millisecond a frame; between 4:3 and 16:9, so that neither is squashed much."""

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []
        self._recent: deque[_Seen] = deque(maxlen=2)

    def measure(self, frame: NDArray[np.uint8], seconds: float) -> None:
        """Take the next sampled frame, uint8 (h, w, 3) of `frame_size`, and its time."""
        luma, codes = half_luma(frame), colour_codes(frame)
        seen = _Seen(seconds, luma, np.sqrt(colour_histogram(codes[::2, ::2])))
        still = {"seconds": seconds, "brightness": luma.mean() / 255, "contrast": luma.std() / 255, "colours": name_shares(codes)}
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
    from action100m.video.motion import measure_movement  # numba, which takes long to import

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
