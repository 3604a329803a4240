"""V-JEPA 2 at work: windows of frames in, one vector for each tubelet out (paper section 3.1).

Imports PyTorch and transformers; only `VJepa2Config.load` imports this.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from huggingface_hub.errors import StrictDataclassError
from numpy.typing import NDArray
from safetensors import SafetensorError
from transformers import VJEPA2ForVideoClassification, VJEPA2Model

from action100m.errors import CheckpointError, ModelError
from action100m.models.vjepa2_preprocess import read_preprocessing

if TYPE_CHECKING:
    from action100m.models.vjepa2 import Device, Precision

_CLASSES: dict[str, Any] = {kind.__name__: kind for kind in (VJEPA2Model, VJEPA2ForVideoClassification)}
"""What a checkpoint may hold; a classifier holds an encoder."""


class VJepa2:
    """Encoder of the protocol in `models.base`. Its vectors for a window vary by float noise with the windows beside it."""

    frame_size = None
    """The checkpoint resizes in its own way."""

    def __init__(self, folder: Path, *, name: str, device: Device, dtype: Precision) -> None:
        """Load a checkpoint's folder.

        Raises:
            CheckpointError: weights, config or preprocessing are missing, broken, or do not fit.
            ModelError: there is no such device, or not enough memory on it.
        """
        self._device, self._dtype = choose_device(device, dtype)
        model = _load_weights(folder, self._dtype)
        self._preprocessing = read_preprocessing(folder)
        if self._preprocessing.crop != model.config.crop_size:
            raise CheckpointError(
                f"{folder}: the preprocessor crops {self._preprocessing.crop} pixels, the model's positions are for {model.config.crop_size}"
            )
        with _explain_out_of_memory():
            self._model = model.requires_grad_(False).eval().to(self._device)
        self.tubelet: int = model.config.tubelet_size
        self.name = f"vjepa2 {name} {str(self._dtype).removeprefix('torch.')}"

    def prepare(self, frames: NDArray[np.uint8]) -> Sequence[torch.Tensor]:
        """Resize, crop, upload and normalise uint8 (n, h, w, 3): n tensors (3, crop, crop) on the device."""
        with _explain_out_of_memory():
            pixels = self._preprocessing.cut(frames).to(self._device)
            return self._preprocessing.normalise(pixels).to(self._dtype).unbind()

    def encode(self, windows: Sequence[Sequence[torch.Tensor]]) -> NDArray[np.float32]:
        """Turn b windows of t prepared frames, whole tubelets, into float32 (b, t // tubelet, d): the mean over space.

        Raises:
            ModelError: memory is short, or a value left the range of the precision.
        """
        with _explain_out_of_memory(), torch.inference_mode():
            pixels = torch.stack([torch.stack(tuple(window)) for window in windows])
            tokens = self._model(pixel_values_videos=pixels, skip_predictor=True).last_hidden_state
            grid = tokens.unflatten(1, (pixels.shape[1] // self.tubelet, -1))  # tokens come time first, then row, then column
            vectors = grid.mean(2, dtype=torch.float32).cpu()
        if not vectors.isfinite().all():
            raise ModelError(f"{self.name} gave NaN or infinity: set vjepa2.dtype to 'bfloat16' or 'float32', whose range is larger")
        array: NDArray[np.float32] = vectors.numpy()
        return array


def choose_device(device: Device, dtype: Precision) -> tuple[torch.device, torch.dtype]:
    """Resolve "auto": half precision on a GPU, if there is one.

    Raises:
        ModelError: a GPU is asked for, but there is none.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise ModelError("vjepa2.device is 'cuda', but PyTorch finds no GPU: install a CUDA build of PyTorch, or set it to 'cpu'")
    on_gpu = torch.cuda.is_available() if device == "auto" else device == "cuda"
    precision = ("float16" if on_gpu else "float32") if dtype == "auto" else dtype
    return torch.device("cuda" if on_gpu else "cpu"), getattr(torch, precision)


def _load_weights(folder: Path, dtype: torch.dtype) -> Any:
    """Return the VJEPA2Model in a folder.

    transformers fills missing weights with random values and reads any model's config as its own, with a warning at most; here both are errors.
    """
    kind = _CLASSES[_read_architecture(folder)]
    try:
        model, report = kind.from_pretrained(folder, dtype=dtype, use_safetensors=True, local_files_only=True, output_loading_info=True)
    except (OSError, ValueError, TypeError, LookupError, RuntimeError, SafetensorError, StrictDataclassError) as error:
        raise CheckpointError(f"cannot load the checkpoint {folder}: {error} Fetch it again") from error
    if misfits := {problem: sorted(map(str, keys)) for problem, keys in report.items() if keys}:
        shown = "; ".join(f"{problem}: {', '.join(keys[:3])} ({len(keys)} in all)" for problem, keys in misfits.items())
        raise CheckpointError(f"the weights in {folder} do not fit its config.json: {shown}. Fetch it again")
    return model.base_model


def _read_architecture(folder: Path) -> str:
    """Return the name of the class that a checkpoint was saved from."""
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        model_type, names = config["model_type"], config.get("architectures") or [VJEPA2Model.__name__]
    except (OSError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise CheckpointError(f"cannot read the checkpoint's {path}: {error}. Fetch the whole checkpoint") from error
    if model_type != "vjepa2" or names[0] not in _CLASSES:
        raise CheckpointError(f"{path} is of a {model_type!r} model ({', '.join(names)}), not of V-JEPA 2 ({' or '.join(_CLASSES)})")
    return str(names[0])


@contextmanager
def _explain_out_of_memory() -> Iterator[None]:
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise ModelError(
            f"the GPU's memory is full: set a smaller embed.batch (windows at a time), or a half-precision vjepa2.dtype. {error}"
        ) from error
