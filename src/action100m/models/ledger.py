"""Ask a model only what it has not answered before: a captioner or chat model with a memory in front of it.

A reply is found again by the digest of all that it depends on: the model with its revision and parameters, the exact text, and the exact pixels. It
is noted as soon as it is there, by the thread that fetched it if there is one: so whatever ends the run, an answer that was paid for is not paid
for twice.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Literal, Protocol, TypeVar

import numpy as np

from action100m.models.base import Captioner, CaptionReply, CaptionRequest, ChatModel, ChatReply, ChatRequest, Evidence, TokenUsage

Request = TypeVar("Request", CaptionRequest, ChatRequest)
Reply = TypeVar("Reply", CaptionReply, ChatReply)

Purpose = Literal["caption", "annotate"]
"""The stage that asks: totals are kept for each."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One reply as it is kept."""

    text: str
    usage: TokenUsage = TokenUsage()
    problem: str | None = None
    ask_again: bool = True
    seconds: float = 0.0
    retries: int = 0
    reasoning: str = ""


class Ledger(Protocol):
    """Where replies are kept. Several threads and processes may write to it."""

    def recall(self, key: str, *, since: int = 0) -> Entry | None:
        """Return the reply last noted under a digest, after a mark."""

    def mark(self, name: str) -> int:
        """Return how far the ledger had come when this was first called with this name."""

    def note(self, key: str, entry: Entry, *, purpose: Purpose, model: str) -> None:
        """Keep a reply, in place of an older one; all that were ever noted count for the totals."""


def remember_captions(captioner: Captioner, ledger: Ledger | None, identity: Mapping[str, Any]) -> Captioner:
    """Return a captioner with a memory; identity: all that its replies depend on besides the request."""
    return captioner if ledger is None or captioner.is_free else _RememberingCaptioner(captioner, ledger, dict(identity))


def remember_chats(model: ChatModel, ledger: Ledger | None, identity: Mapping[str, Any], *, afresh: str | None = None) -> ChatModel:
    """Return a chat model with a memory.

    afresh: names work that failed before and is asked for once more. What was noted before this name first came up is not recalled; so a retry that
    was interrupted goes on where it stopped.
    """
    if ledger is None or model.is_free:
        return model
    return _RememberingChatModel(model, ledger, dict(identity), since=0 if afresh is None else ledger.mark(afresh))


@dataclass
class _Noting:
    """Notes a reply once: told by the thread that fetched it, or else by the caller."""

    ledger: Ledger
    key: str
    purpose: Purpose
    model: str
    is_done: bool = False

    def __call__(self, reply: CaptionReply | ChatReply) -> None:
        if self.is_done or reply.outcome != "answered":
            return
        entry = Entry(reply.text, reply.usage, reply.problem, seconds=reply.seconds, retries=reply.retries)
        if isinstance(reply, ChatReply):
            entry = replace(entry, ask_again=reply.ask_again, reasoning=reply.reasoning)
        self.ledger.note(self.key, entry, purpose=self.purpose, model=self.model)
        self.is_done = True


def _ask(
    send: Callable[[Iterable[Request]], Iterator[Reply]],
    requests: Iterable[Request],
    *,
    place: Callable[[Request | Reply], tuple[str, ...]],
    remember: Callable[[Request], Reply | _Noting],
) -> Iterator[Reply]:
    """Yield what is remembered, and what a model answers to the rest.

    place: what a request and its reply have in common. remember: returns the reply to a request, or what is to note it.
    """
    known: deque[Reply] = deque()
    notings: dict[tuple[str, ...], _Noting] = {}

    def unknown() -> Iterator[Request]:
        for request in requests:
            found = remember(request)
            if isinstance(found, _Noting):
                notings[place(request)] = found
                yield replace(request, on_reply=found)
            else:
                known.append(found)

    for reply in send(unknown()):
        if noting := notings.pop(place(reply), None):
            noting(reply)
        yield reply
        while known:
            yield known.popleft()
    yield from known


@dataclass(frozen=True)
class _RememberingCaptioner:
    captioner: Captioner
    ledger: Ledger
    identity: dict[str, Any]
    is_free = False

    @property
    def name(self) -> str:
        return self.captioner.name

    @property
    def evidence(self) -> Evidence:
        return self.captioner.evidence

    def caption(self, requests: Iterable[CaptionRequest]) -> Iterator[CaptionReply]:
        return _ask(self.captioner.caption, requests, place=lambda either: (either.node, either.field), remember=self._remember)

    def _remember(self, request: CaptionRequest) -> CaptionReply | _Noting:
        asked = {"field": request.field, "prompt": request.prompt, "seconds": request.seconds}
        pixels = request.frames.data if request.frames else np.empty(0, np.uint8)
        key = _digest([self.identity, self.name, asked, pixels.shape], np.ascontiguousarray(pixels).data)
        if entry := self.ledger.recall(key):
            return CaptionReply(request.node, request.field, entry.text, entry.usage, entry.problem)
        return _Noting(self.ledger, key, "caption", self.name)


@dataclass(frozen=True)
class _RememberingChatModel:
    model: ChatModel
    ledger: Ledger
    identity: dict[str, Any]
    since: int
    is_free = False

    @property
    def name(self) -> str:
        return self.model.name

    def chat(self, requests: Iterable[ChatRequest]) -> Iterator[ChatReply]:
        return _ask(self.model.chat, requests, place=lambda either: (either.node,), remember=self._remember)

    def _remember(self, request: ChatRequest) -> ChatReply | _Noting:
        messages = [[message.role, message.content] for message in request.messages]
        key = _digest([self.identity, self.name, messages, request.schema, request.effort])
        if entry := self.ledger.recall(key, since=self.since):
            return ChatReply(request.node, entry.text, entry.usage, entry.problem, entry.ask_again, reasoning=entry.reasoning)
        return _Noting(self.ledger, key, "annotate", self.name)


def _digest(value: Any, pixels: memoryview = memoryview(b"")) -> str:
    total = sha256(json.dumps(value, sort_keys=True).encode())
    total.update(pixels)
    return total.hexdigest()
