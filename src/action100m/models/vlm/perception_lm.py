"""Frames and a prompt into the inputs of Perception-LM, the paper's captioner of clips (section 3.2).

A clip is shown as a video, each frame in one square tile. A frame alone is a picture: one tile, or, cut up, a small whole and a grid of tiles.

    +-------+   +---+---+---+
    | whole |   | 1 | 2 | 3 |
    |       |   | 4 | 5 | 6 |
    +-------+   +---+---+---+

The pixels are those of transformers' processors for images and videos, which are made for torchvision only; here its transforms are not used. The
model itself cannot do without it: its eye is timm's, and timm imports torchvision. Only `models.vlm_processor` imports this.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import floor
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import BatchFeature

from action100m.errors import CheckpointError, MissingPackageError, ModelError
from action100m.models.local.pixels import Levels, Part, Resample, complete_config, find_config, read_resample, read_square, resize, to_tensor
from action100m.models.local.tokenizer import load_tokenizer

_LEVELS: Final[dict[str, Any]] = {
    "do_normalize": True,
    "do_rescale": True,
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
    "rescale_factor": 1 / 255,
}
_RESIZING: Final[dict[str, Any]] = {"do_resize": True, "do_center_crop": False, "resample": 3}
_IMAGE: Final = {**_LEVELS, **_RESIZING, "tile_size": 448, "max_num_tiles": 36, "vision_input_type": "thumb+tile"}
_VIDEO: Final = {**_LEVELS, **_RESIZING, "size": {"height": 448, "width": 448}}
"""What transformers' processors do where the config lacks a key."""
_UNREAD: Final = (
    "size",
    "crop_size",
    "do_pad",
    "pad_size",
    "default_to_square",
    "max_frame_tiles",
    "tile_size",
    "max_num_tiles",
    "vision_input_type",
)
"""Keys that one of the two does not read, where its defaults lack them: a file may hold the settings of both."""
_PROCESSORS: Final = ("PerceptionLMImageProcessor", "PerceptionLMImageProcessorFast", "PerceptionLMVideoProcessor")


@dataclass(frozen=True, slots=True)
class Tiling:
    """How a frame becomes tiles."""

    side: int
    """Width and height of a tile in pixels."""
    most: int
    """Tiles in a grid at most; 0 shows no grid, only the whole."""
    resample: Resample
    levels: Levels

    @classmethod
    def of_pictures(cls, config: dict[str, Any], *, tiles: bool) -> Self:
        """Read the config of the processor for images. tiles: whether to cut up frames, if the checkpoint does so."""
        values = complete_config(config, _IMAGE, processors=_PROCESSORS, unread=_UNREAD)
        most = values["max_num_tiles"] if tiles and values["vision_input_type"] == "thumb+tile" else 0
        return cls(read_square("tile_size", values["tile_size"]), most, _read_resizing(values), Levels.from_config(values))

    @classmethod
    def of_clips(cls, config: dict[str, Any]) -> Self:
        """Read the config of the processor for videos."""
        values = complete_config(config, _VIDEO, processors=_PROCESSORS, unread=_UNREAD)
        return cls(read_square("size", values["size"]), 0, _read_resizing(values), Levels.from_config(values))

    def cut(self, frames: NDArray[np.uint8]) -> torch.Tensor:
        """Turn uint8 (n, h, w, 3) into the float32 tiles (tiles, 3, side, side) of all frames, each frame's whole before its grid."""
        pixels = to_tensor(frames)
        whole = resize(pixels, (self.side, self.side), mode=self.resample)
        if not self.most:
            return self.levels.normalise(whole)
        height, width = pixels.shape[-2:]
        columns, rows = choose_grid(width, height, side=self.side, most=self.most)
        canvas = resize(pixels, (rows * self.side, columns * self.side), mode=self.resample)
        grid = canvas.reshape(len(canvas), 3, rows, self.side, columns, self.side).permute(0, 2, 4, 1, 3, 5).flatten(1, 2)
        return self.levels.normalise(torch.cat([whole[:, None], grid], 1).flatten(0, 1))


