"""Frames shown as pictures, by the checkpoint's own processor of transformers.

Processors of several models hold a part for video that cannot be made without torchvision. That part is never used here: where it cannot be made,
the processor is put together without it. Imports transformers; only `models.vlm_processor` imports this.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from transformers import AutoConfig, AutoImageProcessor, AutoProcessor, AutoTokenizer
from transformers.models.auto.processing_auto import PROCESSOR_MAPPING

from action100m.errors import CheckpointError, MissingPackageError
from action100m.models.local.weights import BROKEN

_TILING = ("do_image_splitting", "crop_to_patches")
"""What image processors call the setting that cuts a picture into tiles."""


class Pictures:
    """Shows frames to any model that sees pictures: what `processor.Showing` asks for."""

    def __init__(self, folder: Path, *, tiles: bool) -> None:
        """Load a checkpoint's processor.

        Raises:
            CheckpointError: it is missing or broken, or not for pictures.
            MissingPackageError: it needs a package that is not installed.
        """
        self._tiles, self._processor = tiles, _load(folder)
        self.tokenizer: Any = getattr(self._processor, "tokenizer", None)
        if self.tokenizer is None or not hasattr(self._processor, "image_processor"):
            raise CheckpointError(
                f"{folder} has no processor for pictures and text together: fetch the whole checkpoint, or choose an instruction model"
            )
        self.template = getattr(self._processor, "chat_template", None) or self.tokenizer.chat_template

    def parts(self, frames: int) -> list[dict[str, str]]:
        """Return what a chat template is told of so many frames."""
        return [{"type": "image"}] * frames

    def encode(self, texts: Sequence[str], clips: Sequence[NDArray[np.uint8]], **settings: Any) -> Any:
        """Return the inputs of a batch. settings: of the tokenizer."""
        pictures = [[Image.fromarray(frame) for frame in frames] for frames in clips]
        whole = _whole(self._processor.image_processor) if not self._tiles or len(clips[0]) > 1 else {}
        return self._processor(text=texts, images=pictures, padding=True, return_tensors="pt", **settings, **whole)


def _load(folder: Path) -> Any:
    make: Any = AutoProcessor.from_pretrained
    try:
        try:
            return make(folder, local_files_only=True, trust_remote_code=False)
        except (ImportError, ValueError) as error:
            if "torchvision" not in str(error).lower():
                raise
            return _load_parts(folder)
    except (ImportError, *BROKEN) as error:
        raise _explain(error, folder) from error


def _load_parts(folder: Path) -> Any:
    """Return the checkpoint's processor without its part for video."""
    kind: Any = PROCESSOR_MAPPING[type(AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False))]
    sources: dict[str, Any] = {"image_processor": AutoImageProcessor, "tokenizer": AutoTokenizer}
    names = [name for name in kind.get_attributes() if name != "video_processor"]
    if missing := [name for name in names if name not in sources]:
        raise CheckpointError(f"the processor {kind.__name__} in {folder} needs a {missing[0]}, which is not for captions: choose another model")
    parts = [sources[name].from_pretrained(folder, local_files_only=True, trust_remote_code=False) for name in names]
    settings, _ = kind.get_processor_dict(folder, local_files_only=True)
    # transformers counts the parts that a processor's class names; this one names those that are there
    pictures: Any = type(kind.__name__, (kind,), {"get_attributes": classmethod(lambda cls: names)})
    return pictures.from_args_and_dict(parts, settings, video_processor=None)


def _explain(error: Exception, folder: Path) -> CheckpointError | MissingPackageError:
    reason = " ".join(str(error).split())
    if "num2words" in reason:
        return MissingPackageError("num2words", extra="vlm", needed_by="the processor of SmolVLM")
    if "torchvision" in reason.lower():
        return CheckpointError(
            f"the processor in {folder} prepares pictures with torchvision only: install the torchvision made for your PyTorch, or choose another "
            f"model. {reason}"
        )
    if isinstance(error, ImportError):
        return CheckpointError(f"the processor in {folder} needs a package that is not installed: {reason} Install it, or choose another model")
    return CheckpointError(f"cannot load the processor in {folder}: {reason} Fetch the whole checkpoint, with its tokenizer and processor")


def _whole(image_processor: Any) -> dict[str, Any]:
    """Return the settings by which pictures are not cut into tiles."""
    settings: dict[str, Any] = {name: False for name in _TILING if hasattr(image_processor, name)}
    if "do_image_splitting" in settings and (largest := getattr(image_processor, "max_image_size", None)):
        # SmolVLM enlarges pictures to 2048 pixels for its tiles; without tiles they end at 512, so straight there: 0.7 s a clip in place of 4.9
        settings["size"] = {"longest_edge": largest["longest_edge"]}
    return settings
