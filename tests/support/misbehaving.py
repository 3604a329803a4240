"""How a model server misbehaves, on one request in five, and its own account of what it did."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Literal

from action100m.stages.prompts import read_prompt
from support.chat_server import Answer, Asked, completion, error
from support.records import make_annotation

Fault = Literal["none", "429", "500", "hang", "reset", "cut", "fenced", "wrong keys", "white space", "only reasoning", "twice"]

LOST: Sequence[Fault] = ("429", "500", "hang", "reset")
"""What brings no reply; the client sends the request again."""
UNFIT: Sequence[Fault] = ("cut", "wrong keys", "white space", "only reasoning")
"""What is no annotation and holds none."""
OF_CAPTIONS: Sequence[Fault] = (*LOST, "cut", "white space", "only reasoning", "twice")
OF_CHATS: Sequence[Fault] = (*LOST, *UNFIT, "fenced", "twice")
ANNOTATION = json.dumps(make_annotation().to_dict())

_REASK = read_prompt("reask").partition("$reason")[0]
_EVERY = 5


@dataclass(frozen=True)
class Sent:
    """What was done to one request."""

    asked: Asked
    fault: Fault

    @property
    def is_chat(self) -> bool:
        """A chat asks for JSON, a caption does not."""
        return "response_format" in self.asked.body

    @property
    def is_whole(self) -> bool:
        """Whether a reply went out from its first to its last byte."""
        return self.fault not in LOST

    @property
    def is_reask(self) -> bool:
        """Whether it complains of the reply before."""
        return self.is_chat and self.asked.last.startswith(_REASK)


class Misbehaving:
    """One fault in each five requests, one kind after the other.

    Where a bad reply is complained of, the next one is the likelier to be bad: else hardly any conversation would fail for good.
    """

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.is_good = False
        """Set it, and there are no faults any more."""
        self._faults: dict[str, Iterator[Fault]] = {"caption": cycle(OF_CAPTIONS), "chat": cycle(OF_CHATS), "reask": cycle(UNFIT)}
        self._may_fail = True
        self._lock = threading.Lock()

    def __call__(self, asked: Asked) -> Answer:
        with self._lock:
            self.sent.append(Sent(asked, "none" if self.is_good else self._choose(Sent(asked, "none"))))
            sent = self.sent[-1]
        return _answer_chat(sent.fault) if sent.is_chat else _answer_caption(sent.fault)

    def _choose(self, sent: Sent) -> Fault:
        place = len(self.sent) % _EVERY
        self._may_fail |= place == 0
        stays_bad = sent.is_reask and "```" not in sent.asked.body["messages"][-2]["content"]  # what is fenced will be repaired
        if not self._may_fail or not (stays_bad or place == _EVERY - 1):
            return "none"
        self._may_fail = False
        return next(self._faults["reask" if stays_bad else "chat" if sent.is_chat else "caption"])

    def count(self, *, chats: bool) -> Counter[Fault]:
        """Return how often each thing was done to chats, or to captions."""
        return Counter(sent.fault for sent in self.sent if sent.is_chat is chats)


def _answer_caption(fault: Fault) -> Answer:
    return _fail(fault) or (
        completion("A cook whi", finish_reason="length") if fault == "cut" else completion("A cook whisks.", copies=_copies(fault))
    )


def _answer_chat(fault: Fault) -> Answer:
    match fault:
        case "cut":
            return completion(ANNOTATION[:-30], finish_reason="length")
        case "fenced":
            return completion(f"Here it is:\n```json\n{ANNOTATION}\n```\n")
        case "wrong keys":
            return completion(ANNOTATION.replace('"summary"', '"summary_of_segment"'))
    return _fail(fault) or completion(ANNOTATION, copies=_copies(fault))


def _copies(fault: Fault) -> int:
    return 2 if fault == "twice" else 1


def _fail(fault: Fault) -> Answer | None:
    """Return what goes wrong in the same way for chats and captions."""
    match fault:
        case "429":
            return error(429, Retry_After="0.3")
        case "500":
            return error(500)
        case "hang":
            return completion("too late", delay=60.0)
        case "reset":
            return completion(ANNOTATION, sent=40)
        case "white space":
            return completion(" \n\t" * 2000, finish_reason="length")
        case "only reasoning":
            return completion(None, reasoning_content="The user wants JSON. Let me think.")
    return None
