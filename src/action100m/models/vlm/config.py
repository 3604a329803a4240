"""A vision-language model in this process: which checkpoint, how much at once, and what makes its captions others.

Any checkpoint of transformers' image-text-to-text classes that has a chat template will do: SmolVLM2, Qwen3-VL, InternVL (in its -hf form), and the
paper's two (section 3.2), Llama-3.2-Vision for middle frames and Perception-LM for clips, which needs the extra `plm`. Perception-LM sees a clip as
a video; the others see a list of pictures, whose order all but Llama-3.2-Vision see.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from pydantic import ConfigDict

from action100m.errors import ConfigError
from action100m.models.local.checkpoint import Checkpoint, Device, Precision, check_settings, explain_import

if TYPE_CHECKING:
    from action100m.models.vlm.captioner import VlmCaptioner

CHECKPOINT_FILES = ("*.json", "*.safetensors", "*.jinja", "*.txt", "*.model")
"""All that is read of a checkpoint: config, processor, chat template, vocabulary and weights."""
READING: Final = 1
"""Raised when something else is made of what a model writes (how thoughts are taken off, or loops cut), so that captions read in the old way, which a
ledger may hold, are asked for again."""


@dataclass(frozen=True, slots=True)
class VlmConfig:
    """A vision-language model that writes captions."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    kind: Literal["vlm"] = "vlm"
    checkpoint: str = "HuggingFaceTB/SmolVLM2-2.2B-Instruct"
    """Id on the Hugging Face Hub, or a folder."""
    revision: str | None = None
    """Branch, tag or commit on the Hub; None is its main branch. Name a commit where runs must be repeatable."""
    device: Device = "auto"
    """Where it runs; "auto" is the GPU if there is one."""
    dtype: Precision = "auto"
    """Precision of weights and activations; "auto" is bfloat16 on a GPU that knows it, float16 on another, and float32 elsewhere."""
    max_new_tokens: int = 1024
    """Longest caption (paper: 1,024)."""
    temperature: float = 0.0
    """0 takes the likeliest token each time. Above, tokens are drawn, from the same stream of random numbers whenever the same frames and prompt
    are asked about."""
    batch_tokens: int = 32_768
    """Tokens in memory at once: rows of a batch times (longest prompt + max_new_tokens). A request that is longer goes alone. Lower it where the
    GPU's memory is full; when that happens on the way, batches are halved."""
    tiles: bool = True
    """Show a frame that is alone in tiles as well, for models that can (SmolVLM, Idefics3, InternVL, Perception-LM): finer detail for more tokens.
    The frames of a clip never are: 32 of them would not fit the context."""

    def __post_init__(self) -> None:
        check_settings(self.kind, checkpoint=self.checkpoint, device=self.device, dtype=self.dtype)
        for name in ("max_new_tokens", "batch_tokens"):
            if getattr(self, name) < 1:
                raise ConfigError(f"vlm.{name} must be at least 1, got {getattr(self, name)}")
        if not 0 <= self.temperature < float("inf"):
            raise ConfigError(f"vlm.temperature must be 0 (greedy) or more, got {self.temperature}")

    def identity(self) -> dict[str, Any]:
        """Return all that captions depend on: for a folder the digest of its files, wherever it lies, else id and revision.

        Raises:
            CheckpointError: there is no such folder, or its files cannot be read.
            ConfigError: a revision is given for a folder.
        """
        names = ("kind", "dtype", "max_new_tokens", "temperature", "tiles")
        return {name: getattr(self, name) for name in names} | self._source().identity() | {"reading": READING}

    def load(self) -> VlmCaptioner:
        """Return the captioner, with the weights on its device, after a rehearsal of the processor.

        Raises:
            MissingPackageError: a package of the extra is not installed.
            CheckpointError: weights, processor or chat template are missing, broken, or of another kind of model.
            ModelError: there is no such device, or not enough memory on it.
        """
        try:
            from action100m.models.vlm.captioner import VlmCaptioner
        except ImportError as error:
            raise explain_import(error, extra="vlm", needed_by="a vision-language model", packages=("PIL", "jinja2")) from error
        folder, name = self._source().fetch()
        return VlmCaptioner(folder, self, name=name)

    def _source(self) -> Checkpoint:
        return Checkpoint(self.checkpoint, self.revision, self.kind, example="HuggingFaceTB/SmolVLM2-2.2B-Instruct", files=CHECKPOINT_FILES)
