"""Text encoders of sentence-transformers at work: texts in, vectors of length 1 out.

Imports PyTorch and sentence-transformers; only the configs' `load` imports this.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from action100m.errors import CheckpointError, ConfigError, ModelError
from action100m.models.local.weights import BROKEN, check_room, choose_device

if TYPE_CHECKING:
    from action100m.models.text.sentence import SentenceConfig

_CHARACTERS_PER_TOKEN: Final = 64
"""More than any usual token has. What is farther on would be tokenised, which takes seconds for megabytes, and then be cut off."""
_UNUSED: Final = "pooler."
"""BERT's own pooling layer, which sentence-transformers does not use, and which is missing in many of its checkpoints."""


class SentenceEncoder:
    """TextEncoder of the protocol in `models.base`. A vector varies by float noise with the texts beside it."""

    def __init__(self, folder: Path, config: SentenceConfig, *, name: str) -> None:
        """Load a checkpoint's folder.

        Raises:
            CheckpointError: files are missing, broken, or of another kind of model.
            ConfigError: the checkpoint has no vectors as long as `dimensions`.
            ModelError: there is no such device, or not enough memory on it.
        """
        device, dtype = choose_device(config.device, config.dtype, kind=config.kind, half="bfloat16")
        check_room(folder, device, dtype, kind=config.kind)
        self._model = _load(folder, device, dtype)
        self._prompt = _find_prompt(self._model.prompts) if config.prompt is None else config.prompt
        self._batch = config.batch
        self._longest = _CHARACTERS_PER_TOKEN * (self._model.max_seq_length or 8192)
        self.width = _check_width(self._model.get_embedding_dimension(), config.dimensions, folder)
        settings = [str(dtype).removeprefix("torch."), *([f"prompt {self._prompt!r}"] if self._prompt else [])]
        self.name = " ".join([name, *settings, f"width {self.width}"])

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Turn n texts into float32 (n, width), each row of length 1.

        Raises:
            ModelError: the GPU's memory is full, or a text has no vector: its tokens are none, or a value left the range of the precision.
        """
        if not texts:
            return np.empty((0, self.width), np.float32)
        found = self._run([text[: self._longest] for text in texts])[:, : self.width]
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        if (bad := np.flatnonzero(~(np.isfinite(lengths[:, 0]) & (lengths[:, 0] > 0)))).size:
            raise ModelError(
                f"{self.name} gives no vector for the text {texts[bad[0]][:80]!r} ({bad.size} of {len(texts)}): leave out empty texts; "
                "if it is not empty, set dtype to 'float32', whose range is larger"
            )
        vectors: NDArray[np.float32] = found / lengths
        return vectors

    def _run(self, texts: list[str]) -> NDArray[np.float32]:
        try:
            found = self._model.encode(texts, prompt=self._prompt, batch_size=self._batch, convert_to_tensor=True, show_progress_bar=False)
        except torch.OutOfMemoryError as error:
            raise ModelError(f"the GPU's memory is full: set a smaller batch than {self._batch} texts. {error}") from error
        array: NDArray[np.float32] = found.float().cpu().numpy()
        return array


def _load(folder: Path, device: torch.device, dtype: torch.dtype) -> SentenceTransformer:
    if not (folder / "modules.json").is_file():
        raise CheckpointError(f"{folder} has no modules.json, so it is no checkpoint of sentence-transformers, or not whole: fetch it again")
    settings = {"dtype": dtype, "use_safetensors": True}
    try:
        model = SentenceTransformer(str(folder), device=str(device), local_files_only=True, trust_remote_code=False, model_kwargs=settings)
        _check_weights(model, folder, dtype)
    except torch.OutOfMemoryError as error:
        raise ModelError(f"the GPU's memory is full: set sentence.checkpoint to a smaller model. {error}") from error
    except (ImportError, *BROKEN) as error:  # ImportError: code that the checkpoint brings along, which is never run
        raise CheckpointError(f"cannot load the checkpoint {folder}: {error} Fetch it again, with weights in safetensors") from error
    return model.requires_grad_(False).eval()


def _check_weights(model: SentenceTransformer, folder: Path, dtype: torch.dtype) -> None:
    """Refuse weights that lack some of what the model needs. sentence-transformers does not tell, so transformers reads them once more."""
    inner: Any = model.transformers_model
    if inner is None:
        return  # made of other layers, such as word vectors, which read their weights to the last key
    _, report = type(inner).from_pretrained(folder, dtype=dtype, use_safetensors=True, local_files_only=True, output_loading_info=True)
    lacking = [str(key) for key in (*report["missing_keys"], *report["mismatched_keys"]) if not str(key).startswith(_UNUSED)]
    if lacking:
        raise CheckpointError(f"the weights in {folder} lack {', '.join(sorted(lacking)[:3])} ({len(lacking)} in all). Fetch them again")


def _find_prompt(prompts: dict[str, str | None]) -> str:
    """Return what the checkpoint wants before texts that are to be grouped; names are written in upper and lower case."""
    return next((prompt for name, prompt in prompts.items() if name.casefold() == "clustering"), None) or ""


def _check_width(width: int | None, wanted: int | None, folder: Path) -> int:
    if width is None:
        raise CheckpointError(f"{folder} does not tell how long its vectors are: it is no text encoder of sentence-transformers")
    if wanted is not None and wanted > width:
        raise ConfigError(f"sentence.dimensions must be at most {width}, as long as the vectors of {folder.name} are, got {wanted}")
    return wanted or width
