"""What can be measured in a frame without any model: brightness, colours, movement.

Measured once for each sampled frame, in the same pass that feeds the encoder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from action100m.video.picture import FrameSize

COLOUR_NAMES = ("black", "grey", "white", "red", "orange", "brown", "yellow", "green", "cyan", "blue", "purple", "pink")


@dataclass(frozen=True, slots=True)
class Signals:
    """Measurements of n sampled frames, in time order.

    Movement is measured against the sampled frame before, and is NaN where that cannot be done: at the first frame of the video, and for
    `pan` and `zoom` also at shot changes and where the picture has too little texture to tell.
    """

    seconds: NDArray[np.float64]
    """(n,) presentation times, strictly increasing."""
    brightness: NDArray[np.float32]
    """(n,) mean luma, 0 (black) to 1 (white)."""
    contrast: NDArray[np.float32]
    """(n,) standard deviation of luma, 0 to 0.5."""
    colours: NDArray[np.float32]
    """(n, 12) share of the picture that has each of `COLOUR_NAMES`; a row sums to 1."""
    pan: NDArray[np.float32]
    """(n, 2) how the camera turns: frame widths a second to the right, frame heights a second downwards."""
    zoom: NDArray[np.float32]
    """(n,) how the picture grows about its middle, as a share a second: 0.1 is 10 % larger after a second, negative zooms out."""
    motion: NDArray[np.float32]
    """(n, 3, 3) share of each ninth of the picture that changes on its own, once the camera's movement is taken away; rows from the top."""
    change: NDArray[np.float32]
    """(n,) how unlike the frames before and after this moment are, 0 to 1, flashes discounted; a shot change from `SHOT_CHANGE` up."""

    def __len__(self) -> int:
        return len(self.seconds)

    def between(self, start: float, end: float) -> Signals:
        """Return the measurements of the frames in [start, end) seconds."""
        first, last = np.searchsorted(self.seconds, [start, end])
        return self._pick(slice(int(first), int(last)))

    def at(self, seconds: Sequence[float]) -> Signals:
        """Return the measurements of the frames with exactly these times.

        Raises:
            ValueError: there is no sampled frame at one of the times.
        """
        wanted = np.asarray(seconds, np.float64)
        index = np.minimum(np.searchsorted(self.seconds, wanted), len(self) - 1)
        missing = wanted[self.seconds[index] != wanted]
        if len(missing):
            raise ValueError(f"no frame was measured at {missing[0]} s")
        return self._pick(index)

    def _pick(self, index: slice | NDArray[np.intp]) -> Signals:
        return type(self)(**{name: values[index] for name, values in self.to_arrays().items()})

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by field name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Read what `to_arrays` gave; other keys are ignored."""
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})


SHOT_CHANGE = 0.5


class SignalMeter:
    """Measures the frames of one video, one after the other."""

    frame_size: ClassVar[FrameSize] = FrameSize(144, 96)
    """Small enough for about half a millisecond a frame."""

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []

    def measure(self, frame: NDArray[np.uint8], seconds: float) -> None:
        """Take the next sampled frame, uint8 (h, w, 3) of `frame_size`, and its time."""
        luma = frame @ np.array([0.299, 0.587, 0.114], np.float32) / np.float32(255)
        nan = np.float32(np.nan)
        self._rows.append(
            {
                "seconds": np.float64(seconds),
                "brightness": np.float32(luma.mean()),
                "contrast": np.float32(luma.std()),
                "colours": np.full(len(COLOUR_NAMES), 1 / len(COLOUR_NAMES), np.float32),
                "pan": np.full(2, nan),
                "zoom": nan,
                "motion": np.full((3, 3), nan),
                "change": np.float32(0),
            }
        )

    def finish(self) -> Signals:
        """Return all measurements. Call it once, after the last frame."""
        return Signals(**{name: np.stack([row[name] for row in self._rows]) for name in self._rows[0]})
