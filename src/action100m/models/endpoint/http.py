"""One request to a server, over a connection of its own.

A connection that serves several requests can swap their replies: after a server, or a proxy before it, sends one reply twice, each request reads
the reply to the one before it. Here nothing can arrive on a connection but the reply to its only request. It costs a handshake for each reply that
a model thinks about for seconds: 0.4 ms of CPU in all, where the common clients that keep connections were measured at 0.6 to 1.5 ms.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import urlsplit

import h11

from action100m.models.endpoint.trouble import Trouble

_CONNECT_SECONDS: Final = 10.0
_LARGEST_REPLY: Final = 64 << 20
"""Bytes. A model writes some hundred thousand at most."""


@dataclass(slots=True, eq=False)
class Patience:
    """How long to wait for one reply."""

    timeout: float
    """Seconds from `sent`, or `since` if it is later."""
    until: float
    """Monotonic seconds at which waiting ends, come what may."""
    sent: float = field(default_factory=time.monotonic)
    """Monotonic seconds."""
    since: float = 0.0
    """Until then, in monotonic seconds, the request may have waited for its turn: the server has answered one that was sent before."""

    @property
    def limit(self) -> float:
        """Seconds, at the least."""
        return min(self.timeout, self.until - self.sent)

    @property
    def left(self) -> float:
        """Seconds."""
        return min(max(self.sent, self.since) + self.timeout, self.until) - time.monotonic()


class Address:
    """Where a server's API is."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        parts = urlsplit(url)
        self._host, self._path = parts.hostname or "", parts.path.rstrip("/")
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._headers = {"Host": parts.netloc, "Connection": "close", "Accept": "application/json", **headers}

    async def send(self, method: Literal["GET", "POST"], path: str, body: bytes = b"", *, patience: Patience) -> bytes:
        """Return the body of a reply of status 200.

        Raises:
            Trouble: there is none.
        """
        exchange, seconds = _Exchange(self._events(method, path, body), patience), patience.limit
        try:
            transport = await self._connect(exchange, seconds=min(_CONNECT_SECONDS, seconds))
            try:
                response, content = await exchange.reply
            finally:
                transport.abort()  # a polite end would wait for the server
        except TimeoutError:
            raise Trouble("slow", f"within {seconds:g} s") from None
        except (OSError, EOFError, h11.RemoteProtocolError) as error:
            raise Trouble("broken", str(error) or type(error).__name__) from None
        finally:
            exchange.end()
        if response.status_code != 200:
            asked_wait = dict(response.headers).get(b"retry-after", b"").decode("latin-1")
            raise Trouble("status", _read_words(content), status=response.status_code, retry_after=asked_wait)
        return content

    async def _connect(self, exchange: _Exchange, *, seconds: float) -> asyncio.Transport:
        try:
            async with asyncio.timeout(seconds):
                transport, _ = await asyncio.get_running_loop().create_connection(lambda: exchange, self._host, self._port, ssl=self._tls)
                return transport
        except TimeoutError:
            raise Trouble("unreachable", f"it takes no connection within {seconds:g} s") from None
        except (OSError, UnicodeError) as error:
            raise Trouble("unreachable", str(error) or type(error).__name__) from None

    def _events(self, method: Literal["GET", "POST"], path: str, body: bytes) -> list[h11.Event]:
        headers = {**self._headers, "Content-Type": "application/json", "Content-Length": str(len(body))}
        request = h11.Request(method=method, target=f"{self._path}/{path}", headers=list(headers.items()))
        return [request, h11.Data(data=body), h11.EndOfMessage()]


class _Exchange(asyncio.Protocol):
    """Sends a request once there is a connection, and reads one reply. A fifth lighter than asyncio's streams."""

    def __init__(self, request: list[h11.Event], patience: Patience) -> None:
        self._loop = asyncio.get_running_loop()
        self.reply: asyncio.Future[tuple[h11.Response, bytes]] = self._loop.create_future()
        self._protocol = h11.Connection(h11.CLIENT)
        self._request = b"".join(self._protocol.send(event) or b"" for event in request)
        self._head: h11.Response | None = None
        self._body = bytearray()
        self._patience = patience
        self._alarm: asyncio.TimerHandle | None = None

    def end(self) -> None:
        """Wait no longer."""
        self.reply.cancel()
        if self._alarm:
            self._alarm.cancel()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(self._request)
        self._keep_waiting()

    def _keep_waiting(self) -> None:
        if (left := self._patience.left) > 0:
            self._alarm = self._loop.call_later(left, self._keep_waiting)
        elif not self.reply.done():
            self.reply.set_exception(TimeoutError())

    def data_received(self, data: bytes) -> None:
        self._read(data)

    def eof_received(self) -> None:
        self._read(b"")

    def connection_lost(self, error: Exception | None) -> None:
        if not self.reply.done():
            self.reply.set_exception(error or EOFError("the connection was closed without a reply"))

    def _read(self, data: bytes) -> None:
        if self.reply.done():  # a reply that is sent twice is read once
            return
        try:
            self._protocol.receive_data(data)
            while (event := self._protocol.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
                match event:
                    case h11.Response():
                        self._head = event
                    case h11.Data():
                        self._body += event.data
                    case h11.EndOfMessage() if self._head:
                        self.reply.set_result((self._head, bytes(self._body)))
                        return
                    case h11.ConnectionClosed():
                        raise EOFError("the connection was closed without a reply")
                if len(self._body) > _LARGEST_REPLY:
                    raise Trouble("foreign", f"more than {_LARGEST_REPLY >> 20} MiB")
        except (h11.RemoteProtocolError, EOFError, Trouble) as error:
            self.reply.set_exception(error)


def _read_words(body: bytes) -> str:
    """Return the message of an error, which servers tell in several shapes."""
    try:
        value = json.loads(body)
        error = value.get("error", value)
        return str(error["message"] if isinstance(error, dict) else error)
    except (ValueError, LookupError, AttributeError, RecursionError):
        return body.decode(errors="replace")
