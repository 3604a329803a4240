"""Several servers share the work, and none gets more than it holds: who is asked next, and when.

A server that cannot be reached rests; then one request tries it, and only when that is answered do others follow.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from action100m.models.endpoint_http import Address

_FIRST_REST: Final = 1.0
_LONGEST_REST: Final = 30.0
"""Seconds. Short against the minutes that a server takes to load a large model, long against a request that is refused at once."""


class Server:
    """One address, how busy it is, and whether it is there."""

    def __init__(self, url: str, address: Address) -> None:
        self.url = url
        self.address = address
        self.tokens = 0
        self.requests = 0
        self._failures = 0
        self._rests_until = 0.0

    @property
    def is_up(self) -> bool:
        """Whether it was there when last tried."""
        return self._failures == 0

    @property
    def is_usable(self) -> bool:
        """Whether to ask it now: it is up, or its rest is over and nobody else is trying it."""
        return self.is_up or (time.monotonic() >= self._rests_until and self.requests == 0)

    def note(self, *, is_there: bool) -> None:
        """Note whether it could be reached. If not it rests, each time twice as long; those that were on their way to it together count once."""
        if is_there:
            self._failures, self._rests_until = 0, 0.0
        elif time.monotonic() >= self._rests_until:
            self._rests_until = time.monotonic() + min(_LONGEST_REST, _FIRST_REST * 2.0 ** min(self._failures, 16))
            self._failures += 1

    @contextmanager
    def carrying(self, tokens: int) -> Iterator[None]:
        """Count a request as in flight."""
        self.tokens, self.requests = self.tokens + tokens, self.requests + 1
        try:
            yield
        finally:
            self.tokens, self.requests = self.tokens - tokens, self.requests - 1


class Pool:
    """The servers of one model."""

    def __init__(self, servers: Sequence[Server]) -> None:
        self.servers = tuple(servers)

    @property
    def has_usable(self) -> bool:
        """Whether any server may be asked now."""
        return any(server.is_usable for server in self.servers)

    @property
    def up(self) -> int:
        """How many servers are there; at least 1, since the last one is asked even so."""
        return max(1, sum(server.is_up for server in self.servers))

    def choose(self, *, avoid: Server | None = None) -> Server:
        """Return the usable server with the fewest tokens in flight; `avoid` only where there is no other. If none is usable, any may be."""
        usable = [server for server in self.servers if server.is_usable] or list(self.servers)
        others = [server for server in usable if server is not avoid] or usable
        return min(others, key=lambda server: (server.tokens, server.requests))


class Gate:
    """Lets requests in, in the order they come, while there is room. One at a time waits, so that a large one is never overtaken for ever."""

    def __init__(self, pool: Pool, *, tokens: int, requests: int) -> None:
        """tokens, requests: room at each server."""
        self._pool = pool
        self._most = (tokens, requests)
        self._tokens = 0
        self._requests = 0
        self._left = asyncio.Event()

    async def enter(self, tokens: int) -> None:
        """Wait until there is room for so many tokens, or all of it."""
        while not self._has_room(tokens):
            self._left.clear()
            await self._left.wait()
        self._tokens, self._requests = self._tokens + tokens, self._requests + 1

    def leave(self, tokens: int) -> None:
        """Make room."""
        self._tokens, self._requests = self._tokens - tokens, self._requests - 1
        self._left.set()

    def _has_room(self, tokens: int) -> bool:
        most_tokens, most_requests = self._most
        fits = self._tokens + tokens <= most_tokens * self._pool.up and self._requests < most_requests * self._pool.up
        return fits or self._requests == 0
