"""Pixels as a V-JEPA 2 checkpoint wants them, by its own preprocessor config: resized, the middle cut out, normalised.

The result is that of transformers' VJEPA2VideoProcessor, which cannot run without torchvision; so are its rules where they surprise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import pad

from action100m.errors import CheckpointError
from action100m.models.local.pixels import Levels, Resample, complete_config, find_config, read_resample, read_square, resize, to_tensor

_DEFAULTS: dict[str, Any] = {
    "crop_size": 256,
    "do_center_crop": True,
    "do_normalize": True,
    "do_rescale": True,
    "do_resize": True,
    "image_mean": [0.485, 0.456, 0.406],
    "image_std": [0.229, 0.224, 0.225],
    "resample": 2,
    "rescale_factor": 1 / 255,
}
"""What VJEPA2VideoProcessor does where the config lacks a key."""
_UNREAD = ("size", "do_pad", "pad_size", "default_to_square")
"""Keys that it does not read; it overrides `size` by the crop: see `Preprocessing.short_side`."""


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """What to do with the pixels of a frame."""

    crop: int
    """Width and height in pixels of the square cut from the middle, after resizing."""
    resample: Resample | None
    """How to resize; None is not at all."""
    levels: Levels

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Read a preprocessor config as VJEPA2VideoProcessor would.

        Raises:
            CheckpointError: the config is for another processor, or holds something that may change the pixels and is not known here.
        """
        values = complete_config(config, _DEFAULTS, processors=("VJEPA2VideoProcessor",), unread=_UNREAD)
        if not values["do_center_crop"]:
            raise CheckpointError("do_center_crop must be true: the model's positions are those of a square of one size")
        resample = read_resample(values["resample"]) if values["do_resize"] else None
        return cls(crop=read_square("crop_size", values["crop_size"]), resample=resample, levels=Levels.from_config(values))

    @property
    def short_side(self) -> int:
        """Pixels of a frame's shorter side after resizing. VJEPA2VideoProcessor takes it from the crop, whatever `size` its config holds."""
        return int(self.crop * 256 / 224)

    def cut(self, frames: NDArray[np.uint8]) -> torch.Tensor:
        """Resize and crop uint8 (n, h, w, 3) to uint8 (n, 3, crop, crop), on the CPU: only small 8-bit pictures are uploaded."""
        pixels = to_tensor(frames)
        if self.resample is not None:
            pixels = resize(pixels, _scale_to(self.short_side, *pixels.shape[-2:]), mode=self.resample)
        return _crop_middle(pixels, self.crop)

    def normalise(self, pixels: torch.Tensor) -> torch.Tensor:
        """Turn uint8 (n, 3, crop, crop) into float32 of the same shape, where it lies."""
        return self.levels.normalise(pixels)


def read_preprocessing(folder: Path) -> Preprocessing:
    """Return the preprocessing of a checkpoint's folder, from the file that transformers would take.

    Raises:
        CheckpointError: there is no such file, or it cannot be followed.
    """
    path, config = find_config(folder, "video_processor")
    try:
        return Preprocessing.from_config(config)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error


def _scale_to(short_side: int, height: int, width: int) -> tuple[int, int]:
    """Return the size with the aspect ratio kept and the long side rounded down."""
    short = min(height, width)
    return short_side * height // short, short_side * width // short


def _crop_middle(pixels: torch.Tensor, crop: int) -> torch.Tensor:
    """Cut the middle (n, 3, crop, crop) out of (n, 3, h, w); what is smaller is first padded with black, the odd pixel on the right and below."""
    spare = [max(crop - side, 0) for side in pixels.shape[-2:]]
    top, left = (missing // 2 for missing in spare)
    pixels = pad(pixels, (left, spare[1] - left, top, spare[0] - top))
    top, left = ((side - crop) // 2 for side in pixels.shape[-2:])
    return pixels[..., top : top + crop, left : left + crop]
