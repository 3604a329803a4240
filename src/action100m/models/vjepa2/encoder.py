"""V-JEPA 2 at work: windows of frames in, one vector for each tubelet out (paper section 3.1).

Imports PyTorch and transformers; only `VJepa2Config.load` imports this.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import VJEPA2ForVideoClassification, VJEPA2Model

from action100m.errors import CheckpointError, ModelError
from action100m.models.local.checkpoint import read_architecture
from action100m.models.local.weights import choose_device, load_weights, place
from action100m.models.vjepa2.preprocess import read_preprocessing

if TYPE_CHECKING:
    from action100m.models.local.checkpoint import Device, Precision

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
        self._device, self._dtype = choose_device(device, dtype, kind="vjepa2", half="float16")
        model = _load_weights(folder, self._dtype)
        self._preprocessing = read_preprocessing(folder)
        if self._preprocessing.crop != model.config.crop_size:
            raise CheckpointError(
                f"{folder}: the preprocessor crops {self._preprocessing.crop} pixels, the model's positions are for {model.config.crop_size}"
            )
        self._model = place(model, self._device, kind="vjepa2")
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


def _load_weights(folder: Path, dtype: torch.dtype) -> Any:
    """Return the VJEPA2Model in a folder. transformers reads any model's config as its own; here that is an error."""
    kind, name = read_architecture(folder)
    name = name or VJEPA2Model.__name__
    if kind != "vjepa2" or name not in _CLASSES:
        raise CheckpointError(f"{folder / 'config.json'} is of a {kind!r} model ({name}), not of V-JEPA 2 ({' or '.join(_CLASSES)})")
    return load_weights(_CLASSES[name], folder, dtype).base_model


@contextmanager
def _explain_out_of_memory() -> Iterator[None]:
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise ModelError(
            f"the GPU's memory is full: set a smaller embed.batch (windows at a time), or a half-precision vjepa2.dtype. {error}"
        ) from error
