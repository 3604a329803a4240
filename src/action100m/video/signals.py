"""What can be measured in a frame without any model: brightness, colours, movement.

Measured once for each sampled frame, in the same pass that feeds the encoder.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Signals:
    """Measurements of n sampled frames, in time order."""

    seconds: NDArray[np.float64]
