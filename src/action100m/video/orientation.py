"""How a stored picture is turned and mirrored for display: the display matrix that phones write instead of turning pixels.

PyAV's `frame.rotation` reads an angle from that matrix and so misses mirroring; here the matrix itself is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import av
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Orientation:
    """First swap rows and columns, then flip. The eight combinations are the eight ways to lay a picture on a grid."""

    transpose: bool = False
    flip_rows: bool = False
    flip_columns: bool = False

    def swap(self, width: int, height: int) -> tuple[int, int]:
        """Turn a displayed (width, height) into the stored one, or back."""
        return (height, width) if self.transpose else (width, height)

    def apply(self, stored: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Turn a stored picture (h, w, 3) into the displayed one, contiguous in memory."""
        picture = stored.swapaxes(0, 1) if self.transpose else stored
        picture = picture[:: -1 if self.flip_rows else 1, :: -1 if self.flip_columns else 1]
        return np.ascontiguousarray(picture)


UPRIGHT: Final = Orientation()


class OrientationReader:
    """Reads the orientation of the frames of one stream.

    PyAV ties a frame whose side data is looked at into a reference cycle, where its pixels wait for the garbage collector: 300 MB at 720p.
    So the matrix is read again only when the size or the angle, which is free to ask for, has changed.
    """

    def __init__(self) -> None:
        self._seen: tuple[int, int, int] | None = None
        self._orientation = UPRIGHT

    def read(self, frame: av.VideoFrame) -> Orientation:
        """Return the orientation of the next frame."""
        looks = frame.width, frame.height, frame.rotation
        if looks != self._seen:
            self._seen, self._orientation = looks, read_orientation(frame)
        return self._orientation


def read_orientation(frame: av.VideoFrame) -> Orientation:
    """Return the orientation in a frame's display matrix; angles between are rounded to the nearest quarter turn.

    The matrix ((a, b), (c, d)) sends column p and row q to displayed column a p + c q and row b p + d q.
    """
    side_data: Mapping[str, Any] = frame.side_data
    if "DISPLAYMATRIX" not in side_data:
        return UPRIGHT
    a, b, _, c, d, *_ = np.frombuffer(bytes(side_data["DISPLAYMATRIX"]), np.int32, count=9).tolist()
    if abs(b) > abs(a):
        return Orientation(transpose=True, flip_rows=b < 0, flip_columns=c < 0)
    return Orientation(flip_rows=d < 0, flip_columns=a < 0)
