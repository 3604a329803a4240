"""Any sentence-transformers model: which checkpoint, and what is put before every text. Weights and PyTorch are touched by `load` only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from pydantic import ConfigDict

from action100m.errors import ConfigError
from action100m.models.local.checkpoint import Checkpoint, Device, Precision, check_settings, explain_import

if TYPE_CHECKING:
    from action100m.models.text.encoder import SentenceEncoder

_FILES: Final = ("*.json", "*.txt", "*.model", "*.safetensors", "*/*.json", "*/*.safetensors")
"""Config, tokenizer, weights; and the same of pooling and dense layers, which have folders of their own."""


@dataclass(frozen=True, slots=True)
class SentenceConfig:
    """A text encoder in the format of sentence-transformers."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    kind: Literal["sentence"] = "sentence"
    checkpoint: str = "google/embeddinggemma-300m"
    """Id on the Hugging Face Hub, or a folder. The default is the paper's (section 5.4); its terms have to be accepted on the Hub."""
    revision: str | None = None
    """Branch, tag or commit on the Hub; None is its main branch. Name a commit where vectors must be repeatable."""
    prompt: str | None = None
    """Put before every text. None: the prompt that the checkpoint names "clustering", if it has one."""
    dimensions: int | None = None
    """Keep so many numbers of a vector, for checkpoints that are trained for that (EmbeddingGemma: 512, 256, 128); None keeps all."""
    device: Device = "auto"
    """Where it runs; "auto" is the GPU if there is one."""
    dtype: Precision = "auto"
    """Precision of weights and activations; "auto" is bfloat16 on a GPU that knows it, since EmbeddingGemma leaves the range of float16, and
    float32 elsewhere. Vectors in bfloat16 differ from the third digit on."""
    batch: int = 128
    """Texts at a time. Texts of like length go together, so that little is padded."""

    def __post_init__(self) -> None:
        check_settings(self.kind, checkpoint=self.checkpoint, device=self.device, dtype=self.dtype)
        for name in ("dimensions", "batch"):
            if (value := getattr(self, name)) is not None and value < 1:
                raise ConfigError(f"sentence.{name} must be at least 1, got {value}")

    def identity(self) -> dict[str, Any]:
        """Return all that the vectors depend on: for a folder the digest of its files, wherever it lies, else id and revision.

        Raises:
            CheckpointError: there is no such folder, or its files cannot be read.
            ConfigError: a revision is given for a folder.
        """
        return {"kind": self.kind, **self._source().identity(), **{name: getattr(self, name) for name in ("prompt", "dimensions", "dtype")}}

    def load(self) -> SentenceEncoder:
        """Return the encoder, with the weights on its device.

        Raises:
            MissingPackageError: sentence-transformers or PyTorch is not installed.
            CheckpointError: the checkpoint is gated, missing, broken, or of another kind of model. Nothing is filled with random values.
            ConfigError: it has no vectors as long as `dimensions`.
            ModelError: there is no such device, or not enough memory on it.
        """
        try:
            from action100m.models.text.encoder import SentenceEncoder
        except ImportError as error:
            raise explain_import(error, extra="text", needed_by="a text encoder", packages=("sentence_transformers",)) from error
        folder, name = self._source().fetch()
        return SentenceEncoder(folder, self, name=f"sentence {name}")

    def _source(self) -> Checkpoint:
        return Checkpoint(self.checkpoint, self.revision, self.kind, example="google/embeddinggemma-300m", files=_FILES)
