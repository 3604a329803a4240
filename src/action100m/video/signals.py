"""What can be measured in a frame without any model: brightness, colours, movement, shot changes. `signal_meter.py` measures it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

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
    """(n,) how suddenly the picture becomes another one, 0 to 1: a shot change from `SHOT_CHANGE` up. See
    `signal_meter.find_changes`."""

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
