"""A vision-language model behind a server that speaks the OpenAI chat protocol, as a captioner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from action100m.errors import ConfigError
from action100m.models.endpoint.settings import ServerConfig, naming_missing_packages, refuse_below

if TYPE_CHECKING:
    from action100m.models.endpoint.captioner import EndpointCaptioner

ShownAs = Literal["frames", "clip"]

_READING = 2
"""Raised when the same reply of a server comes to be read as another caption: the ledger keeps what was read, without its thoughts and loops."""


@dataclass(frozen=True, slots=True)
class CaptionEndpointConfig(ServerConfig):
    """A captioner, behind vLLM on this machine unless told otherwise: `vllm serve Qwen/Qwen3-VL-8B-Instruct`."""

    kind: Literal["endpoint"] = "endpoint"
    model: str = "Qwen/Qwen3-VL-8B-Instruct"
    """The name under which the server has it."""
    temperature: float | None = 0.0
    """0 takes the likeliest token each time. None leaves it to the server."""
    max_tokens: int | None = 1024
    """Longest caption (paper: 1,024). None sends no limit, for servers that do not know the parameter by this name."""
    video: ShownAs = "frames"
    """How a clip is shown: "frames", a list of pictures in the order of time, which every server takes; "clip", a short H.264 video with each frame
    at its time, for servers that take `video_url` (vLLM, SGLang). They may show the model fewer frames of it, at times of their choice. A frame
    that is alone is always a picture."""
    tell_times: bool = False
    """Whether each picture of a list is preceded by its time, as text. Captions then tell times; the released ones do not."""
    jpeg_quality: int = 90
    """Of the pictures, from 1 to 95."""

    def __post_init__(self) -> None:
        ServerConfig.__post_init__(self)
        refuse_below(0, "temperature", self.temperature)
        refuse_below(1, "max_tokens", self.max_tokens)
        if self.video not in get_args(ShownAs):
            raise ConfigError(f"endpoint.video must be one of {get_args(ShownAs)}, got {self.video!r}")
        if not 1 <= self.jpeg_quality <= 95:
            raise ConfigError(f"endpoint.jpeg_quality must be from 1 to 95, got {self.jpeg_quality}")

    def identity(self) -> dict[str, Any]:
        """Return what the captions depend on. How they are fetched is left out: another address must not make finished work stale."""
        names = ("kind", "model", "temperature", "max_tokens", "video", "tell_times", "jpeg_quality")
        return {name: getattr(self, name) for name in names} | {"reading": _READING}

    def load(self) -> EndpointCaptioner:
        """Return the client, having asked the servers for their models if `check` is set.

        Raises:
            MissingPackageError: a package of the extra `endpoint` is not installed.
            EndpointError: no server answers, or one refuses the key or lacks the model.
        """
        with naming_missing_packages(self):
            from action100m.models.endpoint.captioner import EndpointCaptioner

        return EndpointCaptioner(self)
