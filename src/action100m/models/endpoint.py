"""A chat model behind a server that speaks the OpenAI chat protocol: vLLM, SGLang, llama.cpp, Ollama, a hosted one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import ConfigDict

from action100m.errors import ConfigError, MissingPackageError

if TYPE_CHECKING:
    from action100m.models.endpoint_client import Endpoint


@dataclass(frozen=True, slots=True)
class EndpointConfig:
    """Which model, where, and how patiently. The defaults are the paper's model behind vLLM on this machine: `vllm serve openai/gpt-oss-120b`."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    kind: Literal["endpoint"] = "endpoint"
    model: str = "openai/gpt-oss-120b"
    """The name under which the server has it."""
    base_url: str = "http://localhost:8000/v1"
    """Address of the server's API, which usually ends in /v1."""
    api_key_env: str = "OPENAI_API_KEY"
    """Environment variable that holds the API key. The key itself is never written anywhere. Servers of your own need none."""
    temperature: float | None = None
    """None leaves it to the server. The paper does not tell."""
    max_tokens: int | None = 16_384
    """Longest reply, reasoning included. None sends no limit, for servers that do not know the parameter by this name."""
    timeout: float = 600.0
    """Seconds to wait for one reply."""
    retries: int = 5
    """How often a request is sent again when the server is busy (429), fails (5xx), hangs or breaks off. The wait grows from half a second to
    eight, or is what the server asks for in Retry-After."""
    concurrency: int = 16
    """Requests under way at once."""
    check: bool = True
    """Ask for the server's list of models before work starts. Switch off for servers that have none."""

    def __post_init__(self) -> None:
        if not self.base_url.startswith(("http://", "https://")):
            raise ConfigError(f"endpoint.base_url must begin with http:// or https://, got {self.base_url!r}")
        if "@" in self.base_url or "?" in self.base_url:
            raise ConfigError("endpoint.base_url must hold no credentials or parameters; put the API key into the variable named by api_key_env")
        if not self.model:
            raise ConfigError("endpoint.model must be the name of a model, got an empty one")
        for name, least in (("max_tokens", 1), ("retries", 0), ("concurrency", 1), ("temperature", 0)):
            value = getattr(self, name)
            if value is not None and not value >= least:
                raise ConfigError(f"endpoint.{name} must be at least {least}, got {value}")
        if not self.timeout > 0:
            raise ConfigError(f"endpoint.timeout must be > 0 seconds, got {self.timeout}")

    def identity(self) -> dict[str, Any]:
        """Return all that the replies depend on. Where the server stands and how it is asked is not part of it."""
        return {"kind": self.kind, "model": self.model, "temperature": self.temperature, "max_tokens": self.max_tokens}

    def load(self) -> Endpoint:
        """Return the client, having asked the server for its models if `check` is set.

        Raises:
            MissingPackageError: the package openai is not installed.
            EndpointError: the server does not answer, refuses the key, or lacks the model.
        """
        try:
            from action100m.models.endpoint_client import Endpoint
        except ModuleNotFoundError as error:
            if error.name not in {"openai", "anyio"}:
                raise
            raise MissingPackageError("openai", extra="endpoint", needed_by=f"the model {self.model!r} behind {self.base_url}") from error
        endpoint = Endpoint(self, api_key=os.environ.get(self.api_key_env))
        if self.check:
            endpoint.check()
        return endpoint
