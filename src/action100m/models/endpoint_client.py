"""The client of a chat server: many requests at once, each tried again where that helps, and every way to fail told in words.

A server that does not answer ends the call with an error. One that answers with something unusable gives a reply with its problem, to be asked
again: replies cut off, refused or empty, and reasoning without an answer. One that fails on single requests (llama.cpp and vLLM answer with error
500 when they cannot parse what the model wrote; a connection breaks off; a proxy answers in its own words) costs those only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, Final

import openai
from anyio.from_thread import start_blocking_portal

from action100m.errors import EndpointError
from action100m.models.base import ChatReply, ChatRequest, TokenUsage
from action100m.models.endpoint import EndpointConfig
from action100m.text import mend

_NO_KEY: Final = "none"
"""The client insists on a key; servers without one ignore it."""
_CONNECT_SECONDS: Final = 10.0
_LONGEST_QUOTE: Final = 300
"""Characters of a server's message that are passed on: it may be a whole HTML page."""
_REFUSED_REQUEST: Final = frozenset({400, 413, 422})
"""Statuses that blame the request, not the server: most often it is longer than the model's context."""
_MOST_FAILURES_IN_A_ROW: Final = 8
"""Requests that a server may fail on with no answer to another in between, before the server is to blame and not the requests."""
_NOT_THE_PROTOCOL: Final = (ValueError, AttributeError, TypeError, IndexError)
"""What reading an answer of another shape raises, such as a log-in page: the client does not validate it."""


