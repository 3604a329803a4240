"""Replies come as they are there; whatever ends the call, those that came are kept and nothing is left behind."""

from __future__ import annotations

import gc
import signal
import threading
import time
import weakref
from pathlib import Path

import pytest

from action100m.errors import EndpointError, StoreError
from action100m.models.base import TokenUsage
from action100m.models.ledger import remember_captions, remember_chats
from support.asking import caption_config, caption_request, chat_config, chat_request
from support.chat_server import Asked, ChatServer, completion, error


@pytest.fixture(autouse=True)
def _quick_retries(monkeypatch):
    monkeypatch.setattr("action100m.models.endpoint.trouble._FIRST_WAIT", 0.01)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


class Notebook:
    """A ledger in memory."""

    def __init__(self) -> None:
        self.entries = {}

    def recall(self, key, *, since=0):
        return self.entries.get(key)

    def note(self, key, entry, *, purpose, model):
        self.entries[key] = entry


def many(*texts: str):
    return [chat_request(text, text) for text in texts]


def slow_or_quick(asked: Asked):
    return completion("late", delay=30) if asked.last.startswith("slow") else completion("hello")


def sockets() -> int:
    return sum(str(path.readlink()).startswith("socket:") for path in Path("/proc/self/fd").iterdir() if path.is_symlink())


