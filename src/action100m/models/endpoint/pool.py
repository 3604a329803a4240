"""Several servers share the work, and none gets more than it holds: who is asked next, and when.

A server that cannot be reached rests; then one request tries it, and only when that is answered do others follow.

Requests that begin alike go to the same server, whose prefix cache then holds that beginning, and not every beginning is in every cache: rendezvous
hashing orders the servers for each beginning. As in consistent hashing with bounded loads, one that carries clearly more than its share is passed
over.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Final

from action100m.models.endpoint.http import Address, Patience

_FIRST_REST: Final = 1.0
_LONGEST_REST: Final = 30.0
"""Seconds. Short against the minutes that a server takes to load a large model, long against a request that is refused at once."""
_FAIR_SHARE: Final = 1.25
"""Times the mean load that a server may carry for the sake of its cache. Load balancers with bounded loads take 1.25 to 1.5."""
_ABREAST: Final = 1.0
"""Seconds. Of requests sent within it, a server may have received the later one first."""


class Server:
    """One address, how busy it is, and whether it is there."""

    def __init__(self, url: str, address: Address) -> None:
        self.url = url
        self.address = address
        self.tokens = 0
        self._waiting: list[Patience] = []
        self._failures = 0
        self._rests_until = 0.0

    @property
    def requests(self) -> int:
        """How many are under way."""
        return len(self._waiting)

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
    def carrying(self, tokens: int, patience: Patience) -> Iterator[None]:
        """Count a request as under way. When it is answered, those sent later begin to wait anew: so far they may have waited for their turn."""
        self.tokens += tokens
        self._waiting.append(patience)
        try:
            yield
            for other in self._waiting:
                if other.sent > patience.sent - _ABREAST:
                    other.since = time.monotonic()
        finally:
            self.tokens -= tokens
            self._waiting.remove(patience)

    def precedence(self, beginning: str) -> bytes:
        """Return what orders the servers for a beginning; the least is first."""
        return sha256(f"{self.url} {beginning}".encode()).digest()


class Pool:
    """The servers of one model."""

    def __init__(self, servers: Sequence[Server], *, tokens: int, requests: int) -> None:
        """tokens, requests: room at each server."""
        self.servers = tuple(servers)
        self.most_tokens, self.most_requests = tokens, requests

    @property
    def has_usable(self) -> bool:
        """Whether any server may be asked now."""
        return any(server.is_usable for server in self.servers)

    @property
    def up(self) -> int:
        """How many servers are there; at least 1, since the last one is asked even so."""
        return max(1, sum(server.is_up for server in self.servers))

    def choose(self, beginning: str, tokens: int, *, avoid: Server | None = None) -> Server:
        """Return the first server for a beginning that is usable and carries no more than its share.

        `avoid` is returned only where there is no other. If none is usable, any may be.
        """
        usable = [server for server in self.servers if server.is_usable] or list(self.servers)
        others = [server for server in usable if server is not avoid] or usable
        share = _FAIR_SHARE * (sum(server.tokens for server in others) + tokens) / len(others)
        fair = [server for server in others if server.tokens <= share]
        return min(fair, key=lambda server: server.precedence(beginning))


class Gate:
    """Lets requests in, in the order they come, while there is room. One at a time waits, so that a large one is never overtaken for ever."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
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
        pool = self._pool
        fits = self._tokens + tokens <= pool.most_tokens * pool.up and self._requests < pool.most_requests * pool.up
        return fits or self._requests == 0
