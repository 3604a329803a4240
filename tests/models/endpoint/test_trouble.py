"""How long a client waits before it asks again, and what it takes for passing."""

from __future__ import annotations

import re
import time
from email.utils import formatdate

import pytest

from action100m.models.endpoint.trouble import Trouble, read_retry_after, wait_before_retry
from support.asking import chat_config, chat_request
from support.chat_server import ChatServer, completion, error, html


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("3", 3.0), ("0.25", 0.25), ("0", 0.0), ("-5", 0.0), ("3600", 60.0), ("inf", 60.0), ("nan", 0.0), ("soon", 0.0), ("", 0.0), (None, 0.0)],
)
def test_retry_after_in_seconds_is_read_up_to_a_minute(value, seconds):
    assert read_retry_after(value) == seconds


def test_retry_after_may_be_a_date():
    assert read_retry_after(formatdate(time.time() + 30, usegmt=True)) == pytest.approx(30, abs=2)
    assert read_retry_after(formatdate(time.time() - 30, usegmt=True)) == 0.0


def test_waits_double_from_half_a_second_to_eight_and_are_spread():
    for retries, longest in enumerate([0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]):
        waits = [wait_before_retry(retries, 0.0) for _ in range(50)]
        assert longest * 0.75 <= min(waits) < max(waits) <= longest
    assert wait_before_retry(10_000, 0.0) <= 8.0


def test_a_server_that_asks_for_longer_gets_it():
    assert wait_before_retry(0, 20.0) == 20.0
    assert wait_before_retry(5, 1.0) >= 6.0


@pytest.mark.parametrize(
    ("status", "passing"), [(408, True), (409, True), (429, True), (500, True), (529, True), (400, False), (401, False), (410, False)]
)
def test_what_may_pass_is_told_by_the_status(status, passing):
    assert Trouble("status", "", status=status).may_pass is passing


@pytest.mark.parametrize(("kind", "passing"), [("unreachable", True), ("broken", True), ("slow", True), ("foreign", True)])
def test_what_may_pass_without_a_status(kind, passing):
    assert Trouble(kind, "").may_pass is passing


def test_a_date_is_waited_for(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    answers = iter([error(503, Retry_After=formatdate(time.time() + 2.5, usegmt=True)), completion("hello")])
    with ChatServer(lambda _: next(answers)) as server:
        (reply,) = chat_config(server).load().chat([chat_request()])
    first, second = server.asked
    assert (reply.text, reply.retries) == ("hello", 1)
    assert second.at - first.at > 0.9


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (error(400, "too long"), "the server refused the request: too long"),
        (html(413), "the server refused the request: <html><body><h1>It works!"),
    ],
)
def test_the_servers_own_words_are_quoted(answer, words):
    with ChatServer(lambda _: answer) as server:
        (reply,) = chat_config(server).load().chat([chat_request()])
    assert re.match(re.escape(words), reply.problem)
