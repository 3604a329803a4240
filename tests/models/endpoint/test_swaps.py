"""Every reply belongs to its own request, whatever happens on the way: the server answers with a digest of the exact pixels and text it saw."""

from __future__ import annotations

import os
import random
from collections import Counter
from contextlib import ExitStack
from hashlib import sha256
from threading import Lock

import pytest

from action100m.models.endpoint.pictures import jpeg_url
from support.asking import caption_config, caption_request, chat_config, chat_request
from support.chat_server import Answer, Asked, ChatServer, completion, error

REQUESTS = int(os.environ.get("ACTION100M_SWAP_REQUESTS", "1000"))
"""Set it to 10000 for the whole proof."""
SHARE_OF_FAULTS = 0.2


@pytest.fixture(autouse=True)
def _quick_retries(monkeypatch):
    monkeypatch.setattr("action100m.models.endpoint.trouble._FIRST_WAIT", 0.01)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def digest(*parts: bytes) -> str:
    return sha256(b"|".join(parts)).hexdigest()


def digest_of(asked: Asked) -> str:
    """Tell the pixels as they decode, and the text."""
    pictures = [picture.tobytes() for picture in asked.pictures] if isinstance(asked.body["messages"][-1]["content"], list) else []
    return digest(*pictures, asked.text.encode())


class Faults:
    """Answers late and at random, and fails on one request in five, each request once."""

    def __init__(self, seed: int) -> None:
        self.counts = Counter()
        self._chance = random.Random(seed)
        self._failed = set()
        self._lock = Lock()

    def __call__(self, asked: Asked) -> Answer:
        seen = digest_of(asked)
        with self._lock:
            late = self._chance.random() * 0.03
            fails = self._chance.random() < SHARE_OF_FAULTS and seen not in self._failed
            fault = self._chance.choice(["429", "500", "reset", "hang", "twice"]) if fails else "none"
            self._failed |= {seen} if fails else set()
            self.counts[fault] += 1
        match fault:
            case "429":
                return error(429, Retry_After="0.05")
            case "500":
                return error(500)
            case "reset":
                return completion(seen, sent=20, delay=late)
            case "hang":
                return completion(seen, delay=0.3)
            case "twice":
                return completion(seen, delay=late, copies=2)
        return completion(seen, delay=late)


def three_servers(stack: ExitStack):
    faults = [Faults(seed) for seed in range(3)]
    return faults, [stack.enter_context(ChatServer(behave)) for behave in faults]


def check_faults(faults, replies) -> None:
    counts = sum((behave.counts for behave in faults), Counter())
    assert all(counts[fault] > REQUESTS / 200 for fault in ("429", "500", "reset", "hang", "twice"))
    assert sum(reply.retries for reply in replies) == counts["429"] + counts["500"] + counts["reset"]
    assert all(sum(behave.counts.values()) > REQUESTS / 5 for behave in faults)


def test_no_caption_is_swapped():
    requests = [caption_request(f"node {number}", frames=1 + number % 3, prompt=f"What of {number}?") for number in range(REQUESTS)]
    expected = {request.node: digest(*map(_as_it_decodes, request.frames.data), request.prompt.encode()) for request in requests}
    assert len(set(expected.values())) == REQUESTS
    with ExitStack() as stack:
        faults, servers = three_servers(stack)
        replies = list(caption_config(*servers, concurrency=64, retries=5).load().caption(requests))
    assert len(replies) == REQUESTS
    assert {reply.node: reply.text for reply in replies} == expected
    assert [reply.node for reply in replies] != [request.node for request in requests]
    check_faults(faults, replies)


def _as_it_decodes(picture) -> bytes:
    url = jpeg_url(picture, quality=90)
    return Asked({"messages": [{"content": [{"type": "image_url", "image_url": {"url": url}}]}]}, {}, 0.0).pictures[0].tobytes()


def test_no_chat_reply_is_swapped():
    requests = [chat_request(f"node {number}", f"What of {number}?") for number in range(REQUESTS)]
    with ExitStack() as stack:
        faults, servers = three_servers(stack)
        replies = list(chat_config(*servers, concurrency=64, retries=5).load().chat(requests))
    assert len(replies) == REQUESTS
    assert {reply.node: reply.text for reply in replies} == {request.node: digest(request.messages[0].content.encode()) for request in requests}
    check_faults(faults, replies)


def test_a_reply_that_is_sent_twice_is_not_taken_for_the_next_one():
    with ChatServer(lambda asked: completion(asked.last, copies=2)) as server:
        replies = list(chat_config(server, concurrency=1).load().chat([chat_request(str(number), str(number)) for number in range(5)]))
    assert [reply.text for reply in replies] == ["0", "1", "2", "3", "4"]
