"""Many requests at once: each is made ready before its turn, and every answer is handed over as soon as it is there.

It lives in a thread of the client's own, which no Ctrl-C interrupts. However the call ends, every reply that has arrived by then is handed over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeAlias, TypeVar

from anyio import CancelScope

from action100m.models.endpoint.asker import MOST_FAILURES_IN_A_ROW, Asker
from action100m.models.endpoint.pool import Gate
from action100m.models.endpoint.reply import Reply

Answer = TypeVar("Answer")
Result = TypeVar("Result")

_Finish: TypeAlias = Callable[[Reply], Answer]

_LAST_LOOKS: Final = 16
"""Turns of the event loop at the end of a call. The first reads what has arrived, up to 256 KiB for each request; two more hand it over."""


@dataclass(frozen=True, slots=True)
class Job(Generic[Answer]):
    """One request."""

    tokens: int
    """About how many it has, its reply included."""
    beginning: str
    """The same for requests that begin alike: they go to the same server."""
    render: Callable[[], Coroutine[Any, Any, bytes]]
    """Makes the body, shortly before it is sent."""
    finish: _Finish[Answer]
    """Makes an answer of the reply, in the client's thread, as soon as it has arrived."""


@dataclass(frozen=True, slots=True)
class _Ready(Generic[Answer]):
    """A request that waits for its turn. What it was made of, such as frames, is let go."""

    tokens: int
    beginning: str
    finish: _Finish[Answer]
    body: asyncio.Task[bytes | None]


class Call(Generic[Answer]):
    """The requests of one caller, and what becomes of them."""

    def __init__(self, asker: Asker, gate: Gate, hand_over: Callable[[list[Answer]], None]) -> None:
        """hand_over: given all answers, and a list for each request that ends, empty where its answer is held back."""
        self._asker, self._gate, self._hand_over = asker, gate, hand_over
        self._ready: asyncio.Queue[_Ready[Answer] | None] = asyncio.Queue()
        self._held: list[tuple[_Finish[Answer], Reply]] = []  # what got no answer, until another does: before, they may all have one cause
        self._has_answered = False
        self._tasks: set[asyncio.Task[Any]] = set()
        self._feeding: asyncio.Task[None]
        self._over = asyncio.Event()
        self._error: Exception | None = None

    def take(self, job: Job[Answer] | None) -> None:
        """Take a request and make it ready; None is after the last."""
        if not self._over.is_set():
            self._ready.put_nowait(_Ready(job.tokens, job.beginning, job.finish, self._start(job.render())) if job else None)

    async def run(self) -> None:
        """Return when all is answered.

        Raises:
            EndpointError: the servers do not answer, refuse the key, lack the model, or fail on one request after the other.
        """
        self._feeding = self._start(self._feed())
        try:
            await self._over.wait()
        finally:
            self._feeding.cancel()
            with CancelScope(shield=True):
                await self._wind_up()
        if self._error:
            raise self._error from None  # what led to it may quote the key
        self._settle()

    def _start(self, work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result | None]:
        task = asyncio.ensure_future(self._guard(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _guard(self, work: Coroutine[Any, Any, Result]) -> Result | None:
        try:
            return await work
        except Exception as error:  # noqa: BLE001 - it concerns all, and is raised by `run`
            self._error = self._error or error
            self._over.set()
            self._feeding.cancel()  # now: nothing more is to be sent
            return None

    async def _feed(self) -> None:
        """Send what there is room for, in the order it came."""
        while (ready := await self._ready.get()) is not None:
            await self._gate.enter(ready.tokens)
            self._start(self._answer(ready))
        while others := self._tasks - {asyncio.current_task()}:
            await asyncio.wait(others)
        self._over.set()

    async def _answer(self, ready: _Ready[Answer]) -> None:
        try:
            body = await ready.body
            if body is None:
                return
            reply = await self._asker.ask(body, tokens=ready.tokens, beginning=ready.beginning)
        finally:
            self._gate.leave(ready.tokens)
        await asyncio.sleep(0)  # what is ready is sent first
        self._held.append((ready.finish, reply))
        released: list[tuple[_Finish[Answer], Reply]] = []
        if reply.outcome == "answered":
            self._has_answered, released, self._held = True, self._held, []
        self._hand_over([finish(reply) for finish, reply in released])

    async def _wind_up(self) -> None:
        """Hand over what has arrived, and let the rest go."""
        for _ in range(_LAST_LOOKS):
            await asyncio.sleep(0)
        rest = tuple(self._tasks)
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    def _settle(self) -> None:
        """Hand over what got no answer, unless that concerns all.

        Raises:
            EndpointError: it does.
        """
        lost = next((reply.error for _, reply in self._held if reply.outcome == "lost" and reply.error), None)
        if lost and not self._asker.has_answered:
            raise lost
        if not self._has_answered and len(self._held) >= MOST_FAILURES_IN_A_ROW and (error := self._held[0][1].error):
            raise error
        self._hand_over([finish(reply) for finish, reply in self._held])
