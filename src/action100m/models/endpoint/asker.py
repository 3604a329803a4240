"""One request to the servers of a model: tried again where that helps, at another server where there is one, until it is answered or given up.

A server that does not answer is an error. One that answers with something unusable gives a reply with its problem, to be asked again: replies cut
off, refused or empty, and reasoning without an answer. One that fails on single requests (llama.cpp and vLLM answer with error 500 when they cannot
parse what the model wrote; a connection breaks off; a proxy answers in its own words) costs those only.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Final

from action100m.errors import EndpointError
from action100m.models.endpoint.http import Patience
from action100m.models.endpoint.pool import Pool, Server
from action100m.models.endpoint.reply import Reply, read_reply
from action100m.models.endpoint.settings import ServerConfig
from action100m.models.endpoint.trouble import Explainer, Trouble, wait_before_retry

MOST_FAILURES_IN_A_ROW: Final = 8
"""Requests that a server may fail on with no answer to another in between, before the server is to blame and not the requests."""


class Asker:
    """Asks the servers of a config, and remembers whether they have ever answered."""

    def __init__(self, config: ServerConfig, pool: Pool, explainer: Explainer) -> None:
        self.has_answered = False
        self._config = config
        self._pool = pool
        self._explainer = explainer
        self._failures_in_a_row = 0

    async def ask(self, body: bytes, *, tokens: int, beginning: str) -> Reply:
        """Return the reply, which holds the error where it may be the request's fault.

        Raises:
            EndpointError: all requests are concerned.
        """
        began = time.monotonic()
        until = began + self._config.deadline
        retries, server = 0, self._pool.choose(beginning, tokens)
        while True:
            try:
                reply = await self._try(server, body, tokens, Patience(self._config.timeout, until))
            except Trouble as trouble:
                server.note(is_there=trouble.kind != "unreachable")
                goes_elsewhere = trouble.kind == "unreachable" and self._pool.has_usable  # nothing was sent, so it costs no try
                pause = 0.0 if goes_elsewhere else wait_before_retry(retries, trouble.retry_after)
                is_last = retries >= self._config.retries and not goes_elsewhere
                if is_last or not trouble.may_pass or time.monotonic() + pause >= until:
                    return self._judge(trouble, server, began, retries)
                retries += not goes_elsewhere
                await asyncio.sleep(pause)
                server = self._pool.choose(beginning, tokens, avoid=server)
            else:
                server.note(is_there=True)
                self.has_answered, self._failures_in_a_row = True, 0
                return replace(reply, seconds=time.monotonic() - began, retries=retries)

    async def _try(self, server: Server, body: bytes, tokens: int, patience: Patience) -> Reply:
        with server.carrying(tokens, patience):
            data = await server.address.send("POST", "chat/completions", body, patience=patience)
        return read_reply(data)

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
        if not trouble.blames_nobody or self._failures_in_a_row >= MOST_FAILURES_IN_A_ROW:
            raise error
        self._failures_in_a_row += 1
        problem = str(error).replace(server.url, "the server")  # an address has no place in a data set
        return replace(lost, problem=problem, error=error, outcome="lost")
