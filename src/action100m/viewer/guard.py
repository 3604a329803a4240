"""Keeps other web sites away from a server on this machine, and tells browsers what its answers may not be used for.

Without it a site that is open in another tab could write marks (forged requests), or read all by pointing
its own name at this machine (DNS rebinding).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOKEN: Final = "x-action100m"
"""A header that our page sends with what it writes. Another site's page may not, unless the server agrees beforehand, which it never does."""
LARGEST_BODY: Final = 1 << 20
_HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class Guard:
    """Stands before an application."""

    def __init__(self, app: ASGIApp, *, host: str) -> None:
        self._app = app
        self._host = host.casefold()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                more = [(name.encode(), value.encode()) for name, value in _HEADERS.items() if name.encode() not in given]
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        reason = self._refuse(scope["method"], headers)
        if reason is None:
            return await self._app(scope, receive, send_safely)
        from starlette.responses import PlainTextResponse

        return await PlainTextResponse(reason, 403)(scope, receive, send_safely)

    def _refuse(self, method: str, headers: Mapping[str, str]) -> str | None:
        """Return why a request is refused."""
        if not self._knows(headers.get("host", "")):
            return "This server answers to its own address only. Start it with --host NAME to reach it under a name."
        if method in ("GET", "HEAD"):
            return None
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.casefold() != headers["host"].casefold():
            return "Marks are taken from this server's own pages only."
        if headers.get("sec-fetch-site", "same-origin") != "same-origin" or TOKEN not in headers:
            return f"Marks are taken from this server's own pages only, with the header {TOKEN}."
        if not headers.get("content-length", "").isdecimal() or int(headers["content-length"]) > LARGEST_BODY:
            return f"A mark may take {LARGEST_BODY:,} bytes."
        return None

    def _knows(self, host: str) -> bool:
        """Tell whether a request was meant for us: by an address, which no foreign name can be rebound to, or by a name of ours."""
        try:
            name = (urlsplit(f"//{host}").hostname or "").casefold()
            port = urlsplit(f"//{host}").port  # raises where it is none
        except ValueError:
            return False
        if port == 0 or "@" in host or "/" in host:
            return False
        return name in ("localhost", self._host) or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
