"""One request to a server, over a connection of its own.

A connection that serves several requests can swap their replies: after a server, or a proxy before it, sends one reply twice, each request reads
the reply to the one before it. Here nothing can arrive on a connection but the reply to its only request. It costs a handshake for each reply that
a model thinks about for seconds: 0.4 ms of CPU in all, where the common clients that keep connections were measured at 0.6 to 1.5 ms.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Mapping
from contextlib import suppress
from typing import Final, Literal
from urllib.parse import urlsplit

import h11

from action100m.models.endpoint_trouble import Trouble

_CONNECT_SECONDS: Final = 10.0
_LARGEST_REPLY: Final = 64 << 20
"""Bytes. A model writes some hundred thousand at most."""
_READ_BYTES: Final = 1 << 16


class Address:
    """Where a server's API is."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        parts = urlsplit(url)
        self._host, self._path = parts.hostname or "", parts.path.rstrip("/")
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._headers = {"Host": parts.netloc, "Connection": "close", "Accept": "application/json", **headers}

    async def send(self, method: Literal["GET", "POST"], path: str, body: bytes = b"", *, timeout: float) -> bytes:
        """Return the body of a reply of status 200.

        timeout: seconds for the whole reply, connecting included.

        Raises:
            Trouble: there is none.
        """
        connected = asyncio.get_running_loop().time() + min(_CONNECT_SECONDS, timeout)
        try:
            async with asyncio.timeout(timeout):
                reader, writer = await self._connect(until=connected)
                try:
                    return await self._exchange(reader, writer, self._request(method, path, body))
                finally:
                    writer.transport.abort()  # a polite end would wait for the server
                    await asyncio.sleep(0)  # the socket is closed in the loop's next round, which may be its last
        except TimeoutError:
            raise Trouble("slow", f"within {timeout:g} s") from None
        except (OSError, EOFError, h11.RemoteProtocolError) as error:
            raise Trouble("broken", str(error) or type(error).__name__) from None

    async def _connect(self, *, until: float) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            async with asyncio.timeout_at(until):
                return await asyncio.open_connection(self._host, self._port, ssl=self._tls, limit=_READ_BYTES)
        except TimeoutError:
            raise Trouble("unreachable", "it does not take the connection") from None
        except (OSError, UnicodeError) as error:
            raise Trouble("unreachable", str(error) or type(error).__name__) from None

    def _request(self, method: Literal["GET", "POST"], path: str, body: bytes) -> list[h11.Event]:
        headers = {**self._headers, "Content-Type": "application/json", "Content-Length": str(len(body))}
        request = h11.Request(method=method, target=f"{self._path}/{path}", headers=list(headers.items()))
        return [request, h11.Data(data=body), h11.EndOfMessage()]

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: list[h11.Event]) -> bytes:
        protocol = h11.Connection(h11.CLIENT)
        for event in request:
            writer.write(protocol.send(event) or b"")
        with suppress(ConnectionError):  # a server may refuse a large request before it has read all of it, and say why
            await writer.drain()
        response, body = await _receive(reader, protocol)
        if response.status_code != 200:
            asked_wait = dict(response.headers).get(b"retry-after", b"").decode("latin-1")
            raise Trouble("status", _read_words(body), status=response.status_code, retry_after=asked_wait)
        return body


async def _receive(reader: asyncio.StreamReader, protocol: h11.Connection) -> tuple[h11.Response, bytes]:
    response: h11.Response | None = None
    body = bytearray()
    while True:
        match protocol.next_event():
            case h11.Response() as head:
                response = head
            case h11.Data() as part:
                body += part.data
            case h11.EndOfMessage() if response:
                return response, bytes(body)
            case h11.ConnectionClosed():
                raise EOFError("the connection was closed without a reply")
            case _:
                protocol.receive_data(await reader.read(_READ_BYTES))
        if len(body) > _LARGEST_REPLY:
            raise Trouble("foreign", f"more than {_LARGEST_REPLY >> 20} MiB")


def _read_words(body: bytes) -> str:
    """Return the message of an error, which servers tell in several shapes."""
    try:
        value = json.loads(body)
        error = value.get("error", value)
        return str(error["message"] if isinstance(error, dict) else error)
    except (ValueError, LookupError, AttributeError, RecursionError):
        return body.decode(errors="replace")
