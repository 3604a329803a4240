"""The brightness of a picture, at half its size: what movement and edges are measured on. Compiled: imported only where pictures are measured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from action100m.compiled import compiled


@compiled
def _luma(frame: NDArray[np.uint8], y: int, x: int) -> int:
    """Return the luma of a pixel, with the ITU-R BT.601 weights in 256ths."""
    luma: int = (77 * frame[y, x, 0] + 150 * frame[y, x, 1] + 29 * frame[y, x, 2]) >> 8
    return luma


@compiled
def half_luma(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return uint8 (h // 2, w // 2): luma of a picture uint8 (h, w, 3), as means of 2 x 2 pixels."""
    luma = np.empty((frame.shape[0] // 2, frame.shape[1] // 2), np.uint8)
    for row in range(luma.shape[0]):
        for column in range(luma.shape[1]):
            y, x = 2 * row, 2 * column
            total = _luma(frame, y, x) + _luma(frame, y + 1, x) + _luma(frame, y, x + 1) + _luma(frame, y + 1, x + 1)
            luma[row, column] = total >> 2
    return luma
