"""One decoded frame, turned into RGB of the size that somebody asks for.

The decoder hands out pictures in the codec's own format; each reader asks for what it needs, so that
nothing is converted or resized that nobody reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class FrameSize:
    """A target size in pixels.

    fit: "squash" fills it without keeping the aspect ratio; "letterbox" keeps the ratio and pads with black, centred.
    """

    width: int
    height: int
    fit: Literal["squash", "letterbox"] = "squash"

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"a frame size is at least 1 x 1 pixels, got {self.width} x {self.height}")
