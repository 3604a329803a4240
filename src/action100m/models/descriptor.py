"""A documented encoder without weights: colour, layout, gradient and motion statistics of each frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

from action100m.video.picture import FrameSize
from action100m.video.signals import SignalMeter


@dataclass(frozen=True, slots=True)
class DescriptorConfig:
    """The weightless encoder."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    kind: Literal["descriptor"] = "descriptor"

    def identity(self) -> dict[str, Any]:
        """Return all that the vectors depend on."""
        return {"kind": self.kind, "version": 1}

    def load(self) -> Descriptor:
        """Return the encoder; there is nothing to load."""
        return Descriptor()


class Descriptor:
    """Encoder of the protocol in `models.base`, one vector a frame."""

    name = "descriptor-v1"
    frame_size: FrameSize | None = SignalMeter.frame_size
    tubelet = 1

    def prepare(self, frames: NDArray[np.uint8]) -> Sequence[NDArray[np.float32]]:
        """Turn uint8 (n, h, w, 3) into n prepared frames."""
        coarse = frames.reshape(len(frames), 6, 16, 9, 16, 3).mean((2, 4), dtype=np.float32) / 255
        return list(coarse.reshape(len(frames), -1))

    def encode(self, windows: Sequence[Sequence[NDArray[np.float32]]]) -> NDArray[np.float32]:
        """Turn b windows of t prepared frames into float32 (b, t, d)."""
        return np.stack([np.stack(window) for window in windows])