class Endpoint:
    """Chat model of the protocol in `models.base`."""

    def __init__(self, config: EndpointConfig, *, api_key: str | None = None) -> None:
        self._config = config
        self._api_key = api_key
        self._has_answered = False
        self._failures_in_a_row = 0

    @property
    def name(self) -> str:
        """The model, and the parameters that were set."""
        parameters = {"temperature": self._config.temperature, "max_tokens": self._config.max_tokens}
        return " ".join([self._config.model, *(f"{key}={value}" for key, value in parameters.items() if value is not None)])

    def check(self) -> None:
        """Ask whether the server answers and has the model.

        Raises:
            EndpointError: it does not. The message says what to do.
        """
        try:
            with openai.OpenAI(**self._connection(retries=min(1, self._config.retries))) as client:
                known = [model.id for model in client.models.list()]
        except (openai.OpenAIError, *_NOT_THE_PROTOCOL) as error:
            raise self._explain(error) from None
        if self._config.model not in known and f"{self._config.model}:latest" not in known:
            names = ", ".join(known) or "none at all"
            raise EndpointError(f"{self._config.base_url} has no model {self._config.model!r}; it has {names}. Set endpoint.model to one of them")

    is_free = False

    def chat(self, requests: Sequence[ChatRequest]) -> Iterator[ChatReply]:
        """Answer every request, in order. Ctrl-C, and an error that concerns all requests, abandon those under way.

        Raises:
            EndpointError: the server does not answer, refuses the key, lacks the model, or fails on one request after the other.
        """
        with start_blocking_portal() as portal:  # a loop of its own: there may be one already, as in a notebook
            yield from portal.call(self._answer_all, requests)

    async def _answer_all(self, requests: Sequence[ChatRequest]) -> list[ChatReply]:
        slots = asyncio.Semaphore(self._config.concurrency)
        try:
            async with openai.AsyncOpenAI(**self._connection(retries=self._config.retries)) as client, asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._answer(client, slots, request)) for request in requests]
        except ExceptionGroup as group_of_errors:
            raise group_of_errors.exceptions[0] from None
        outcomes = [task.result() for task in tasks]
        failures = [outcome for outcome in outcomes if isinstance(outcome, EndpointError)]
        if failures and not self._has_answered:
            raise failures[0]
        return [
            self._give_up(request, outcome) if isinstance(outcome, EndpointError) else outcome
            for request, outcome in zip(requests, outcomes, strict=True)
        ]

    def _give_up(self, request: ChatRequest, error: EndpointError) -> ChatReply:
        reason = str(error).replace(self._config.base_url, "the server")  # an address has no place in a data set
        return ChatReply(request.node, "", problem=reason, ask_again=False)

    async def _answer(self, client: openai.AsyncOpenAI, slots: asyncio.Semaphore, request: ChatRequest) -> ChatReply | EndpointError:
        """Return the reply, or the error where it may be the request's fault."""
        parameters = self._parameters(request)
        try:
            async with slots:
                reply = _read(request.node, await client.chat.completions.create(**parameters))
        except (openai.OpenAIError, *_NOT_THE_PROTOCOL) as error:
            status = error.status_code if isinstance(error, openai.APIStatusError) else None
            if status in _REFUSED_REQUEST:
                reply = ChatReply(request.node, "", problem=f"the server refused the request: {self._quote(error)}", ask_again=False)
            elif (status is None or status >= 500) and self._failures_in_a_row < _MOST_FAILURES_IN_A_ROW:  # None: broken off, or another shape
                self._failures_in_a_row += 1
                return self._explain(error)
            else:
                raise self._explain(error) from None  # the cause may quote the key
        self._has_answered, self._failures_in_a_row = True, 0
        return reply

    def _connection(self, *, retries: int) -> dict[str, Any]:
        timeout = openai.Timeout(self._config.timeout, connect=min(_CONNECT_SECONDS, self._config.timeout))
        return {"base_url": self._config.base_url, "api_key": self._api_key or _NO_KEY, "timeout": timeout, "max_retries": retries}

    def _parameters(self, request: ChatRequest) -> dict[str, Any]:
        optional = {"temperature": self._config.temperature, "max_tokens": self._config.max_tokens, "reasoning_effort": request.effort}
        schema = {"name": "reply", "strict": True, "schema": _portable(request.schema)}
        return {
            "model": self._config.model,
            "messages": [{"role": message.role, "content": message.content} for message in request.messages],
            "response_format": {"type": "json_schema", "json_schema": schema},
            **{name: value for name, value in optional.items() if value is not None},
        }

    def _explain(self, error: Exception) -> EndpointError:
        """Return the error that says what is wrong and what to do about it, without the key."""
        url, config = self._config.base_url, self._config
        match error:
            case openai.APITimeoutError():
                return EndpointError(f"{url} did not answer within {config.timeout:g} s, also after {config.retries} retries; raise endpoint.timeout")
            case openai.APIConnectionError():
                cure = f"start the server (such as: vllm serve {config.model}) or correct endpoint.base_url"
                return EndpointError(f"nothing answers at {url}, or it breaks off ({self._quote(error.__cause__ or error)}); {cure}")
            case openai.AuthenticationError() | openai.PermissionDeniedError():
                state = "is set, but refused" if self._api_key else "is not set"
                return EndpointError(f"{url} wants another API key: the variable {config.api_key_env} {state} ({self._quote(error)})")
            case openai.NotFoundError():
                cure = "correct endpoint.model, or endpoint.base_url, which usually ends in /v1"
                return EndpointError(f"{url} does not know the model {config.model!r} or this address ({self._quote(error)}); {cure}")
            case openai.APIStatusError():
                return EndpointError(f"{url} answers with error {error.status_code} also after {config.retries} retries: {self._quote(error)}")
        return EndpointError(f"{url} answers with something that is no chat completion ({self._quote(error)}); correct endpoint.base_url")

    def _quote(self, error: BaseException) -> str:
        text = mend(" ".join(str(error).split()))
        text = text.replace(self._api_key, "(the key)") if self._api_key else text
        return text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + "…"


def _portable(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema without the lengths of strings.

    Some servers refuse them, and others (those with xgrammar) then let raw control characters into strings. The caller verifies the lengths.
    """
    plain = {key: value for key, value in schema.items() if key not in {"minLength", "maxLength"}}
    return {key: _portable(value) if isinstance(value, dict) else value for key, value in plain.items()}


def _read(node: str, completion: Any) -> ChatReply:
    choice, usage = completion.choices[0], completion.usage
    content = choice.message.content
    text = content if isinstance(content, str) else ""
    tokens = TokenUsage(usage.prompt_tokens or 0, usage.completion_tokens or 0) if usage else TokenUsage()
    return ChatReply(node, text, tokens, _find_problem(choice, text))


def _find_problem(choice: Any, text: str) -> str | None:
    if refusal := choice.message.refusal:
        return f"you refused: {mend(refusal)}"
    if choice.finish_reason == "length":
        return "the reply was cut off at the limit of tokens; think and write more briefly"
    if choice.finish_reason == "content_filter":
        return "the server's content filter stopped the reply"
    if text.strip():
        return None
    extra = choice.message.model_extra or {}
    reasoning = extra.get("reasoning_content") or extra.get("reasoning")
    return "it holds reasoning, but no answer" if reasoning else "it is empty"
