"""8-bit frames resized and normalised as transformers' processors do with torchvision, and without torchvision.

    uint8 (n, h, w, 3) --resize--> uint8 (n, 3, h, w) --rescale, normalise--> float32 (n, 3, h, w)

The first half runs on the CPU in 8-bit arithmetic, the second wherever the pixels are. What to do is read from the preprocessor config that comes
with a checkpoint. Imports PyTorch; only the modules that prepare frames for a model import this.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import interpolate

from action100m.errors import CheckpointError

Resample = Literal["bilinear", "bicubic"]
Part = Literal["image_processor", "video_processor"]

_FILES: Final[dict[Part, tuple[str, ...]]] = {
    "image_processor": ("processor_config.json", "preprocessor_config.json"),
    "video_processor": ("processor_config.json", "video_preprocessor_config.json", "preprocessor_config.json"),
}
"""Where transformers looks for the config of a part, in its order."""
_TYPE_KEYS: Final = {"video_processor_type", "image_processor_type", "feature_extractor_type"}
_HARMLESS_KEYS: Final = {
    *("do_sample_frames", "fps", "num_frames", "video_metadata"),  # which frames; they are picked by time here
    *("do_convert_rgb", "input_data_format"),  # frames are RGB already
    *("data_format", "return_metadata", "return_tensors", "device", "disable_grouping", "processor_class"),  # how results are handed over
}


@dataclass(frozen=True, slots=True)
class Levels:
    """What becomes of 8-bit levels."""

    scale: float
    """Factor on them."""
    mean: tuple[float, ...]
    """Taken off after scaling; one value, or one for each of R, G, B."""
    std: tuple[float, ...]
    """What remains is divided by it."""

    @classmethod
    def from_config(cls, values: Mapping[str, Any]) -> Self:
        """Read the settings of a processor that lacks none.

        Raises:
            CheckpointError: one is of another form.
        """
        normalise = values["do_normalize"]
        return cls(
            scale=_per_channel("rescale_factor", values["rescale_factor"])[0] if values["do_rescale"] else 1.0,
            mean=_per_channel("image_mean", values["image_mean"]) if normalise else (0.0,),
            std=_per_channel("image_std", values["image_std"]) if normalise else (1.0,),
        )

    def normalise(self, pixels: torch.Tensor) -> torch.Tensor:
        """Turn uint8 (..., 3, h, w) into float32 of the same shape, where it lies."""
        mean, std = (torch.tensor(values, device=pixels.device).view(-1, 1, 1) / self.scale for values in (self.mean, self.std))
        return pixels.float().sub_(mean).div_(std)


def to_tensor(frames: NDArray[np.uint8]) -> torch.Tensor:
    """Turn uint8 (n, h, w, 3) into uint8 (n, 3, h, w)."""
    return torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2)


def resize(pixels: torch.Tensor, size: tuple[int, int], *, mode: Resample) -> torch.Tensor:
    """Resize uint8 (n, 3, h, w) to a height and width."""
    if size == tuple(pixels.shape[-2:]):
        return pixels
    if _resizes_bytes(mode):
        return interpolate(pixels, size, mode=mode, antialias=True, align_corners=False)
    return interpolate(pixels.float(), size, mode=mode, antialias=True, align_corners=False).round_().clamp_(0, 255).byte()


def find_config(folder: Path, part: Part) -> tuple[Path, dict[str, Any]]:
    """Return the config of one part of a checkpoint's processor, from the file that transformers would take.

    Raises:
        CheckpointError: there is no such file, or it is broken.
    """
    for name in _FILES[part]:
        path = folder / name
        if not path.is_file():
            continue
        try:
            config = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise CheckpointError(f"cannot read the checkpoint's {path}: {error}. Fetch it again") from error
        if name == "processor_config.json":  # may be about text only
            config = config.get(part) if isinstance(config, dict) else None
        if isinstance(config, dict):
            return path, config
    raise CheckpointError(f"{folder} has no {_FILES[part][1]}, which tells how to prepare frames: fetch the whole checkpoint")


def complete_config(
    config: Mapping[str, Any], defaults: Mapping[str, Any], *, processors: Collection[str], unread: Collection[str] = ()
) -> dict[str, Any]:
    """Return a processor's settings with what it does where the config lacks a key. A null does not count as lacking: it switches off.

    processors: classes that the config may be for. unread: keys that these do not read.

    Raises:
        CheckpointError: the config is for another processor, or holds something that may change the pixels and is not known here.
    """
    for key in _TYPE_KEYS & config.keys():
        if config[key] not in processors:
            raise CheckpointError(f"{key} must be {' or '.join(processors)}, got {config[key]!r}")
    known = defaults.keys() | _HARMLESS_KEYS | _TYPE_KEYS | set(unread)
    if unknown := sorted(key for key, value in config.items() if key not in known and value is not None):
        raise CheckpointError(f"unknown settings that may change the pixels: {', '.join(unknown)}")
    return {**defaults, **{key: config[key] for key in defaults.keys() & config.keys()}}


def read_square(name: str, size: Any) -> int:
    """Read a side, or a height and a width that are one."""
    sides = {size.get("height"), size.get("width")} if isinstance(size, Mapping) else {size}
    side = sides.pop()
    if sides or not isinstance(side, int) or side < 1:
        raise CheckpointError(f"{name} must be a square of 1 pixel or more, got {size!r}")
    return side


def read_resample(number: int) -> Resample:
    """Read Pillow's number of a way to resize."""
    match number:
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


def _resizes_bytes(mode: Resample) -> bool:
    """Whether torchvision would resize 8-bit pixels as such on this CPU. In float32 a level may come out one higher or lower."""
    if mode == "bicubic":
        return True
    return torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512") or platform.machine() in ("aarch64", "arm64")