class PerceptionLMFrames:
    """Shows frames to Perception-LM: what `processor.Showing` asks for."""

    def __init__(self, folder: Path, *, tiles: bool) -> None:
        """Read a checkpoint's tokenizer and the settings of its processors.

        Raises:
            MissingPackageError: timm or torchvision is not installed.
            ModelError: torchvision is made for another PyTorch.
            CheckpointError: a file is missing or broken, or cannot be followed.
        """
        _require_timm()
        self.tokenizer = load_tokenizer(folder)
        self.template = self.tokenizer.chat_template
        self._marks = {name: _find_mark(self.tokenizer, f"{name}_token", folder) for name in ("image", "video")}
        self._pictures = _read(folder, "image_processor", lambda config: Tiling.of_pictures(config, tiles=tiles))
        self._clips = _read(folder, "video_processor", Tiling.of_clips)
        self._patches = _read_patches(folder)

    def parts(self, frames: int) -> list[dict[str, str]]:
        """Return what a chat template is told of so many frames."""
        return [{"type": "video" if frames > 1 else "image"}]

    def encode(self, texts: Sequence[str], clips: Sequence[NDArray[np.uint8]], **settings: Any) -> Any:
        """Return the inputs of a batch: either clips, or frames that are alone. settings: of the tokenizer."""
        is_video = len(clips[0]) > 1
        tiling, mark = (self._clips, self._marks["video"]) if is_video else (self._pictures, self._marks["image"])
        tiles = [tiling.cut(frames) for frames in clips]
        tokens = (tiling.side // self._patches) ** 2
        texts = [_make_room(text, mark, tokens * len(seen)) for text, seen in zip(texts, tiles, strict=True)]
        # The model sees tile by tile and fills the places in the texts in their order, so clips of different lengths may stand in one row
        pixels = {"pixel_values_videos" if is_video else "pixel_values": torch.cat(tiles)[None]}
        return BatchFeature({**self.tokenizer(texts, padding=True, return_tensors="pt", **settings), **pixels})


def _make_room(text: str, mark: str, tokens: int) -> str:
    """Put in place of the mark for one clip or picture as many as it has tokens."""
    if mark not in text:
        raise CheckpointError(f"the chat template writes no {mark}, the place for frames in a prompt: fetch the whole checkpoint")
    return text.replace(mark, mark * tokens, 1)


def choose_grid(width: int, height: int, *, side: int, most: int) -> tuple[int, int]:
    """Return columns and rows of the tiles that a picture is stretched over.

    Of the grids that hold it whole, the one in which it would be largest with its aspect ratio kept. None holds a picture that is too large: then the
    largest of those whose shape is nearest, but not more drawn out.
    """
    shape, by_shape = width / height, _grids(most)
    roomy = [grid for grids in by_shape.values() for grid in grids if grid[0] * side >= width and grid[1] * side >= height]
    if roomy:  # of several that are best, transformers takes the last
        return max(reversed(roomy), key=lambda grid: _short_side(width, height, canvas=(grid[0] * side, grid[1] * side)))
    nearest = max(known for known in by_shape if known <= shape) if shape >= 1 else min(known for known in by_shape if known > shape)
    return by_shape[nearest][0]


def _grids(most: int) -> dict[float, list[tuple[int, int]]]:
    """Return all grids of so many tiles at most: shape -> (columns, rows), the largest first, in the order that decides between equals."""
    grids: dict[float, list[tuple[int, int]]] = {}
    for tiles in range(most, 0, -1):
        for columns in range(1, tiles + 1):
            if tiles % columns == 0:
                rows = tiles // columns
                grids.setdefault(columns / rows, []).append((columns, rows))
    return grids


def _short_side(width: int, height: int, *, canvas: tuple[int, int]) -> float:
    """Return the shorter side of a picture that fills a canvas with its aspect ratio kept, rounded as in transformers."""
    shape, factor = width / height, min(canvas[0] / width, canvas[1] / height)
    if shape > 1:
        return floor(factor * width / shape)
    return factor * height if shape == 1 else floor(factor * height * shape)


def _require_timm() -> None:
    try:
        importlib.import_module("timm")
    except ImportError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("timm", "torchvision"):
            raise MissingPackageError(package, extra="plm", needed_by="Perception-LM") from error
        raise ModelError(f"timm, which Perception-LM needs, is installed but cannot be imported: {error}") from error
    except RuntimeError as error:
        raise ModelError(
            f"the installed torchvision, which Perception-LM needs, is made for another PyTorch ({error}): install one for yours"
        ) from error


def _read(folder: Path, part: Part, read: Callable[[dict[str, Any]], Tiling]) -> Tiling:
    path, config = find_config(folder, part)
    try:
        return read(config)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error


def _read_resizing(values: dict[str, Any]) -> Resample:
    if not values["do_resize"] or values["do_center_crop"]:
        raise CheckpointError("do_resize must be true and do_center_crop false: a tile shows all of its part of a frame")
    return read_resample(values["resample"])


def _read_patches(folder: Path) -> int:
    """Return how many pixels on a side become one token."""
    path = folder / "processor_config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        return int(config["patch_size"]) * int(config.get("pooling_ratio", 2))
    except (OSError, ValueError, TypeError, LookupError) as error:
        raise CheckpointError(f"cannot read patch_size and pooling_ratio in the checkpoint's {path}: {error}. Fetch the whole checkpoint") from error


def _find_mark(tokenizer: Any, name: str, folder: Path) -> str:
    mark = getattr(tokenizer, name, None)
    if not mark:
        raise CheckpointError(f"the tokenizer in {folder} names no {name}, the place for frames in a prompt: fetch the whole checkpoint")
    return str(mark)
