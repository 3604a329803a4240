"""What can go wrong when a server is asked once, whether it may pass, and how to tell it.

An answer of the server is quoted, the API key in it is not.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final, Literal

from action100m.errors import EndpointError
from action100m.models.endpoint.settings import ServerConfig
from action100m.text import mend

Kind = Literal["unreachable", "broken", "slow", "status", "foreign"]
"""No connection came about; it broke off; no answer in time; an error of the protocol; an answer in no known shape."""

_LONGEST_QUOTE: Final = 300
"""Characters of a server's message that are passed on: it may be a whole HTML page."""
_PASSING: Final = frozenset({408, 409, 425, 429})
"""Statuses below 500 that may be others the next time."""
_REFUSED_REQUEST: Final = frozenset({400, 413, 422})
"""Statuses that blame the request, not the server: most often it is longer than the model's context."""
_FIRST_WAIT: Final = 0.5
_LONGEST_WAIT: Final = 8.0
_LONGEST_RETRY_AFTER: Final = 60.0


class Trouble(Exception):  # noqa: N818 (it becomes an EndpointError once it is known to be one)
    """One try that brought no reply."""

    def __init__(self, kind: Kind, words: str, *, status: int | None = None, retry_after: str | None = None) -> None:
        super().__init__(words)
        self.kind = kind
        self.status = status
        self.retry_after = read_retry_after(retry_after)

    @property
    def may_pass(self) -> bool:
        """Whether the same request may succeed later."""
        if self.status is not None:
            return self.status in _PASSING or self.status >= 500
        return True  # also an answer in no known shape: a body may be cut off, or a proxy speak for the server

    @property
    def blames_request(self) -> bool:
        """Whether the server refuses the request itself."""
        return self.status in _REFUSED_REQUEST

    @property
    def blames_nobody(self) -> bool:
        """Whether the request may be to blame as much as the server: it fails, breaks off, or answers in another shape."""
        return self.status is None or self.status >= 500


def read_retry_after(value: str | None) -> float:
    """Return the seconds that a server asks to wait, told as seconds or as a date, between 0 and a minute; 0 where it asks for nothing."""
    try:
        seconds = float(value or 0)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value or "").timestamp() - time.time()
        except ValueError:
            return 0.0
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER) if seconds == seconds else 0.0


def wait_before_retry(retries: int, retry_after: float) -> float:
    """Return seconds to wait before a request is sent again: twice as long each time, up to a quarter shorter by chance, so that they spread."""
    grown = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(retries, 16))
    return max(retry_after, grown * (1 - 0.25 * random.random()))


@dataclass(frozen=True, slots=True)
class Explainer:
    """Turns troubles into errors that say what is wrong and what to do about it, without the key."""

    config: ServerConfig
    api_key: str | None

    def explain(self, trouble: Trouble, url: str, *, retries: int = 0) -> EndpointError:
        """Return the error to raise after so many retries."""
        config, quote = self.config, self.quote(trouble)
        match trouble.kind, trouble.status:
            case "slow", _:
                return EndpointError(f"{url} did not answer {quote}, also after {retries} retries; raise endpoint.timeout or endpoint.deadline")
            case (("unreachable" | "broken"), _):
                cure = f"start the server (such as: vllm serve {config.model}) or correct endpoint.base_url"
                return EndpointError(f"nothing answers at {url}, or it breaks off ({quote}); {cure}")
            case _, 401 | 403:
                state = "is set, but refused" if self.api_key else "is not set"
                return EndpointError(f"{url} wants another API key: the variable {config.api_key_env} {state} ({quote})")
            case _, 404:
                cure = "correct endpoint.model, or endpoint.base_url, which usually ends in /v1"
                return EndpointError(f"{url} does not know the model {config.model!r} or this address ({quote}); {cure}")
            case "status", _:
                return EndpointError(f"{url} answers with error {trouble.status} also after {retries} retries: {quote}")
        return EndpointError(f"{url} answers with something that is no chat completion ({quote}); correct endpoint.base_url")

    def quote(self, error: Exception) -> str:
        """Return a server's words in one line, not too long."""
        text = mend(" ".join(str(error).split()))
        text = text.replace(self.api_key, "(the key)") if self.api_key else text
        return text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + "…"
