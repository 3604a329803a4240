"""The client of model servers: many requests at once, each tried again where that helps, and every reply handed over as soon as it is there.

A server that does not answer ends the call with an error. One that answers with something unusable gives a reply with its problem, to be asked
again: replies cut off, refused or empty, and reasoning without an answer. One that fails on single requests (llama.cpp and vLLM answer with error
500 when they cannot parse what the model wrote; a connection breaks off; a proxy answers in its own words) costs those only.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from queue import SimpleQueue
from typing import Final, Generic, TypeVar

from anyio.from_thread import start_blocking_portal

from action100m.errors import EndpointError
from action100m.models.endpoint_http import Address
from action100m.models.endpoint_pool import Gate, Pool, Server
from action100m.models.endpoint_reply import Reply, list_models, read_reply
from action100m.models.endpoint_settings import ServerConfig
from action100m.models.endpoint_trouble import Explainer, Trouble, wait_before_retry

Request = TypeVar("Request")

_MOST_FAILURES_IN_A_ROW: Final = 8
"""Requests that a server may fail on with no answer to another in between, before the server is to blame and not the requests."""
_log = logging.getLogger(__name__)


class Client(Generic[Request]):
    """Asks the servers of a config.

    weigh: about how many tokens a request has, its reply included. render: the body to be sent, made only when its turn has come.
    """

    def __init__(
        self, config: ServerConfig, *, api_key: str | None, weigh: Callable[[Request], int], render: Callable[[Request], Awaitable[bytes]]
    ) -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._config = config
        self._weigh, self._render = weigh, render
        self._explainer = Explainer(config, api_key)
        self._pool = Pool([Server(url, Address(url, headers)) for url in config.addresses])
        self._has_answered = False
        self._failures_in_a_row = 0

    def check(self) -> None:
        """Ask whether the servers answer and have the model. Those that are not there rest, if at least one is.

        Raises:
            EndpointError: none is there, or one lacks the model or refuses the key. The message says what to do.
        """
        servers = self._pool.servers
        with start_blocking_portal() as portal:
            outcomes = portal.call(self._list_all)
        troubles = [(server, outcome) for server, outcome in zip(servers, outcomes, strict=True) if isinstance(outcome, Trouble)]
        for server, trouble in troubles:
            error = self._explainer.explain(trouble, server.url, retries=min(1, self._config.retries))
            if not trouble.may_pass or len(troubles) == len(servers):
                raise error
            server.note(is_there=False)
            _log.warning("%s. Going on with the other servers.", error)
        for server, known in zip(servers, outcomes, strict=True):
            if not isinstance(known, Trouble) and not {self._config.model, f"{self._config.model}:latest"} & set(known):
                names = ", ".join(known) or "none at all"
                raise EndpointError(f"{server.url} has no model {self._config.model!r}; it has {names}. Set endpoint.model to one of them")

    async def _list_all(self) -> list[list[str] | Trouble]:
        return await asyncio.gather(*(self._list(server) for server in self._pool.servers))

    async def _list(self, server: Server) -> list[str] | Trouble:
        retries = min(1, self._config.retries)
        while True:
            try:
                return list_models(await server.address.send("GET", "models", timeout=self._config.timeout))
            except Trouble as trouble:
                if not retries or not trouble.may_pass:
                    return trouble
                retries -= 1
                await asyncio.sleep(wait_before_retry(0, trouble.retry_after))

    def ask(self, requests: Sequence[Request]) -> Iterator[tuple[Request, Reply]]:
        """Yield each request with its reply, as they come. Ctrl-C, closing the iterator, and an error that concerns all abandon those under way.

        Raises:
            EndpointError: the servers do not answer, refuse the key, lack the model, or fail on one request after the other.
        """
        if not requests:
            return
        arrived = SimpleQueue[tuple[Request, Reply] | None]()
        with start_blocking_portal() as portal:  # a loop of its own: there may be one already, as in a notebook
            work = portal.start_task_soon(self._ask_all, requests, lambda request, reply: arrived.put((request, reply)))
            work.add_done_callback(lambda _: arrived.put(None))
            while (answer := arrived.get()) is not None:
                yield answer
            work.result()

    async def _ask_all(self, requests: Sequence[Request], hand_over: Callable[[Request, Reply], None]) -> None:
        gate = Gate(self._pool, tokens=self._config.max_tokens_in_flight, requests=self._config.concurrency)
        held: list[tuple[Request, Reply]] = []  # what got no answer, until another request does: before, they may all have one cause
        answered = 0

        async def answer(request: Request, tokens: int) -> None:
            nonlocal answered
            try:
                held.append((request, await self._ask(request, tokens)))
            finally:
                gate.leave(tokens)
            if held[-1][1].outcome == "answered":
                answered += 1
                while held:
                    hand_over(*held.pop(0))

        try:
            async with asyncio.TaskGroup() as group:
                for request in requests:
                    tokens = self._weigh(request)
                    await gate.enter(tokens)
                    group.create_task(answer(request, tokens))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
        lost = next((reply.error for _, reply in held if reply.outcome == "lost" and reply.error), None)
        if lost and not self._has_answered:
            raise lost
        if not answered and len(held) >= _MOST_FAILURES_IN_A_ROW and (error := held[0][1].error):
            raise error
        for request, reply in held:
            hand_over(request, reply)

    async def _ask(self, request: Request, tokens: int) -> Reply:
        """Return the reply, which holds the error where it may be the request's fault."""
        body = await self._render(request)
        began = time.monotonic()
        retries, server = 0, self._pool.choose()
        while True:
            remaining = began + self._config.deadline - time.monotonic()
            try:
                with server.carrying(tokens):
                    data = await server.address.send("POST", "chat/completions", body, timeout=min(self._config.timeout, remaining))
                server.note(is_there=True)
                reply = read_reply(data)
            except Trouble as trouble:
                server.note(is_there=trouble.kind != "unreachable")
                goes_elsewhere = trouble.kind == "unreachable" and self._pool.has_usable  # nothing was sent, so it costs no try
                pause = 0.0 if goes_elsewhere else wait_before_retry(retries, trouble.retry_after)
                is_last = retries >= self._config.retries and not goes_elsewhere
                if is_last or not trouble.may_pass or pause >= remaining:
                    return self._judge(trouble, server, began, retries)
                retries += not goes_elsewhere
                await asyncio.sleep(pause)
                server = self._pool.choose(avoid=server)
            else:
                self._has_answered, self._failures_in_a_row = True, 0
                return replace(reply, seconds=time.monotonic() - began, retries=retries)

    def _judge(self, trouble: Trouble, server: Server, began: float, retries: int) -> Reply:
        """Return what becomes of a request that got no reply.

        Raises:
            EndpointError: all requests are concerned.
        """
        lost = Reply("", ask_again=False, seconds=time.monotonic() - began, retries=retries)
        if trouble.blames_request:
            problem = f"the server refused the request: {self._explainer.quote(trouble)}"
            return replace(lost, problem=problem, error=EndpointError(f"{server.url} refuses every request. {problem}"), outcome="refused")
        error = self._explainer.explain(trouble, server.url, retries=retries)
        if not trouble.blames_nobody or self._failures_in_a_row >= _MOST_FAILURES_IN_A_ROW:
            raise error
        self._failures_in_a_row += 1
        problem = str(error).replace(server.url, "the server")  # an address has no place in a data set
        return replace(lost, problem=problem, error=error, outcome="lost")
