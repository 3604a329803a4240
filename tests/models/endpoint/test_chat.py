"""The client of a chat server, against a real server that misbehaves."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import random
import re
import signal
import subprocess
import sys
import threading
import time
import traceback
from dataclasses import asdict, replace

import pytest

from action100m.annotation import ANNOTATION_SCHEMA
from action100m.errors import ConfigError, EndpointError, MissingPackageError
from action100m.models.base import ChatMessage, ChatRequest, TokenUsage
from action100m.models.endpoint.chat import EndpointConfig
from action100m.tree import Node, Tree
from action100m.video.video import VideoMetadata
from support.chat_server import Answer, Asked, ChatServer, completion, error, html

KEY = "sk-very-secret-0123"


@pytest.fixture(autouse=True)
def _quick_retries(monkeypatch):
    """The client waits half a second before its first retry; the tests need not."""
    monkeypatch.setattr("action100m.models.endpoint.trouble._FIRST_WAIT", 0.01)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def config_for(server: ChatServer, **settings) -> EndpointConfig:
    return EndpointConfig(**{"model": "test-model", "base_url": server.base_url, "retries": 2, "timeout": 5.0, **settings})


def request(node: str = "a", text: str = "What is seen?", **values) -> ChatRequest:
    tree = Tree((Node(node, None, 0, 0.0, 8.0),))
    return ChatRequest(node, (ChatMessage("user", text),), ANNOTATION_SCHEMA, tree, VideoMetadata(), **values)


def by_node(replies):
    """Replies come in any order."""
    return sorted(replies, key=lambda reply: reply.node)


def in_turn(*answers: Answer):
    """Give the answers one after the other, the last one for ever."""
    remaining = list(answers)
    return lambda _: remaining.pop(0) if len(remaining) > 1 else remaining[0]


def test_request_carries_model_messages_and_a_strict_schema():
    with ChatServer(in_turn(completion("{}"))) as server:
        list(config_for(server, max_tokens=100).load().chat([request(text="What is seen?")]))
    (asked,) = server.asked
    assert (asked.body["model"], asked.body["max_tokens"]) == ("test-model", 100)
    assert asked.body["messages"] == [{"role": "user", "content": "What is seen?"}]
    wanted = asked.body["response_format"]
    assert (wanted["type"], wanted["json_schema"]["strict"]) == ("json_schema", True)
    assert wanted["json_schema"]["schema"]["required"] == ["summary", "action"]
    assert wanted["json_schema"]["schema"]["properties"]["action"]["additionalProperties"] is False


def test_schema_is_sent_without_lengths_of_strings_which_some_servers_refuse():
    with ChatServer(in_turn(completion("{}"))) as server:
        list(config_for(server).load().chat([request()]))
    assert "minLength" in json.dumps(ANNOTATION_SCHEMA)
    assert "minLength" not in json.dumps(server.asked[0].body)


def test_parameters_are_sent_only_when_set():
    with ChatServer(in_turn(completion("{}"))) as server:
        list(config_for(server, max_tokens=None).load().chat([request()]))
        list(config_for(server, temperature=0.5).load().chat([request(effort="high")]))
    plain, full = (asked.body for asked in server.asked)
    assert not {"reasoning_effort", "temperature", "max_tokens"} & plain.keys()
    assert (full["reasoning_effort"], full["temperature"], full["max_tokens"]) == ("high", 0.5, 16_384)


def test_reply_has_text_and_usage():
    with ChatServer(in_turn(completion("hello"))) as server:
        (reply,) = config_for(server).load().chat([request("n1")])
    assert (reply.node, reply.text, reply.usage, reply.problem) == ("n1", "hello", TokenUsage(7, 3), None)


def test_replies_are_not_swapped_however_late_and_broken_they_come():
    chance = random.Random(0)
    broken = {number for number in range(150) if chance.random() < 0.2}

    def digest(asked: Asked) -> Answer:
        number = int(asked.last)
        if number in broken:
            broken.remove(number)
            return chance.choice([error(500), error(429), completion("cut", sent=20)])
        return completion(hashlib.sha256(asked.last.encode()).hexdigest(), delay=chance.random() * 0.05)

    with ChatServer(digest) as server:
        replies = list(config_for(server, concurrency=32).load().chat([request(f"node-{number}", str(number)) for number in range(150)]))
    assert not broken
    assert {reply.node: reply.text for reply in replies} == {
        f"node-{number}": hashlib.sha256(str(number).encode()).hexdigest() for number in range(150)
    }
    assert len(replies) == 150


def test_no_more_requests_are_under_way_than_allowed():
    with ChatServer(lambda _: completion("hello", delay=0.03)) as server:
        list(config_for(server, concurrency=4).load().chat([request(str(number)) for number in range(20)]))
    assert server.most_at_once == 4
    assert len(server.asked) == 20


def patience(answer):
    """Return a timeout in seconds: short only for an answer that never comes, so that a busy machine fails no test."""
    return 1 if answer.delay else 30


@pytest.mark.parametrize(
    "first",
    [error(429), error(500), html(502), error(503), completion("cut", sent=20), completion("too late", delay=30)],
    ids=["429", "500", "html 502", "503", "reset in mid-reply", "hang"],
)
def test_what_may_pass_is_tried_again(first):
    with ChatServer(in_turn(first, completion("hello"))) as server:
        (reply,) = config_for(server, timeout=patience(first)).load().chat([request()])
    assert reply.text == "hello"
    assert len(server.asked) == 2


def test_retry_after_is_honoured():
    with ChatServer(in_turn(error(429, Retry_After="1"), completion("hello"))) as server:
        list(config_for(server).load().chat([request()]))
    first, second = server.asked
    assert 1.0 <= second.at - first.at < 2.0


@pytest.mark.parametrize(
    ("answer", "words", "times"),
    [
        (error(401), "OPENAI_API_KEY is not set", 1),
        (error(403), "wants another API key", 1),
        (error(404, "no such model"), "correct endpoint.model", 1),
        (error(500), "error 500 also after 2 retries", 3),
        (html(502), "error 502", 3),
        (error(429, "quota is used up"), "quota is used up", 3),
        (completion("cut", sent=20), "breaks off", 3),
        (completion("too late", delay=30), "within 1 s", 3),
        (html(200), "no chat completion", 3),
        (Answer(b'{"error": "out of order"}'), "no chat completion", 3),
        (Answer(b'{"choices": []}'), "no chat completion", 3),
        (Answer(b'{"choices": [{"finish_reason": "stop"}]}'), "no chat completion", 3),
        (Answer(b'{"choices": [{"mess'), "no chat completion", 3),
    ],
)
def test_server_that_does_not_answer_is_an_error_that_says_why(answer, words, times):
    with ChatServer(in_turn(answer)) as server, pytest.raises(EndpointError, match=words) as raised:
        list(config_for(server, timeout=patience(answer)).load().chat([request()]))
    assert server.base_url in str(raised.value)
    assert raised.value.retryable
    assert len(server.asked) == times


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (error(500, "cannot parse"), "cannot parse"),
        (completion("late", delay=30), "within 1 s"),
        (completion("cut", sent=20), "breaks off"),
        (html(200), "no chat completion"),
        (Answer(b'{"error": {"message": "out of order"}}'), "no chat completion"),
        (Answer(b'{"choices": []}'), "no chat completion"),
    ],
)
def test_failing_on_one_request_harms_no_other(bad, words):
    with ChatServer(lambda asked: bad if asked.last == "bad" else completion("hello")) as server:
        model = config_for(server, timeout=patience(bad), concurrency=1).load()
        first, second = by_node(model.chat([request("a", "bad"), request("b", "good")]))
        (third,) = model.chat([request("c", "bad")])
    assert second.text == "hello"
    for reply in (first, third):
        assert (reply.text, reply.ask_again) == ("", False)
        assert words in reply.problem
        assert server.base_url not in reply.problem


@pytest.mark.parametrize(
    ("bad", "words"), [(error(500), "error 500"), (completion("cut", sent=20), "breaks off"), (Answer(b'{"choices": []}'), "no chat completion")]
)
def test_failing_on_one_request_after_the_other_is_the_servers_fault(bad, words):
    with (
        ChatServer(lambda asked: completion("hello") if asked.last == "0" else bad) as server,
        pytest.raises(EndpointError, match=words),
    ):
        list(config_for(server, concurrency=1, retries=0).load().chat([request(str(number), str(number)) for number in range(20)]))
    assert len(server.asked) == 1 + 9


def test_a_mistake_in_a_request_is_not_blamed_on_the_server():
    broken = replace(request(), schema=None)
    with ChatServer(in_turn(completion("hello"))) as server, pytest.raises(AttributeError):
        list(config_for(server).load().chat([broken]))
    assert server.asked == []


def test_an_error_that_concerns_all_requests_abandons_them():
    with ChatServer(in_turn(error(401))) as server, pytest.raises(EndpointError):
        list(config_for(server, concurrency=1).load().chat([request(str(number)) for number in range(10)]))
    assert len(server.asked) < 10


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (completion('{"summ', finish_reason="length"), "cut off"),
        (completion(None, refusal="I will not."), "I will not."),
        (completion("", finish_reason="content_filter"), "content filter"),
        (completion(""), "empty"),
        (completion(None), "empty"),
        (completion(" \n\n"), "empty"),
        (completion(None, reasoning_content="The eggs ..."), "reasoning, but no answer"),
        (completion("", reasoning="The eggs ..."), "reasoning, but no answer"),
        (completion("<think>The eggs ..."), "reasoning, but no answer"),
    ],
)
def test_unusable_reply_tells_its_problem(answer, problem):
    with ChatServer(in_turn(answer)) as server:
        (reply,) = config_for(server).load().chat([request()])
    assert problem in reply.problem
    assert reply.ask_again
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [400, 413, 422])
def test_request_that_the_server_refuses_harms_no_other(status):
    def behave(asked: Asked) -> Answer:
        return error(status, "maximum context length is 10 tokens") if asked.last == "long" else completion("hello")

    with ChatServer(behave) as server:
        long, short = by_node(config_for(server).load().chat([request("a", "long"), request("b", "short")]))
    assert (long.text, long.ask_again, short.text) == ("", False, "hello")
    assert "maximum context length is 10 tokens" in long.problem
    assert len(server.asked) == 2


def test_api_key_is_sent_and_appears_nowhere_else(monkeypatch, caplog):
    monkeypatch.setenv("TEST_KEY", KEY)
    caplog.set_level(logging.DEBUG)
    with ChatServer(in_turn(completion("hello"), error(401, f"bad key {KEY}"))) as server:
        config = config_for(server, api_key_env="TEST_KEY")
        model = config.load()
        list(model.chat([request()]))
        with pytest.raises(EndpointError, match="TEST_KEY is set, but refused") as raised:
            list(model.chat([request()]))
    assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"
    trace = "".join(traceback.format_exception(raised.value))
    everything = f"{trace} {caplog.text} {model!r} {model.name} {config} {config.identity()} {asdict(config)}"
    assert KEY not in everything


def test_loading_asks_for_the_model_and_sends_no_chat():
    with ChatServer(in_turn(completion("hello")), models=["other", "test-model"]) as server:
        config_for(server).load()
    assert server.asked == []


def test_model_named_without_its_tag_is_known():
    with ChatServer(in_turn(completion("hello")), models=["test-model:latest"]) as server:
        config_for(server).load()


@pytest.mark.parametrize(
    ("listing", "words"),
    [
        (None, "has no model 'test-model'; it has other, another"),
        (error(401), "OPENAI_API_KEY is not set"),
        (error(404), "ends in /v1"),
        (error(500), "error 500"),
        (error(500), "set endpoint.check to false"),
        (error(500, "half \ud83d a pair"), "half \ufffd a pair"),
        (html(200), "no chat completion"),
    ],
)
def test_loading_fails_before_any_video_and_names_the_cure(listing, words):
    with (
        ChatServer(in_turn(completion("hello")), models=["other", "another"], listing=listing) as server,
        pytest.raises(EndpointError, match=re.escape(words)),
    ):
        config_for(server, retries=0).load()


def test_server_that_is_not_started_is_named_with_what_to_start():
    with ChatServer(in_turn(completion("hello"))) as server:
        config = config_for(server, retries=0)
    with pytest.raises(EndpointError, match=r"nothing answers at http://127\.0\.0\.1.*vllm serve test-model"):
        config.load()


def test_check_can_be_left_out_for_servers_without_a_list():
    with ChatServer(in_turn(completion("hello")), listing=error(500)) as server:
        (reply,) = config_for(server, check=False).load().chat([request()])
    assert reply.text == "hello"


def test_missing_package_names_the_pip_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "h11", None)
    for name in ("chat_model", "client", "http"):
        monkeypatch.delitem(sys.modules, f"action100m.models.endpoint.{name}", raising=False)
    with pytest.raises(MissingPackageError, match=r"pip install 'action100m\[endpoint\]'"):
        EndpointConfig().load()


def test_config_alone_does_not_import_the_client():
    code = "import sys, action100m.stages.annotate; sys.exit('h11' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_works_where_an_event_loop_is_running():
    async def notebook_cell(model):
        return list(model.chat([request()]))

    with ChatServer(in_turn(completion("hello"))) as server:
        (reply,) = asyncio.run(notebook_cell(config_for(server).load()))
    assert reply.text == "hello"


def test_interrupt_does_not_wait_for_requests_under_way():
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background job lacks
    arrived = threading.Event()

    def hang(_: Asked) -> Answer:
        arrived.set()
        return completion("too late", delay=30)

    def press_ctrl_c() -> None:
        arrived.wait(10)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    with ChatServer(hang) as server:
        model = config_for(server, timeout=60).load()
        threading.Thread(target=press_ctrl_c, daemon=True).start()
        begun = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            list(model.chat([request(str(number)) for number in range(4)]))
    assert time.monotonic() - begun < 5


def test_identity_is_what_replies_depend_on():
    one = EndpointConfig(model="m")
    assert replace(one, base_url="http://other/v1", timeout=1, retries=0, concurrency=1, api_key_env="K", check=False).identity() == one.identity()
    assert (
        len({json.dumps(config.identity()) for config in (one, EndpointConfig(model="n"), replace(one, temperature=0.0), replace(one, max_tokens=9))})
        == 4
    )


def test_a_better_reading_reaches_replies_that_are_remembered(monkeypatch):
    before = EndpointConfig().identity()
    monkeypatch.setattr("action100m.models.endpoint.chat._READING", 99)
    assert EndpointConfig().identity() != before


def test_waiting_for_a_turn_at_a_busy_server_is_not_held_against_a_request():
    """One slot, 0.1 s for each: the last of twelve waits for 1.2 s, and each has 0.6 s."""
    slot = threading.Lock()

    def behave(_: Asked) -> Answer:
        with slot:
            time.sleep(0.1)
        return completion("hello")

    with ChatServer(behave) as server:
        replies = list(config_for(server, timeout=0.6, retries=0).load().chat([request(str(number)) for number in range(12)]))
    assert {(reply.text, reply.retries) for reply in replies} == {("hello", 0)}


def test_a_request_that_hangs_is_noticed_while_others_are_answered():
    def behave(asked: Asked) -> Answer:
        return completion("late", delay=30) if asked.last == "hang" else completion("hello", delay=0.05)

    requests = [request("h", "hang"), *(request(str(number), str(number)) for number in range(100))]
    begun, came = time.monotonic(), {}
    with ChatServer(behave) as server:
        for reply in config_for(server, timeout=0.5, retries=0, concurrency=2).load().chat(requests):
            came[reply.node] = time.monotonic() - begun
            if reply.node == "h":
                assert "within 0.5 s" in reply.problem
    assert len(came) == 101
    assert came["h"] < max(came.values())


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"base_url": "localhost:8000"}, "must begin with http:// or https://, got 'localhost:8000'"),
        ({"base_url": f"http://me:{KEY}@host/v1"}, "no credentials"),
        ({"base_url": f"me:{KEY}@host/v1"}, "no credentials"),
        ({"base_url": "http://localhost:8000/v1", "deadline": 0}, "deadline must be > 0 seconds, got 0"),
        (
            {"base_url": ("http://localhost/v1", "http://:8000/v1")},
            "must name a host and may name a port, as in http://localhost:8000/v1, got 'http://:8000/v1'",
        ),
        ({"base_url": "http://localhost:port/v1"}, "got 'http://localhost:port/v1'"),
        ({"max_tokens_in_flight": 0}, "max_tokens_in_flight must be at least 1, got 0"),
        ({"model": ""}, "name of a model"),
        ({"timeout": 0}, "timeout must be > 0 seconds, got 0"),
        ({"timeout": float("nan")}, "got nan"),
        ({"retries": -1}, "retries must be at least 0, got -1"),
        ({"concurrency": 0}, "concurrency must be at least 1, got 0"),
        ({"max_tokens": 0}, "max_tokens must be at least 1, got 0"),
        ({"temperature": -0.1}, "temperature must be at least 0, got -0.1"),
    ],
)
def test_bad_settings_are_refused_with_the_value(settings, words):
    with pytest.raises(ConfigError, match=re.escape(words)) as raised:
        EndpointConfig(**settings)
    assert KEY not in str(raised.value)
