"""A run stops when its tokens, its money or its hours are used up, and goes on from there."""

from __future__ import annotations

import pytest

from action100m.errors import ConfigError
from action100m.models.base import TokenUsage
from action100m.models.endpoint.chat import EndpointConfig
from action100m.run.config import RunConfig
from action100m.run.figures.estimate import Estimate
from action100m.run.ledger import SqliteLedger
from action100m.run.ledger_reader import FreshSpending
from action100m.run.run import run_videos
from action100m.run.spending.bill import Bill, Item
from action100m.run.spending.budget import Budget, BudgetReached
from action100m.run.spending.prices import parse_prices
from action100m.run.status import status
from action100m.stages.annotate import AnnotateConfig
from support.chat_server import ChatServer, completion

GOOD = '{"summary": {"brief": "a", "detailed": "b"}, "action": {"brief": "c", "detailed": "d", "actor": "e"}}'
BILL = Bill((Item("embed", "v", gpu_hours=1.5, money=None), Item("annotate", "m", 2, TokenUsage(70, 30), money=Estimate(1, 4))))


def _config(server, **settings):
    model = EndpointConfig(model="test-model", base_url=server.base_url, retries=0)
    return RunConfig(annotate=AnnotateConfig(model=model, rounds=1, efforts=(), **settings))


@pytest.mark.parametrize(
    ("budget", "told"),
    [
        (Budget(max_tokens=100), "100 tokens, and may 100"),
        (Budget(max_cost=4), "cost 4, and may 4"),  # the high end counts
        (Budget(max_gpu_hours=1.5), "1.5 hours, and may 1.5"),
    ],
)
def test_a_bound_is_reached_when_all_of_it_is_used(budget, told):
    with pytest.raises(BudgetReached, match=told):
        budget.check(BILL)


def test_below_the_bounds_nothing_happens():
    Budget(max_tokens=101, max_cost=4.01, max_gpu_hours=1.51).check(BILL)
    Budget().check(BILL)


@pytest.mark.parametrize("bound", [{"max_tokens": 0}, {"max_cost": 0.0}, {"max_gpu_hours": -1.0}, {"max_cost": float("nan")}])
def test_a_bound_of_nothing_is_refused(bound):
    with pytest.raises(ConfigError, match=next(iter(bound))):
        Budget(**bound)


def test_money_that_cannot_be_counted_is_refused_before_any_video_is_touched(clips, tmp_path):
    with ChatServer(lambda request: completion(GOOD)) as server:
        with pytest.raises(ConfigError, match=r"max_cost needs the price.*--price test-model=HOUR"):
            run_videos([clips], tmp_path / "run", _config(server), max_cost=1.0)
        assert server.asked == []
    assert not (tmp_path / "run").exists()
    with pytest.raises(ConfigError, match="behind a URL"):
        run_videos([clips], "memory://run", max_gpu_hours=1.0)


def test_a_run_stops_at_its_money_and_the_next_one_goes_on(clips, tmp_path):
    """A million of each request's 7 + 3 tokens costs 1 and 2: 13 a request; the price is remembered by the run."""
    prices = parse_prices(["1000000,2000000"])
    with ChatServer(lambda request: completion(GOOD)) as server:
        first = run_videos([clips], tmp_path / "run", _config(server), max_cost=13.0, prices=prices)
        assert "and may 13" in first.stopped
        assert first.made < 3
        asked = len(server.asked)
        (item,) = status(tmp_path / "run").bill.items
        assert item.requests == asked
        assert item.money.high == pytest.approx(13 * asked)
        last = run_videos([], tmp_path / "run", max_cost=13.0 * 1000)
        assert (last.stopped, last.made) == (None, 3)
        assert status(tmp_path / "run").bill.money.high == pytest.approx(13 * len(server.asked))
        nodes = {request.last for request in server.asked}
        assert len(nodes) == len(server.asked)  # nothing was asked twice


def test_a_run_stops_at_its_hours_and_the_next_one_goes_on(clips, tmp_path):
    with ChatServer(lambda request: completion(GOOD, delay=0.2)) as server:
        first = run_videos([clips], tmp_path / "run", _config(server), max_gpu_hours=0.1 / 3600)
        assert "have held GPUs for" in first.stopped
        assert first.made < 3
        hours = status(tmp_path / "run").bill.gpu_hours
        assert hours >= 0.1 / 3600
        assert run_videos([], tmp_path / "run", max_gpu_hours=1.0).made == 3
        assert status(tmp_path / "run").bill.gpu_hours >= hours + 0.4 / 3600  # two more videos, of one group of requests each


@pytest.mark.parametrize(("videos", "stopped"), [(["talk.mp4"], None), (["talk.mp4", "walk.mp4"], "all is spent")])
def test_a_run_that_is_through_when_its_bound_is_reached_has_not_stopped(clips, tmp_path, monkeypatch, videos, stopped):
    def check(budget, bill):
        if list(tmp_path.glob("run/videos/*/annotate-*")):  # the first video has just been made
            raise BudgetReached("all is spent")

    monkeypatch.setattr(Budget, "check", check)
    with ChatServer(lambda request: completion(GOOD)) as server:
        summary = run_videos([clips / video for video in videos], tmp_path / "run", _config(server), max_tokens=10**9)
    assert (summary.made, summary.stopped, summary.failures) == (1, stopped, ())


def test_only_what_is_new_is_read_from_the_ledger(tmp_path):
    from action100m.models.ledger import Entry

    ledger = SqliteLedger(tmp_path / "ledger.sqlite")
    ledger.note("k", Entry("{}", TokenUsage(1000, 10)), purpose="annotate", model="m")
    reader = ledger.read()
    fresh = FreshSpending(reader)
    assert fresh.read() == ()
    read_after = []
    spent = reader.spent
    reader.spent = lambda **bounds: read_after.append(bounds["after"]) or spent(**bounds)
    for _ in range(3):
        ledger.note("k", Entry("{}", TokenUsage(5, 2, 1), seconds=0.5, retries=1), purpose="annotate", model="m")
        (total,) = fresh.read()
    assert (total.requests, total.usage, total.seconds, total.retries) == (3, TokenUsage(15, 6, 3), 1.5, 3)
    assert read_after == [1, 2, 3]
    ledger.close()
