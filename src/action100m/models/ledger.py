"""Ask a model only what it has not answered before: a captioner or chat model with a memory in front of it.

A reply is found again by the digest of all that it depends on: the model with its revision and parameters, the exact text, and the exact pixels. It
is noted as soon as it is taken, so that whatever ends the run, an answer that was paid for is not paid for twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal, Protocol

import numpy as np

from action100m.models.base import Captioner, CaptionReply, CaptionRequest, ChatModel, ChatReply, ChatRequest, Evidence, TokenUsage

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
    """Where replies are kept. Several processes may write to it."""

    def recall(self, key: str) -> Entry | None:
        """Return the reply noted under a digest."""

    def note(self, key: str, entry: Entry, *, purpose: Purpose, model: str) -> None:
        """Keep a reply, in place of an older one; all that were ever noted count for the totals."""


def remember_captions(captioner: Captioner, ledger: Ledger | None, identity: Mapping[str, Any]) -> Captioner:
    """Return a captioner with a memory; identity: all that its replies depend on besides the request."""
    return captioner if ledger is None or captioner.is_free else _RememberingCaptioner(captioner, ledger, dict(identity))


def remember_chats(model: ChatModel, ledger: Ledger | None, identity: Mapping[str, Any], *, afresh: bool = False) -> ChatModel:
    """Return a chat model with a memory. afresh: ask all the same, and note the replies in place of those known: for what has failed before."""
    return model if ledger is None or model.is_free else _RememberingChatModel(model, ledger, dict(identity), afresh)


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

    def caption(self, requests: Sequence[CaptionRequest]) -> Iterator[CaptionReply]:
        keys = {(request.node, request.field): self._key(request) for request in requests}
        known = {place: entry for place, key in keys.items() if (entry := self.ledger.recall(key)) is not None}
        for (node, field), entry in known.items():
            yield CaptionReply(node, field, entry.text, entry.usage, entry.problem)
        unknown = [request for request in requests if (request.node, request.field) not in known]
        for reply in self.captioner.caption(unknown) if unknown else ():
            if reply.outcome == "answered" and (key := keys.get((reply.node, reply.field))):
                entry = Entry(reply.text, reply.usage, reply.problem, seconds=reply.seconds, retries=reply.retries)
                self.ledger.note(key, entry, purpose="caption", model=self.name)
            yield reply

    def _key(self, request: CaptionRequest) -> str:
        asked = {"field": request.field, "prompt": request.prompt, "seconds": request.seconds}
        pixels = request.frames.data if request.frames else np.empty(0, np.uint8)
        return _digest([self.identity, self.name, asked, pixels.shape], np.ascontiguousarray(pixels).data)


@dataclass(frozen=True)
class _RememberingChatModel:
    model: ChatModel
    ledger: Ledger
    identity: dict[str, Any]
    afresh: bool
    is_free = False

    @property
    def name(self) -> str:
        return self.model.name

    def chat(self, requests: Sequence[ChatRequest]) -> Iterator[ChatReply]:
        keys = {request.node: self._key(request) for request in requests}
        known = {} if self.afresh else {node: entry for node, key in keys.items() if (entry := self.ledger.recall(key)) is not None}
        for node, entry in known.items():
            yield ChatReply(node, entry.text, entry.usage, entry.problem, entry.ask_again, reasoning=entry.reasoning)
        unknown = [request for request in requests if request.node not in known]
        for reply in self.model.chat(unknown) if unknown else ():
            if reply.outcome == "answered" and (key := keys.get(reply.node)):
                entry = Entry(reply.text, reply.usage, reply.problem, reply.ask_again, reply.seconds, reply.retries, reply.reasoning)
                self.ledger.note(key, entry, purpose="annotate", model=self.name)
            yield reply

    def _key(self, request: ChatRequest) -> str:
        messages = [[message.role, message.content] for message in request.messages]
        return _digest([self.identity, self.name, messages, request.schema, request.effort])


def _digest(value: Any, pixels: memoryview = memoryview(b"")) -> str:
    total = sha256(json.dumps(value, sort_keys=True).encode())
    total.update(pixels)
    return total.hexdigest()
