"""What a server's chat completion says: the text, the reasoning apart from it, what it cost, and why it ended."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from action100m.errors import EndpointError
from action100m.models.base import Outcome, TokenUsage
from action100m.models.endpoint.trouble import Trouble
from action100m.text import mend


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, whatever it was asked for."""

    text: str
    reasoning: str = ""
    usage: TokenUsage = TokenUsage()
    problem: str | None = None
    ask_again: bool = True
    is_cut: bool = False
    """Whether the limit of tokens ended it."""
    seconds: float = 0.0
    retries: int = 0
    error: EndpointError | None = None
    """Set where there is no answer."""
    outcome: Outcome = "answered"


def read_reply(data: bytes) -> Reply:
    """Read the body of a chat completion.

    Raises:
        Trouble: it has another shape, such as a log-in page.
    """
    try:
        completion = json.loads(data)
        choice = completion["choices"][0]
        message, finish = choice["message"], choice.get("finish_reason")
        text, reasoning = _split(message)
        usage = _read_usage(completion.get("usage") or {})
        problem = _find_problem(message.get("refusal"), finish, text, reasoning)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise Trouble("foreign", f"{type(error).__name__}: {error}, in {data[:200].decode(errors='replace')}") from None
    return Reply(text, reasoning, usage, problem, is_cut=finish == "length")


def list_models(data: bytes) -> list[str]:
    """Read the names of the models that a server has.

    Raises:
        Trouble: it has another shape.
    """
    try:
        return [str(model["id"]) for model in json.loads(data)["data"]]
    except (ValueError, LookupError, TypeError) as error:
        raise Trouble("foreign", f"{type(error).__name__}: {error}") from None


def _split(message: dict[str, Any]) -> tuple[str, str]:
    """Return the answer and the reasoning.

    vLLM, SGLang and llama.cpp send two fields. A server that was started without a parser for its model's reasoning leaves it in the answer, up to
    </think>; <think> may stand in the prompt. Thoughts that do not end, since the limit cut them off, are no answer.
    """
    content = message.get("content")
    text = content if isinstance(content, str) else ""
    told = message.get("reasoning_content") or message.get("reasoning")
    thoughts, _, answer = text.rpartition("</think>")
    if answer.lstrip().startswith("<think>"):
        thoughts, answer = text, ""
    thoughts = thoughts.strip().removeprefix("<think>").strip()
    return answer, told if isinstance(told, str) and told else thoughts


def _read_usage(usage: dict[str, Any]) -> TokenUsage:
    details = usage.get("prompt_tokens_details") or {}
    return TokenUsage(int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0), int(details.get("cached_tokens") or 0))


def _find_problem(refusal: str | None, finish: str | None, text: str, reasoning: str) -> str | None:
    if refusal:
        return f"you refused: {mend(refusal)}"
    if finish == "length":
        return "the reply was cut off at the limit of tokens; think and write more briefly"
    if finish == "content_filter":
        return "the server's content filter stopped the reply"
    if text.strip():
        return None
    return "it holds reasoning, but no answer" if reasoning else "it is empty"
