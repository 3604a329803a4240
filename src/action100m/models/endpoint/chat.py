"""A chat model behind a server that speaks the OpenAI chat protocol: vLLM, SGLang, llama.cpp, Ollama, a hosted one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from action100m.models.endpoint.settings import ServerConfig, naming_missing_packages, refuse_below

if TYPE_CHECKING:
    from action100m.models.endpoint.chat_model import Endpoint


_READING = 2
"""Raised when the same reply of a server comes to be read as another text: the ledger keeps what was read."""


@dataclass(frozen=True, slots=True)
class EndpointConfig(ServerConfig):
    """A reasoning model. The defaults are the paper's behind vLLM on this machine: `vllm serve openai/gpt-oss-120b`."""

    kind: Literal["endpoint"] = "endpoint"
    model: str = "openai/gpt-oss-120b"
    """The name under which the server has it."""
    temperature: float | None = None
    """None leaves it to the server. The paper does not tell."""
    max_tokens: int | None = 16_384
    """Longest reply, reasoning included. None sends no limit, for servers that do not know the parameter by this name."""

    def __post_init__(self) -> None:
        ServerConfig.__post_init__(self)
        refuse_below(0, "temperature", self.temperature)
        refuse_below(1, "max_tokens", self.max_tokens)

    def identity(self) -> dict[str, Any]:
        """Return what the replies depend on. How they are fetched is left out: another address must not make finished work stale."""
        return {"kind": self.kind, "model": self.model, "temperature": self.temperature, "max_tokens": self.max_tokens, "reading": _READING}

    def load(self) -> Endpoint:
        """Return the client, having asked the servers for their models if `check` is set.

        Raises:
            MissingPackageError: a package of the extra `endpoint` is not installed.
            EndpointError: no server answers, or one refuses the key or lacks the model.
        """
        with naming_missing_packages(self):
            from action100m.models.endpoint.chat_model import Endpoint

        return Endpoint(self)
