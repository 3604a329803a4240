"""Several servers share the work: who is asked, who rests, and how much is under way."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import replace
from types import SimpleNamespace

import pytest

from action100m.errors import EndpointError
from action100m.models.endpoint.http import Patience
from action100m.models.endpoint.pool import Gate, Pool, Server
from support.asking import caption_config, caption_request, chat_config, chat_request
from support.chat_server import Asked, ChatServer, completion, error
from support.trees import split_tree


@pytest.fixture(autouse=True)
def _quick_retries(monkeypatch):
    monkeypatch.setattr("action100m.models.endpoint.trouble._FIRST_WAIT", 0.01)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


@pytest.fixture
def clock(monkeypatch):
    """Seconds that stand still until the test moves them."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr("action100m.models.endpoint.pool.time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def servers(count: int) -> list[Server]:
    return [Server(f"http://{number}", None) for number in range(count)]


def pool_of(*servers: Server, tokens: int = 10_000, requests: int = 100) -> Pool:
    return Pool(servers, tokens=tokens, requests=requests)


def carrying(server: Server, tokens: int):
    return server.carrying(tokens, Patience(60, time.monotonic() + 60))


def hello(_: Asked):
    return completion("hello")


def many(count: int):
    return [chat_request(str(number), str(number)) for number in range(count)]


def test_requests_that_begin_alike_go_to_the_same_server():
    pool = pool_of(*servers(3))
    homes = {beginning: pool.choose(beginning, 10) for beginning in map(str, range(300))}
    assert {beginning: pool.choose(beginning, 99) for beginning in homes} == homes
    assert all(80 <= count <= 120 for count in Counter(homes.values()).values())


def test_a_server_that_goes_away_leaves_the_others_their_beginnings(clock):
    pool = pool_of(*servers(3))
    homes = {beginning: pool.choose(beginning, 10) for beginning in map(str, range(100))}
    gone = pool.servers[0]
    gone.note(is_there=False)
    for beginning, home in homes.items():
        assert pool.choose(beginning, 10) is (home if home is not gone else pool.choose(beginning, 1))


def test_no_server_carries_more_than_its_share_for_the_sake_of_its_cache():
    pool = pool_of(*servers(2))
    with ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(carrying(pool.choose("the same video", 10), 10))
        home = pool.choose("the same video", 10)
        assert sorted(server.requests for server in pool.servers) == [37, 63]
        assert home.requests == 63


def test_another_server_is_asked_the_second_time_if_there_is_one():
    one, two = servers(2)
    assert pool_of(one, two).choose("any", 1, avoid=one) is two
    assert pool_of(one).choose("any", 1, avoid=one) is one


def test_a_server_rests_longer_each_time_and_is_then_tried_by_one_request_alone(clock):
    one, two = servers(2)
    pool = pool_of(one, two)
    for rest in (1.0, 2.0, 4.0):
        one.note(is_there=False)
        one.note(is_there=False)  # by a second request that was on its way as well
        with carrying(two, 1000):
            assert pool.choose("any", 1) is two
            clock.now += rest - 0.01
            assert pool.choose("any", 1) is two
            clock.now += 0.02
            assert pool.choose("any", 1) is one
            with carrying(one, 1):
                assert pool.choose("any", 1) is two
    assert not one.is_up
    one.note(is_there=True)
    assert one.is_up
    with carrying(two, 10):
        assert pool.choose("any", 1) is one


def test_where_all_rest_one_is_asked_all_the_same(clock):
    pool = pool_of(*servers(2))
    for server in pool.servers:
        server.note(is_there=False)
    assert not pool.has_usable
    assert pool.choose("any", 1) in pool.servers
    assert pool.up == 1


def test_an_answer_gives_those_sent_later_their_whole_patience_and_not_those_sent_before(clock):
    (server,) = servers(1)
    before, answered, abreast, later = (Patience(60, 1000, sent=second) for second in (90.0, 100.0, 99.5, 110.0))
    with ExitStack() as others:
        for patience in (before, abreast, later):
            others.enter_context(server.carrying(1, patience))
        clock.now = 150.0
        with server.carrying(1, answered):
            pass
        assert [patience.since for patience in (before, abreast, later)] == [0, 150, 150]
        clock.now = 160.0
        with suppress(OSError), server.carrying(1, before):
            raise OSError("broken off")
        assert later.since == 150
    assert server.requests == server.tokens == 0


