"""Wherever Ctrl-C or an error strikes, every reply that the server had delivered whole is in the ledger."""

from __future__ import annotations

import random
import sqlite3
import time

import pytest

from action100m.errors import EndpointError
from action100m.models.endpoint.caption import CaptionEndpointConfig
from action100m.models.endpoint.chat import EndpointConfig
from action100m.models.ledger import remember_captions, remember_chats
from action100m.run.ledger import open_ledger
from support.asking import caption_request, chat_request
from support.delivery import DeliveryServer, press_ctrl_c


@pytest.fixture(autouse=True)
def _no_key(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def settings(server: DeliveryServer, **others):
    return {"model": "m", "base_url": server.base_url, "check": False, "concurrency": 24, **others}


def noted(folder) -> list[str]:
    with sqlite3.connect(folder / "ledger.sqlite") as file:
        rows = [text for (text,) in file.execute("SELECT json_extract(reply, '$.text') FROM replies")]
    file.close()
    return rows


def lazily(requests, chance: random.Random, *, slowest: float):
    """Yield requests as a stage does that decodes between them."""
    for request in requests:
        time.sleep(chance.random() * slowest)
        yield request


def take_slowly(replies, chance: random.Random) -> None:
    for _ in replies:
        time.sleep(chance.random() * 0.004)


@pytest.mark.parametrize("seed", range(12))
def test_ctrl_c_at_any_moment_loses_no_reply_that_was_delivered(tmp_path, seed):
    """The consumer, and every other time also what makes the requests, is slower than the server: Ctrl-C strikes now here, now there."""
    chance, pressed = random.Random(seed), []
    least = chance.randrange(1, 150)
    with DeliveryServer(0.02) as server:
        model = remember_chats(EndpointConfig(**settings(server)).load(), open_ledger(tmp_path), {})
        requests = lazily([chat_request(str(number), str(number)) for number in range(400)], chance, slowest=0.002 * (seed % 2))
        press_ctrl_c(lambda: len(server.delivered) >= least, pressed)
        with pytest.raises(KeyboardInterrupt):
            take_slowly(model.chat(requests), chance)
    delivered, kept = server.delivered_before(pressed[0]), noted(tmp_path)
    assert len(delivered) >= least
    assert delivered <= set(kept)
    assert len(kept) == len(set(kept)) < 400


@pytest.mark.parametrize("seed", range(3))
def test_ctrl_c_loses_no_caption(tmp_path, seed):
    chance, pressed = random.Random(seed), []
    with DeliveryServer(0.02) as server:
        captioner = remember_captions(CaptionEndpointConfig(**settings(server)).load(), open_ledger(tmp_path), {})
        requests = [caption_request(str(number), frames=1, prompt=str(number)) for number in range(300)]
        press_ctrl_c(lambda: len(server.delivered) >= 40 * (seed + 1), pressed)
        with pytest.raises(KeyboardInterrupt):
            take_slowly(captioner.caption(lazily(requests, chance, slowest=0.002)), chance)
    assert server.delivered_before(pressed[0]) <= set(noted(tmp_path))


@pytest.mark.parametrize("seed", range(6))
def test_an_error_that_concerns_all_loses_no_reply_that_was_delivered(tmp_path, seed):
    """What was delivered while the error was on its way may be let go."""
    with DeliveryServer(0.01, fails_at=20 + 30 * seed) as server:
        model = remember_chats(EndpointConfig(**settings(server)).load(), open_ledger(tmp_path), {})
        came = []
        with pytest.raises(EndpointError, match="API key"):
            came.extend(reply.text for reply in model.chat([chat_request(str(number), str(number)) for number in range(300)]))
    kept = noted(tmp_path)
    assert sorted(kept) == sorted(came)
    assert len(kept) >= 20 + 30 * seed - 24


def test_leaving_the_loop_keeps_what_has_arrived(tmp_path):
    with DeliveryServer(0.01) as server:
        model = remember_chats(EndpointConfig(**settings(server)).load(), open_ledger(tmp_path), {})
        for _ in model.chat([chat_request(str(number), str(number)) for number in range(200)]):
            time.sleep(0.1)
            left = time.monotonic()
            break
    assert len(server.delivered_before(left)) > 10
    assert server.delivered_before(left) <= set(noted(tmp_path))