def interrupt_when(condition) -> None:
    """Press Ctrl-C in the main thread once a condition holds."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background job lacks

    def wait_and_press():
        begun = time.monotonic()
        while not condition() and time.monotonic() - begun < 10:
            time.sleep(0.01)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    threading.Thread(target=wait_and_press, daemon=True).start()


def test_a_reply_is_there_before_a_slower_one():
    begun = time.monotonic()
    with ChatServer(slow_or_quick) as server:
        replies = chat_config(server).load().chat(many("slow", "quick"))
        assert next(iter(replies)).node == "quick"
        replies.close()
    assert time.monotonic() - begun < 5


def test_requests_are_taken_as_there_is_room_and_a_few_more_to_be_ready(monkeypatch):
    monkeypatch.setattr("action100m.models.endpoint.client._AHEAD", 3)
    taken = []

    def requests():
        for number in range(1000):
            taken.append(number)
            yield chat_request(str(number), "slow" if number else "quick")

    with ChatServer(slow_or_quick) as server:
        replies = chat_config(server, concurrency=2).load().chat(requests())
        next(replies)
        time.sleep(0.2)
        assert len(server.asked) == 3
        replies.close()
    assert len(taken) == 2 + 3


def test_closing_abandons_what_is_under_way_and_leaves_nothing_behind():
    with ChatServer(slow_or_quick) as server:
        model = chat_config(server, check=False).load()
        threads, before = {thread.name for thread in threading.enumerate()}, sockets()
        replies = model.chat(many("quick", *(f"slow {number}" for number in range(8))))
        next(iter(replies))
        begun = time.monotonic()
        replies.close()
        assert time.monotonic() - begun < 2
        left = [thread.name for thread in threading.enumerate() if "process_request" not in thread.name and thread.name not in threads]
        assert left == []
    gc.collect()
    assert sockets() <= before


def test_a_finished_call_leaves_nothing_behind():
    with ChatServer(slow_or_quick) as server:
        model = caption_config(server).load()
        for _ in range(3):
            assert len(list(model.caption([caption_request(str(number)) for number in range(20)]))) == 20
        time.sleep(0.1)
        assert not [thread.name for thread in threading.enumerate() if "asyncio" in thread.name.lower()]


def test_ctrl_c_keeps_every_reply_that_came():
    notebook = Notebook()
    hanging = [True]

    def behave(asked: Asked):
        return completion("late", delay=30) if hanging[0] and int(asked.last) >= 5 else completion(f"answer {asked.last}")

    requests = many(*(str(number) for number in range(12)))
    with ChatServer(behave) as server:
        model = remember_chats(chat_config(server, concurrency=12).load(), notebook, {})
        interrupt_when(lambda: len(notebook.entries) == 5)
        begun = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            list(model.chat(requests))
        assert time.monotonic() - begun < 5
        assert sorted(entry.text for entry in notebook.entries.values()) == [f"answer {number}" for number in range(5)]
        hanging[0], asked_before = False, len(server.asked)
        replies = {reply.node: reply.text for reply in model.chat(requests)}
    assert replies == {str(number): f"answer {number}" for number in range(12)}
    assert {int(asked.last) for asked in server.asked[asked_before:]} == {5, 6, 7, 8, 9, 10, 11}


def test_ctrl_c_keeps_every_caption_that_came():
    notebook = Notebook()
    with ChatServer(slow_or_quick) as server:
        model = remember_captions(caption_config(server).load(), notebook, {})
        interrupt_when(lambda: len(notebook.entries) == 2)
        prompts = ("quick 1", "slow 2", "quick 3", "slow 4")
        with pytest.raises(KeyboardInterrupt):
            list(model.caption([caption_request(prompt, prompt=prompt) for prompt in prompts]))
    assert [entry.text for entry in notebook.entries.values()] == ["hello", "hello"]


def test_replies_before_an_error_that_concerns_all_are_kept():
    came = []
    with (
        ChatServer(lambda asked: error(401) if asked.last == "bad" else completion("hello")) as server,
        pytest.raises(EndpointError, match="API key"),
    ):
        came.extend(reply.node for reply in chat_config(server, concurrency=1).load().chat(many("a", "b", "bad", "c")))
    assert [asked.last for asked in server.asked] == ["a", "b", "bad"]


def test_a_reply_that_cannot_be_noted_ends_the_call():
    class Full(Notebook):
        def note(self, key, entry, *, purpose, model):
            raise StoreError("disk is full")

    with ChatServer(slow_or_quick) as server:
        model = remember_chats(chat_config(server).load(), Full(), {})
        with pytest.raises(StoreError, match="disk is full"):
            list(model.chat(many("quick", "slow")))


def test_a_mistake_in_making_the_requests_is_told_and_leaves_nothing_behind():
    def requests():
        yield chat_request("0", "slow")
        raise ValueError("cannot decode")

    with ChatServer(slow_or_quick) as server:
        model = chat_config(server).load()
        threads = {thread.name for thread in threading.enumerate()}
        with pytest.raises(ValueError, match="cannot decode"):
            list(model.chat(requests()))
        assert not [thread for thread in threading.enumerate() if "process_request" not in thread.name and thread.name not in threads]


def test_what_a_request_was_made_of_is_let_go_once_it_is_rendered():
    """64 requests under way would hold 300 MB of frames."""
    frames = []

    def requests():
        for number in range(8):
            request = caption_request(str(number))
            frames.append(weakref.ref(request.frames.data))
            yield request
            del request

    with ChatServer(lambda _: completion("late", delay=0.6)) as server:
        replies = caption_config(server).load().caption(requests())
        threading.Timer(0.4, lambda: alive.append(sum(ref() is not None for ref in frames))).start()
        alive = []
        assert len(list(replies)) == 8
    assert len(frames) == 8
    assert alive == [0]


def test_a_reply_tells_its_tokens_its_time_and_its_retries():
    answers = iter([error(500), error(429), completion("hello", delay=0.2, cached=5, reasoning_content="It is round.")])
    with ChatServer(lambda _: next(answers)) as server:
        (reply,) = chat_config(server).load().chat(many("a"))
    assert reply.usage == TokenUsage(7, 3, 5)
    assert (reply.retries, reply.reasoning) == (2, "It is round.")
    assert 0.2 < reply.seconds < 5


@pytest.mark.parametrize("answer", [error(500), completion("late", delay=30)], ids=["fails", "hangs"])
def test_a_request_is_given_up_at_its_deadline(answer):
    begun = time.monotonic()
    with ChatServer(lambda _: answer) as server, pytest.raises(EndpointError):
        list(chat_config(server, retries=1000, deadline=0.5).load().chat(many("a")))
    assert time.monotonic() - begun < 4


@pytest.mark.parametrize("answer", [error(500), completion("cut", sent=20)])
def test_failures_before_the_first_answer_are_told_once_there_is_one(answer):
    with ChatServer(lambda asked: answer if asked.last.startswith("bad") else completion("hello", delay=0.3)) as server:
        replies = {reply.node: reply for reply in chat_config(server, retries=1).load().chat(many("bad 1", "good", "bad 2"))}
    assert (replies["good"].text, replies["good"].problem, replies["good"].retries) == ("hello", None, 0)
    for reply in (replies["bad 1"], replies["bad 2"]):
        assert (reply.text, reply.retries, reply.ask_again) == ("", 1, False)
        assert reply.problem
        assert reply.seconds > 0
