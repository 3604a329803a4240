"""Pixels as a V-JEPA 2 checkpoint wants them: by its own preprocessor config, and without torchvision.

    uint8 (n, h, w, 3) --resize, crop--> uint8 (n, 3, crop, crop) --rescale, normalise--> float32 (n, 3, crop, crop)

The first half runs on the CPU in 8-bit arithmetic, the second where the model is, so that only small 8-bit pictures are uploaded. The result
is that of transformers' VJEPA2VideoProcessor, which cannot run without torchvision; so are its rules where they surprise.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import interpolate, pad

from action100m.errors import CheckpointError

Resample = Literal["bilinear", "bicubic"]

_PROCESSOR = "VJEPA2VideoProcessor"
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
"""What VJEPA2VideoProcessor does where the config lacks a key. A null does not count as lacking: it switches off."""
_TYPE_KEYS = {"video_processor_type", "image_processor_type", "feature_extractor_type"}
_HARMLESS_KEYS = {
    "size",  # VJEPA2VideoProcessor overrides it by the crop: see `Preprocessing.short_side`
    *("do_pad", "pad_size", "default_to_square"),  # it does not read these
    *("do_sample_frames", "fps", "num_frames", "video_metadata"),  # which frames; they are picked by time here
    *("do_convert_rgb", "input_data_format"),  # frames are RGB already
    *("data_format", "return_metadata", "return_tensors", "device", "disable_grouping", "processor_class"),  # how results are handed over
}


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """What to do with the pixels of a frame."""

    crop: int
    """Width and height in pixels of the square cut from the middle, after resizing."""
    resample: Resample | None
    """How to resize; None is not at all."""
    scale: float
    """Factor on the 8-bit levels."""
    mean: tuple[float, ...]
    """Taken off after scaling; one value, or one for each of R, G, B."""
    std: tuple[float, ...]
    """What remains is divided by it."""

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Read a preprocessor config as VJEPA2VideoProcessor would.

        Raises:
            CheckpointError: the config is for another processor, or holds something that may change the pixels and is not known here.
        """
        _refuse_unknown(config)
        values = _DEFAULTS | {key: config[key] for key in _DEFAULTS.keys() & config.keys()}
        normalise = values["do_normalize"]
        return cls(
            crop=_square(values["crop_size"]),
            resample=_resample(values["resample"]) if values["do_resize"] else None,
            scale=_per_channel("rescale_factor", values["rescale_factor"])[0] if values["do_rescale"] else 1.0,
            mean=_per_channel("image_mean", values["image_mean"]) if normalise else (0.0,),
            std=_per_channel("image_std", values["image_std"]) if normalise else (1.0,),
        )

    @property
    def short_side(self) -> int:
        """Pixels of a frame's shorter side after resizing. VJEPA2VideoProcessor takes it from the crop, whatever `size` its config holds."""
        return int(self.crop * 256 / 224)

    def cut(self, frames: NDArray[np.uint8]) -> torch.Tensor:
        """Resize and crop uint8 (n, h, w, 3) to uint8 (n, 3, crop, crop)."""
        pixels = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2)
        if self.resample is not None:
            pixels = _resize(pixels, short_side=self.short_side, mode=self.resample)
        return _crop_middle(pixels, self.crop)

    def normalise(self, pixels: torch.Tensor) -> torch.Tensor:
        """Turn uint8 (n, 3, crop, crop) into float32 of the same shape, where it lies."""
        mean, std = (torch.tensor(values, device=pixels.device).view(-1, 1, 1) / self.scale for values in (self.mean, self.std))
        return pixels.float().sub_(mean).div_(std)


def read_preprocessing(folder: Path) -> Preprocessing:
    """Return the preprocessing of a checkpoint's folder, from the file that transformers would take.

    Raises:
        CheckpointError: there is no such file, or it cannot be followed.
    """
    path, config = _find_config(folder)
    try:
        return Preprocessing.from_config(config)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error


def _find_config(folder: Path) -> tuple[Path, dict[str, Any]]:
    for name in ("processor_config.json", "video_preprocessor_config.json", "preprocessor_config.json"):
        path = folder / name
        if not path.is_file():
            continue
        try:
            config = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise CheckpointError(f"cannot read the checkpoint's {path}: {error}. Fetch it again") from error
        if name == "processor_config.json":  # may be about text only
            config = config.get("video_processor") if isinstance(config, dict) else None
        if isinstance(config, dict):
            return path, config
    raise CheckpointError(f"{folder} has no video_preprocessor_config.json, which tells how to prepare frames: fetch the whole checkpoint")


def _refuse_unknown(config: Mapping[str, Any]) -> None:
    for key in _TYPE_KEYS & config.keys():
        if config[key] != _PROCESSOR:
            raise CheckpointError(f"{key} must be {_PROCESSOR}, got {config[key]!r}")
    known = _DEFAULTS.keys() | _HARMLESS_KEYS | _TYPE_KEYS
    if unknown := sorted(key for key, value in config.items() if key not in known and value is not None):
        raise CheckpointError(f"unknown settings that may change the pixels: {', '.join(unknown)}")
    if not config.get("do_center_crop", True):
        raise CheckpointError("do_center_crop must be true: the model's positions are those of a square of one size")


def _square(size: Any) -> int:
    """Read a side, or a height and a width."""
    sides = {size.get("height"), size.get("width")} if isinstance(size, Mapping) else {size}
    side = sides.pop()
    if sides or not isinstance(side, int) or side < 1:
        raise CheckpointError(f"crop_size must be a square of 1 pixel or more, got {size!r}")
    return side


def _resample(number: int) -> Resample:
    match number:  # Pillow's numbers
        case 2:
            return "bilinear"
        case 3:
            return "bicubic"
    raise CheckpointError(f"resample must be 2 (bilinear) or 3 (bicubic), got {number!r}")


def _per_channel(name: str, values: Any) -> tuple[float, ...]:
    channels = values if isinstance(values, list | tuple) else (values,)
    if len(channels) not in (1, 3) or not all(isinstance(value, int | float) for value in channels):
        raise CheckpointError(f"{name} must be one number or three, got {values!r}")
    return tuple(map(float, channels))


def _resize(pixels: torch.Tensor, *, short_side: int, mode: Resample) -> torch.Tensor:
    """Resize uint8 (n, 3, h, w), keeping the aspect ratio with the long side rounded down."""
    height, width = pixels.shape[-2:]
    short = min(height, width)
    size = (short_side * height // short, short_side * width // short)
    if size == (height, width):
        return pixels
    if _resizes_bytes(mode):
        return interpolate(pixels, size, mode=mode, antialias=True, align_corners=False)
    return interpolate(pixels.float(), size, mode=mode, antialias=True, align_corners=False).round_().clamp_(0, 255).byte()


def _resizes_bytes(mode: Resample) -> bool:
    """Whether torchvision would resize 8-bit pixels as such on this CPU. In float32 a level may come out one higher or lower."""
    if mode == "bicubic":
        return True
    return torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512") or platform.machine() in ("aarch64", "arm64")


def _crop_middle(pixels: torch.Tensor, crop: int) -> torch.Tensor:
    """Cut the middle (n, 3, crop, crop) out of (n, 3, h, w); what is smaller is first padded with black, the odd pixel on the right and below."""
    spare = [max(crop - side, 0) for side in pixels.shape[-2:]]
    top, left = (missing // 2 for missing in spare)
    pixels = pad(pixels, (left, spare[1] - left, top, spare[0] - top))
    top, left = ((side - crop) // 2 for side in pixels.shape[-2:])
    return pixels[..., top : top + crop, left : left + crop]
