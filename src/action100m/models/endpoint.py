"""A chat model behind a server that speaks the OpenAI chat protocol: vLLM, SGLang, llama.cpp, Ollama, a hosted one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from action100m.models.endpoint_settings import ServerConfig, refuse_below, refuse_missing_package

if TYPE_CHECKING:
    from action100m.models.endpoint_chat import Endpoint


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
        return {"kind": self.kind, "model": self.model, "temperature": self.temperature, "max_tokens": self.max_tokens}

    def load(self) -> Endpoint:
        """Return the client, having asked the servers for their models if `check` is set.

        Raises:
            MissingPackageError: a package of the extra `endpoint` is not installed.
            EndpointError: no server answers, or one refuses the key or lacks the model.
        """
        try:
            from action100m.models.endpoint_chat import Endpoint
        except ModuleNotFoundError as error:
            refuse_missing_package(error, self)
            raise
        endpoint = Endpoint(self, api_key=os.environ.get(self.api_key_env))
        if self.check:
            endpoint.check()
        return endpoint
