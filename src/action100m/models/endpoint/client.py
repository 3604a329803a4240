"""The client of model servers: takes what there is to ask as it has room, keeps the servers busy, and yields every answer as soon as it is there."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Iterable, Iterator
from queue import SimpleQueue
from typing import Final

from anyio.from_thread import start_blocking_portal

from action100m.errors import EndpointError
from action100m.models.endpoint.asker import Asker
from action100m.models.endpoint.call import Answer, Call, Job
from action100m.models.endpoint.http import Address, Patience
from action100m.models.endpoint.pool import Gate, Pool, Server
from action100m.models.endpoint.reply import list_models
from action100m.models.endpoint.settings import ServerConfig
from action100m.models.endpoint.trouble import Explainer, Trouble, wait_before_retry

_AHEAD: Final = 16
"""Requests that are ready to be sent when others are answered. Connections are not opened ahead: that gained nothing that could be measured, and
small servers give each open one a thread."""
_log = logging.getLogger(__name__)


class Client:
    """Asks the servers of a config."""

    def __init__(self, config: ServerConfig) -> None:
        """Ask whether the servers answer and have the model, if `check` is set. Those that are not there rest, if at least one is.

        Raises:
            EndpointError: none is there, or one lacks the model or refuses the key. The message says what to do.
        """
        api_key = os.environ.get(config.api_key_env)
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        servers = [Server(url, Address(url, headers)) for url in config.addresses]
        self._config = config
        self._explainer = Explainer(config, api_key)
        self._pool = Pool(servers, tokens=config.max_tokens_in_flight, requests=config.concurrency)
        self._asker = Asker(config, self._pool, self._explainer)
        if config.check:
            self._check()

    def _check(self) -> None:
        servers = self._pool.servers
        with start_blocking_portal() as portal:
            outcomes = portal.call(self._list_all)
        troubles = [(server, outcome) for server, outcome in zip(servers, outcomes, strict=True) if isinstance(outcome, Trouble)]
        for server, trouble in troubles:
            error = self._explainer.explain(trouble, server.url, retries=min(1, self._config.retries))
            if not trouble.may_pass or len(troubles) == len(servers):
                has_list = trouble.kind not in ("status", "foreign") or trouble.status in (401, 403)
                raise error if has_list else EndpointError(f"{error}; if it is a server without a list of models, set endpoint.check to false")
            server.note(is_there=False)
            _log.warning("%s. Going on with the other servers.", error)
        for server, known in zip(servers, outcomes, strict=True):
            if not isinstance(known, Trouble) and not {self._config.model, f"{self._config.model}:latest"} & set(known):
                names = ", ".join(known) or "none at all"
                cure = "Set endpoint.model to one of them, or endpoint.check to false if it has more than it lists"
                raise EndpointError(f"{server.url} has no model {self._config.model!r}; it has {names}. {cure}")

    async def _list_all(self) -> list[list[str] | Trouble]:
        return await asyncio.gather(*(self._list(server) for server in self._pool.servers))

    async def _list(self, server: Server) -> list[str] | Trouble:
        retries = min(1, self._config.retries)
        while True:
            patience = Patience(self._config.timeout, time.monotonic() + self._config.timeout)
            try:
                return list_models(await server.address.send("GET", "models", patience=patience))
            except Trouble as trouble:
                if not retries or not trouble.may_pass:
                    return trouble
                retries -= 1
                await asyncio.sleep(wait_before_retry(0, trouble.retry_after))

    def ask(self, jobs: Iterable[Job[Answer]]) -> Iterator[Answer]:
        """Yield the answers as they come. Jobs are taken while there is room for them, and a few more, which are made ready for their turn.

        Ctrl-C, closing the iterator, and an error that concerns all abandon what is under way. What has arrived until then is finished all the same:
        see `Job`.

        Raises:
            EndpointError: the servers do not answer, refuse the key, lack the model, or fail on one request after the other.
        """
        rest = iter(jobs)
        job = next(rest, None)
        if job is None:
            return
        arrived = SimpleQueue[list[Answer] | None]()
        call = Call(self._asker, Gate(self._pool), arrived.put)
        with start_blocking_portal() as portal:  # a loop of its own: there may be one already, as in a notebook
            work = portal.start_task_soon(call.run)
            work.add_done_callback(lambda _: arrived.put(None))
            loop = portal.call(asyncio.get_running_loop)
            room = _AHEAD + self._config.concurrency * len(self._pool.servers) - 1
            loop.call_soon_threadsafe(call.take, job)
            while True:
                while room and job is not None:
                    job = next(rest, None)
                    loop.call_soon_threadsafe(call.take, job)
                    room -= 1
                answers = arrived.get()
                if answers is None:
                    break
                room += 1
                yield from answers
            work.result()
