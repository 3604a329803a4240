"""V-JEPA 2: which checkpoint, where it lies, and what makes it another one. Weights and PyTorch are touched by `load` only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import ConfigDict

from action100m.models.local.checkpoint import Checkpoint, Device, Precision, check_settings, explain_import

if TYPE_CHECKING:
    from action100m.models.vjepa2.encoder import VJepa2

CHECKPOINT_FILES = ("*.json", "*.safetensors")
"""All that is read of a checkpoint."""


@dataclass(frozen=True, slots=True)
class VJepa2Config:
    """A V-JEPA 2 encoder; its predictor, and a classifier on top, are not used."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    kind: Literal["vjepa2"] = "vjepa2"
    checkpoint: str = "facebook/vjepa2-vitg-fpc64-384"
    """Id on the Hugging Face Hub, or a folder. The default is the paper's (section 3.1)."""
    revision: str | None = None
    """Branch, tag or commit on the Hub; None is its main branch. Name a commit where runs must be repeatable."""
    device: Device = "auto"
    """Where it runs; "auto" is the GPU if there is one."""
    dtype: Precision = "auto"
    """Precision of weights and activations; "auto" is float16 on a GPU, whose rounding of positions is 8 times finer than bfloat16's, and
    float32 elsewhere. Name one where a run moves between machines with and without a GPU: vectors in float16 differ from the
    fourth digit on, in bfloat16 from the third."""

    def __post_init__(self) -> None:
        check_settings(self.kind, checkpoint=self.checkpoint, device=self.device, dtype=self.dtype)

    def identity(self) -> dict[str, Any]:
        """Return all that the vectors depend on: for a folder the digest of its files, wherever it lies, else id and revision.

        Raises:
            CheckpointError: there is no such folder, or its files cannot be read.
            ConfigError: a revision is given for a folder.
        """
        return {"kind": self.kind, **self._source().identity(), "dtype": self.dtype}

    def load(self) -> VJepa2:
        """Return the encoder, with the weights on its device.

        Raises:
            MissingPackageError: PyTorch or transformers is not installed.
            CheckpointError: weights or config are missing, broken, or those of another model. Nothing is filled with random values.
        """
        try:
            from action100m.models.vjepa2.encoder import VJepa2
        except ImportError as error:
            raise explain_import(error, extra="vjepa2", needed_by="V-JEPA 2") from error
        folder, name = self._source().fetch()
        return VJepa2(folder, name=name, device=self.device, dtype=self.dtype)

    def _source(self) -> Checkpoint:
        return Checkpoint(self.checkpoint, self.revision, self.kind, example="facebook/vjepa2-vitl-fpc64-256", files=CHECKPOINT_FILES)
