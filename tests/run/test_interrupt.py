"""A run that is interrupted loses nothing that a server had delivered, although its workers are processes of their own."""

from __future__ import annotations

import json
import sqlite3

import pytest

from action100m.models.endpoint.chat import EndpointConfig
from action100m.run.config import RunConfig
from action100m.run.run import run_videos
from action100m.stages.annotate import AnnotateConfig
from support.delivery import DeliveryServer, press_ctrl_c
from support.records import make_annotation


@pytest.fixture(autouse=True)
def _no_key(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def numbered(number: int) -> str:
    return json.dumps(make_annotation(f"Whisk {number} eggs").to_dict())


def noted(folder) -> set[str]:
    with sqlite3.connect(folder / "ledger.sqlite") as file:
        rows = {text for (text,) in file.execute("SELECT json_extract(reply, '$.text') FROM replies")}
    file.close()
    return rows


def test_ctrl_c_loses_no_reply_that_was_delivered_to_a_worker(clips, tmp_path):
    pressed = []
    with DeliveryServer(0.3, text=numbered) as server:
        model = EndpointConfig(model="m", base_url=server.base_url, check=False)
        config = RunConfig(annotate=AnnotateConfig(model=model, nodes="all", min_duration=0.1))
        press_ctrl_c(lambda: len(server.delivered) >= 10, pressed)
        with pytest.raises(KeyboardInterrupt):
            run_videos([clips / "eggs.mp4", clips / "talk.mp4"], tmp_path / "run", config, workers=2)
        kept = noted(tmp_path / "run")
        assert server.delivered_before(pressed[0]) <= kept
        asked = set(server.asked)
        summary = run_videos([], tmp_path / "run")
        assert summary.made == 2
        again = len(server.asked) - len(set(server.asked))
        assert 0 < again + len(kept) <= len(asked)  # only what had no reply is sent again


def test_a_retry_that_is_interrupted_and_run_again_sends_each_request_once(clips, tmp_path):
    """No first reply is an annotation, and the segments fail. The retry's replies are; it is interrupted among them."""
    pressed, good = [], []
    with DeliveryServer(0.05, text=lambda number: numbered(number) if good else f"eggs {number}") as server:
        model = EndpointConfig(model="m", base_url=server.base_url, check=False, concurrency=2)
        config = RunConfig(annotate=AnnotateConfig(model=model, nodes="all", min_duration=0.1, rounds=2, attempts=1))
        first = run_videos([clips / "eggs.mp4"], tmp_path / "run", config)
        assert [failure.stage for failure in first.failures] == ["annotate"]
        good.append(True)
        before = len(server.asked)
        press_ctrl_c(lambda: len(server.delivered) >= before + 7, pressed)
        with pytest.raises(KeyboardInterrupt):
            run_videos([], tmp_path / "run", retry="failed")
        delivered = len(server.delivered) - before
        summary = run_videos([], tmp_path / "run", retry="failed")
        assert summary.failures == ()
        sent = server.asked[before:]
        assert 7 <= delivered < len(set(sent))
        assert len(sent) - len(set(sent)) <= 2  # what was under way
