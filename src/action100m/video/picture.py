"""One decoded frame, turned into RGB of the size that somebody asks for.

The decoder hands out pictures in the codec's own format; each reader asks for what it needs, so that
nothing is converted or resized that nobody reads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, Literal, cast, get_args

import av
import numpy as np
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

from action100m.video.orientation import UPRIGHT, Orientation

_UNSPECIFIED_COLORSPACE: Final = 2
_HD_HEIGHT: Final = 720
"""Players take untagged video from this height on for BT.709, below for BT.601."""
_SQUARE_ENOUGH: Final = 0.02
"""Encoders write pixel aspects such as 640:639 to make up for rounding to even sizes. Not worth resampling."""
_LEAST_ASPECT: Final = Fraction(1, 4)
"""Narrower pixels, or wider than 4:1, are a broken header."""


Fit = Literal["squash", "letterbox"]


@dataclass(frozen=True, slots=True)
class FrameSize:
    """A target size in pixels.

    fit: "squash" fills it without keeping the aspect ratio; "letterbox" keeps the ratio and pads with black, centred.
    """

    width: int
    height: int
    fit: Fit = "squash"

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"a frame size is at least 1 x 1 pixels, got {self.width} x {self.height}")
        if self.fit not in get_args(Fit):
            raise ValueError(f"a picture fits a frame by {' or '.join(get_args(Fit))}, got {self.fit!r}")


def square_pixels(width: int, height: int, aspect: Fraction | None) -> tuple[int, int]:
    """Return the displayed size of a stored picture whose pixels are `aspect` times as wide as high. No side shrinks, as in players."""
    if aspect is None or not _LEAST_ASPECT <= aspect <= 1 / _LEAST_ASPECT or abs(aspect - 1) < _SQUARE_ENOUGH:
        return width, height
    return (round(width * aspect), height) if aspect > 1 else (width, round(height / aspect))


class Scaler:
    """Converts frames to RGB. Kept for a whole pass, because setting up a conversion costs more than a small picture. Not for several threads."""

    def __init__(self) -> None:
        self._by_size: dict[tuple[int, int], VideoReformatter] = {}

    def convert(self, frame: av.VideoFrame, *, width: int, height: int) -> NDArray[np.uint8]:
        """Return the stored picture as RGB uint8 (height, width, 3)."""
        reformatter = self._by_size.setdefault((width, height), VideoReformatter())
        untagged_hd = frame.colorspace == _UNSPECIFIED_COLORSPACE and frame.height >= _HD_HEIGHT
        shrinks = width <= frame.width and height <= frame.height
        converted = reformatter.reformat(
            frame,
            width=width,
            height=height,
            format="rgb24",
            src_colorspace=Colorspace.ITU709 if untagged_hd else None,
            # AREA to 160 x 90: 0.5 ms and 3.2 levels from the exact mean of a noisy 720p frame; BILINEAR 0.6 ms, 4.9; BICUBIC 0.9 ms, 4.1
            interpolation=Interpolation.AREA if shrinks else Interpolation.BILINEAR,
            threads=1,  # the other cores are decoding
        )
        return cast(NDArray[np.uint8], converted.to_ndarray())


@dataclass(frozen=True, slots=True)
class Picture:
    """One presented frame. Its pixels stay in the codec's format until `rgb` is called."""

    seconds: float
    """From the first presented frame."""
    index: int
    """Number among the presented frames."""
    width: int
    """As displayed."""
    height: int
    """As displayed."""
    frame: av.VideoFrame = field(repr=False)
    orientation: Orientation = UPRIGHT
    scaler: Scaler = field(default_factory=Scaler, repr=False)

    def rgb(self, size: FrameSize | None = None) -> NDArray[np.uint8]:
        """Return RGB uint8 (h, w, 3) as displayed: turned, mirrored, square pixels. None is the video's own displayed size. Not kept."""
        if size is None:
            return self._fill(self.width, self.height)
        if size.fit == "squash":
            return self._fill(size.width, size.height)
        return self._letterbox(size)

    def _fill(self, width: int, height: int) -> NDArray[np.uint8]:
        stored_width, stored_height = self.orientation.swap(width, height)
        return self.orientation.apply(self.scaler.convert(self.frame, width=stored_width, height=stored_height))

    def _letterbox(self, size: FrameSize) -> NDArray[np.uint8]:
        scale = min(size.width / self.width, size.height / self.height)
        width, height = max(1, round(self.width * scale)), max(1, round(self.height * scale))
        left, top = (size.width - width) // 2, (size.height - height) // 2
        canvas = np.zeros((size.height, size.width, 3), np.uint8)
        canvas[top : top + height, left : left + width] = self._fill(width, height)
        return canvas