def enter_all(gate: Gate, *weights: int, leaving: tuple[int, ...] = ()) -> list[int]:
    """Return the weights that got in, in order, when those of `leaving` leave one after the other."""

    async def scene():
        entered = []

        async def come():
            for weight in weights:
                await gate.enter(weight)
                entered.append(weight)

        coming = asyncio.create_task(come())
        await asyncio.sleep(0)
        for weight in leaving:
            gate.leave(weight)
            await asyncio.sleep(0.01)
        coming.cancel()
        return entered

    return asyncio.run(scene())


def test_no_more_tokens_are_let_in_than_there_is_room_for():
    assert enter_all(Gate(pool_of(*servers(1), tokens=100, requests=9)), 40, 40, 40, 10) == [40, 40]
    assert enter_all(Gate(pool_of(*servers(1), tokens=100, requests=9)), 40, 40, 40, 30, leaving=(40,)) == [40, 40, 40]


def test_no_more_requests_are_let_in_than_allowed():
    assert enter_all(Gate(pool_of(*servers(1), tokens=100, requests=2)), 1, 1, 1) == [1, 1]


def test_each_server_has_its_own_room(clock):
    pool = pool_of(*servers(2), tokens=100, requests=2)
    assert enter_all(Gate(pool), 1, 1, 1, 1, 1) == [1, 1, 1, 1]
    pool.servers[0].note(is_there=False)
    assert enter_all(Gate(pool), 1, 1, 1, 1, 1) == [1, 1]


def test_a_request_larger_than_the_room_goes_alone_and_is_not_overtaken():
    gate = Gate(pool_of(*servers(1), tokens=100, requests=9))
    assert enter_all(gate, 60, 500, 1) == [60]
    gate = Gate(pool_of(*servers(1), tokens=100, requests=9))
    assert enter_all(gate, 60, 500, 1, leaving=(60,)) == [60, 500]
    gate = Gate(pool_of(*servers(1), tokens=100, requests=9))
    assert enter_all(gate, 60, 500, 1, leaving=(60, 500)) == [60, 500, 1]


def test_requests_under_way_are_bounded_by_their_tokens():
    with ChatServer(lambda _: completion("hello", delay=0.03)) as server:
        list(chat_config(server, max_tokens=100, max_tokens_in_flight=350).load().chat(many(12)))  # 100 tokens and a character each
    assert server.most_at_once == 3
    with ChatServer(lambda _: completion("hello", delay=0.03)) as server:
        pictures = [caption_request(str(number), frames=2, size=320) for number in range(8)]  # 2 x 144 tokens, 4 of the prompt, 100 of the reply
        list(caption_config(server, max_tokens=100, max_tokens_in_flight=2 * 392).load().caption(pictures))
    assert server.most_at_once == 2


def test_servers_share_the_work_and_a_slow_one_gets_less_of_it():
    with ChatServer(lambda _: completion("hello", delay=0.02)) as quick, ChatServer(lambda _: completion("hello", delay=0.2)) as slow:
        assert len(list(chat_config(quick, slow, concurrency=4).load().chat(many(60)))) == 60
    assert len(quick.asked) > 2 * len(slow.asked) >= 8


def video_requests(videos: int, nodes: int):
    trees = [split_tree(0.0, 8.0, uid=f"video {number}") for number in range(videos)]
    return [replace(chat_request(f"{node}", f"{tree.root.id} {node}"), tree=tree) for tree in trees for node in range(nodes)]


def test_requests_about_one_video_go_to_one_server_while_it_carries_no_more_than_its_share():
    """Six videos at once, as from six workers. By chance, half of a video's requests would go to each server."""
    with ChatServer(lambda _: completion("hello", delay=0.02)) as one, ChatServer(lambda _: completion("hello", delay=0.02)) as two:
        requests = video_requests(6, 20)
        random.Random(0).shuffle(requests)
        list(chat_config(one, two, concurrency=12).load().chat(requests))
    counts = [Counter(asked.last.split()[0] for asked in server.asked) for server in (one, two)]
    at_home = sum(max(count[video] for count in counts) for video in counts[0] | counts[1])
    assert at_home >= 0.75 * len(requests)
    assert min(len(one.asked), len(two.asked)) >= 0.3 * len(requests)


