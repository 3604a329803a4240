"""A reasoning model behind servers: conversations become requests for JSON, completions become replies."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Final

from action100m.models.base import ChatReply, ChatRequest
from action100m.models.endpoint.call import Job
from action100m.models.endpoint.chat import EndpointConfig
from action100m.models.endpoint.client import Client
from action100m.models.endpoint.reply import Reply

CHARACTERS_PER_TOKEN: Final = 3
"""Of English prose and JSON, on the low side (4 is usual), so that no server is overfull."""
_EXPECTED_OUTPUT: Final = 2_048
"""Tokens that a reply is taken to have: an annotation has some 300, and reasoning at high effort some thousand."""


class Endpoint:
    """Chat model of the protocol in `models.base`."""

    is_free = False

    def __init__(self, config: EndpointConfig) -> None:
        """Reach the servers.

        Raises:
            EndpointError: they are asked for their models, and do not answer, refuse the key or lack the model.
        """
        self._config = config
        self._client = Client(config)

    @property
    def name(self) -> str:
        """The model, and the parameters that were set."""
        parameters = {"temperature": self._config.temperature, "max_tokens": self._config.max_tokens}
        return " ".join([self._config.model, *(f"{key}={value}" for key, value in parameters.items() if value is not None)])

    def chat(self, requests: Iterable[ChatRequest]) -> Iterator[ChatReply]:
        """Yield the answer to every request as soon as it is there. Ctrl-C, and an error that concerns all requests, abandon those under way.

        Raises:
            EndpointError: the servers do not answer, refuse the key, lack the model, or fail on one request after the other.
        """
        return self._client.ask(map(self._job, requests))

    def _job(self, request: ChatRequest) -> Job[ChatReply]:
        """Of a video's requests, all begin with what is known of the video."""
        render, finish = partial(self._render, request), partial(_finish, request.node, request.on_reply)
        return Job(self._weigh(request), request.tree.root.id, render, finish)

    def _weigh(self, request: ChatRequest) -> int:
        characters = sum(len(message.content) for message in request.messages)
        return characters // CHARACTERS_PER_TOKEN + min(self._config.max_tokens or _EXPECTED_OUTPUT, _EXPECTED_OUTPUT)

    async def _render(self, request: ChatRequest) -> bytes:
        optional = {"temperature": self._config.temperature, "max_tokens": self._config.max_tokens, "reasoning_effort": request.effort}
        schema = {"name": "reply", "strict": True, "schema": _portable(request.schema)}
        body = {
            "model": self._config.model,
            "messages": [{"role": message.role, "content": message.content} for message in request.messages],
            "response_format": {"type": "json_schema", "json_schema": schema},
            **{name: value for name, value in optional.items() if value is not None},
        }
        return json.dumps(body).encode()


def _finish(node: str, on_reply: Callable[[ChatReply], None] | None, reply: Reply) -> ChatReply:
    answer = ChatReply(
        node=node,
        text=reply.text,
        usage=reply.usage,
        problem=reply.problem,
        ask_again=reply.ask_again,
        seconds=reply.seconds,
        retries=reply.retries,
        reasoning=reply.reasoning,
        outcome=reply.outcome,
    )
    if on_reply:
        on_reply(answer)
    return answer


def _portable(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema without the lengths of strings.

    Some servers refuse them, and others (those with xgrammar) then let raw control characters into strings. The caller verifies the lengths.
    """
    plain = {key: value for key, value in schema.items() if key not in {"minLength", "maxLength"}}
    return {key: _portable(value) if isinstance(value, dict) else value for key, value in plain.items()}
