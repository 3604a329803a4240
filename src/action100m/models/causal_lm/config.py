"""A reasoning model in this process: which checkpoint, and how it writes. Weights and PyTorch are touched by `load` only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from pydantic import ConfigDict

from action100m.errors import ConfigError
from action100m.models.local.checkpoint import Checkpoint, Device, Precision, check_settings, explain_import

if TYPE_CHECKING:
    from action100m.models.causal_lm.chat_model import CausalLM

_FILES: Final = ("*.json", "*.jinja", "*.safetensors")
"""Config, tokenizer.json, chat template, weights."""


@dataclass(frozen=True, slots=True)
class CausalLMConfig:
    """A small language model of transformers, whose replies are held to their JSON schema while it writes them. Large ones belong behind a server."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    kind: Literal["causal_lm"] = "causal_lm"
    checkpoint: str = "Qwen/Qwen3-1.7B"
    """Id on the Hugging Face Hub, or a folder. It needs a tokenizer.json and a chat template."""
    revision: str | None = None
    """Branch, tag or commit on the Hub; None is its main branch. Name a commit where runs must be repeatable."""
    device: Device = "auto"
    """Where it runs; "auto" is the GPU if there is one."""
    dtype: Precision = "auto"
    """Precision of weights and activations; "auto" is bfloat16 on a GPU that knows it, whose range language models are trained for, and
    float32 elsewhere. In half precision a reply may vary with the requests beside it."""
    max_new_tokens: int = 4096
    """Longest reply, thoughts included; shorter where the model's context ends before."""
    temperature: float = 0.0
    """0 always takes the likeliest token; above, tokens are drawn, 1 being as likely as the model says."""
    seed: int = 0
    """Of the draws. A request's draws depend on it and on what is asked, not on the requests beside it."""
    thinking: bool | None = None
    """For chat templates that can switch thinking on and off (Qwen3, SmolLM3); None leaves it to the template."""
    thinking_end: str | None = None
    """Text that ends what the model thinks before it answers, such as "</think>". None finds it from the chat template, which works for
    <think> tags and harmony channels. The schema holds what comes after it."""
    batch_tokens: int = 16_384
    """Tokens in memory at once, over all conversations of a batch: their prompts, padded to the longest, and room for their replies. A
    conversation that is longer goes alone. Lower it where the GPU's memory is full; when that happens on the way, batches are halved."""

    def __post_init__(self) -> None:
        check_settings(self.kind, checkpoint=self.checkpoint, device=self.device, dtype=self.dtype)
        for name, least in (("max_new_tokens", 1), ("temperature", 0), ("batch_tokens", 1)):
            if not getattr(self, name) >= least:
                raise ConfigError(f"causal_lm.{name} must be at least {least}, got {getattr(self, name)}")
        if self.thinking_end is not None and not self.thinking_end.strip():
            raise ConfigError(f"causal_lm.thinking_end must be a text such as '</think>', got {self.thinking_end!r}; leave it out to have it found")

    def identity(self) -> dict[str, Any]:
        """Return all that the replies depend on.

        Raises:
            CheckpointError: there is no such folder, or its files cannot be read.
            ConfigError: a revision is given for a folder.
        """
        settings = {name: getattr(self, name) for name in ("dtype", "max_new_tokens", "temperature", "thinking", "thinking_end")}
        return {"kind": self.kind, **self._source().identity(), **settings, "seed": self.seed if self.temperature > 0 else None}

    def load(self) -> CausalLM:
        """Return the chat model, with the weights on its device.

        Raises:
            MissingPackageError: PyTorch, transformers or llguidance is not installed.
            CheckpointError: weights, config, tokenizer or chat template are missing, broken, or those of another kind of model.
            ConfigError: a setting does not fit the chat template.
            ModelError: there is no such device, or too little memory on it.
        """
        try:
            from action100m.models.causal_lm.chat_model import CausalLM
        except ImportError as error:
            raise explain_import(error, extra="reasoner", needed_by="a language model", packages=("llguidance", "jinja2")) from error
        folder, name = self._source().fetch()
        return CausalLM(folder, self, name=name)

    def _source(self) -> Checkpoint:
        return Checkpoint(self.checkpoint, self.revision, self.kind, example="Qwen/Qwen3-1.7B", files=_FILES)
