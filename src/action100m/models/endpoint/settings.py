"""What every client of a model server is told: which model, at which addresses, and how patiently."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

from pydantic import ConfigDict

from action100m.errors import ConfigError, MissingPackageError


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """The settings that chat models and captioners behind a server share. Abstract: a stage takes one of the configs made from it."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    model: str
    """The name under which the server has it."""
    base_url: str | tuple[str, ...] = "http://localhost:8000/v1"
    """Address of the server's API, which usually ends in /v1; or several, whose servers share the work: requests that begin alike, as those about
    one video do, go to the same one while it carries no more than its share. A server that cannot be reached rests for a while and is tried again.
    Proxies named in the environment are not used."""
    api_key_env: str = "OPENAI_API_KEY"
    """Environment variable that holds the API key. The key itself is never written anywhere. Servers of your own need none."""
    timeout: float = 600.0
    """Seconds to wait for one reply. They are counted anew whenever the server answers a request that was sent before: so far this one may have
    waited for its turn there. So a server with few slots may be sent many requests, and one that hangs is noticed all the same."""
    deadline: float = 1800.0
    """Seconds after which a request is given up, its turn, all its tries and the waits between them included."""
    retries: int = 5
    """How often a request is sent again when the server is busy (429), fails (5xx), hangs or breaks off. The wait grows from half a second to
    eight, or is what the server asks for in Retry-After, up to a minute."""
    concurrency: int = 64
    """Requests under way at once at each server, and from each worker. Twice as many as it works on at a time keep it busy, and more do no harm:
    they wait there. vLLM and SGLang are at their best with 64 and more. What a small server holds is bounded by `max_tokens_in_flight`. Of several
    servers, one may have a quarter more of both for the sake of its cache, and the others less."""
    max_tokens_in_flight: int = 250_000
    """Tokens of the requests under way at each server, estimated, their replies included. More than its memory for keys and values holds, which
    vLLM prints at its start, makes it drop work and do it again. A request that is larger goes alone."""
    check: bool = True
    """Ask for the server's list of models before work starts. Switch off for servers that have none."""

    def __post_init__(self) -> None:
        if not self.addresses:
            raise ConfigError("endpoint.base_url must be an address or several, got none")
        for address in self.addresses:
            _check_address(address)
        if not self.model:
            raise ConfigError("endpoint.model must be the name of a model, got an empty one")
        for name, least in (("retries", 0), ("concurrency", 1), ("max_tokens_in_flight", 1)):
            refuse_below(least, name, getattr(self, name))
        for name in ("timeout", "deadline"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"endpoint.{name} must be > 0 seconds, got {getattr(self, name)}")

    @property
    def addresses(self) -> tuple[str, ...]:
        """The servers, each once, in the order given."""
        urls = (self.base_url,) if isinstance(self.base_url, str) else self.base_url
        return tuple(dict.fromkeys(url.rstrip("/") for url in urls))


def refuse_below(least: float, name: str, value: float | None) -> None:
    """Raise ConfigError for a value below the least allowed, or NaN; None is not set."""
    if value is not None and not value >= least:
        raise ConfigError(f"endpoint.{name} must be at least {least}, got {value}")


@contextmanager
def naming_missing_packages(config: ServerConfig) -> Iterator[None]:
    """Raise MissingPackageError where what cannot be imported is a package of the extra."""
    try:
        yield
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        if package := {"anyio": "anyio", "h11": "h11", "PIL": "pillow"}.get(module):
            raise MissingPackageError(
                package, extra="endpoint", needed_by=f"the model {config.model!r} behind {', '.join(config.addresses)}"
            ) from error
        raise


def _check_address(url: str) -> None:
    if "@" in url or "?" in url or "#" in url:
        raise ConfigError("endpoint.base_url must hold no credentials or parameters; put the API key into the variable named by api_key_env")
    if not url.startswith(("http://", "https://")):
        raise ConfigError(f"endpoint.base_url must begin with http:// or https://, got {url!r}")
    try:
        has_host = bool(urlsplit(url).hostname) and urlsplit(url).port != 0
    except ValueError:  # a port that is no number, brackets that do not close
        has_host = False
    if not has_host:
        raise ConfigError(f"endpoint.base_url must name a host and may name a port, as in http://localhost:8000/v1, got {url!r}")