def test_both_requests_about_the_frames_of_a_node_go_to_one_server():
    with ChatServer(lambda _: completion("hello", delay=0.02)) as one, ChatServer(lambda _: completion("hello", delay=0.02)) as two:
        requests = [caption_request(str(node), frames=1, field=field) for node in range(100) for field in ("clip_caption", "clip_action")]
        list(caption_config(one, two, concurrency=16).load().caption(requests))
    pictures = [Counter(asked.urls[0] for asked in server.asked) for server in (one, two)]
    assert sum(count == 2 for server in pictures for count in server.values()) >= 75  # by chance, 50
    assert min(len(one.asked), len(two.asked)) >= 70


def test_a_server_that_is_down_at_the_start_rests_and_is_named(caplog):
    with ChatServer(hello) as down:
        pass
    with ChatServer(hello) as up:
        model = chat_config(down, up, retries=0).load()
        replies = list(model.chat(many(20)))
    assert [reply.text for reply in replies] == ["hello"] * 20
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert down.base_url in record.getMessage()
    assert "Going on with the other servers" in record.getMessage()


def test_a_server_that_goes_down_costs_no_try_where_another_is_up():
    with ChatServer(hello) as one, ChatServer(hello) as two:
        model = chat_config(one, two, retries=0).load()
        list(model.chat(many(4)))
        one.__exit__()
        replies = list(model.chat(many(20)))
    assert {(reply.text, reply.retries) for reply in replies} == {("hello", 0)}


def test_a_server_that_comes_back_is_asked_again(monkeypatch):
    monkeypatch.setattr("action100m.models.endpoint.pool._FIRST_REST", 0.05)
    with ChatServer(hello) as down:
        pass
    with ChatServer(lambda _: completion("hello", delay=0.02)) as up:
        model = chat_config(down, up, retries=0, concurrency=2).load()
        list(model.chat(many(4)))
        with ChatServer(hello, port=down.port) as back:
            list(model.chat(many(30)))
    assert back.asked


def test_all_servers_down_is_an_error_that_names_one():
    with ChatServer(hello) as one, ChatServer(hello) as two:
        model = chat_config(one, two, retries=1).load()
        config = chat_config(one, two, retries=0)
    with pytest.raises(EndpointError, match="nothing answers at http"):
        config.load()
    with pytest.raises(EndpointError, match="nothing answers at http"):
        list(model.chat(many(3)))


def test_one_server_that_lacks_the_model_or_refuses_the_key_is_an_error():
    with ChatServer(hello) as one, ChatServer(hello, models=["other"]) as two, ChatServer(hello, listing=error(401)) as three:
        with pytest.raises(EndpointError, match=rf"{two.base_url} has no model 'test-model'; it has other"):
            chat_config(one, two).load()
        with pytest.raises(EndpointError, match=rf"{three.base_url} wants another API key"):
            chat_config(one, three).load()


def test_what_one_server_fails_on_is_sent_to_another():
    with ChatServer(lambda _: error(500)) as bad, ChatServer(hello) as good:
        replies = list(chat_config(bad, good, retries=1).load().chat(many(20)))
    assert [reply.text for reply in replies] == ["hello"] * 20
    assert sum(reply.retries for reply in replies) == len(bad.asked) > 0


def test_no_address_is_told_in_a_reply():
    with ChatServer(lambda asked: hello(asked) if asked.last == "0" else error(500)) as one, ChatServer(hello) as two:
        two.behave = one.behave
        replies = list(chat_config(one, two, retries=0, concurrency=1).load().chat(many(3)))
    problems = [reply.problem for reply in replies if reply.problem]
    assert len(problems) == 2
    assert all("the server answers with error 500" in problem and "127.0.0.1" not in problem for problem in problems)
