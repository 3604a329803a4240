"""A small run predicts a larger one: what it says of other videos comes true, also of models that no figure is known for."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from math import sqrt

import numpy as np
import pytest

from action100m.errors import ConfigError, StoreError
from action100m.models.endpoint.caption import CaptionEndpointConfig
from action100m.models.endpoint.chat import EndpointConfig
from action100m.run.config import RunConfig
from action100m.run.figures.estimate import Estimate
from action100m.run.ledger_reader import read_ledger
from action100m.run.plan.pilot import read_pilot
from action100m.run.plan.plan import plan
from action100m.run.run import run_videos
from action100m.run.spending.prices import parse_prices
from action100m.run.status import status
from action100m.run.store import RunStore
from action100m.stages.annotate import AnnotateConfig
from action100m.stages.caption import CaptionConfig
from support.chat_server import ChatServer, completion
from support.clips import write_clip

GOOD = '{"summary": {"brief": "a", "detailed": "b"}, "action": {"brief": "c", "detailed": "d", "actor": "e"}}'
FPS = 12


def _write_clips(folder, lengths):
    """Clips of noise around a grey level that changes every 2 to 4 seconds."""
    folder.mkdir()
    for number, seconds in enumerate(lengths):
        chance = np.random.default_rng([seconds, number])
        levels = np.repeat(chance.permutation(np.linspace(30, 220, 8)), chance.integers(2 * FPS, 4 * FPS, 8))
        pictures = (np.clip(levels[at] + chance.integers(-20, 20, (48, 64, 3)), 0, 255).astype(np.uint8) for at in range(seconds * FPS))
        write_clip(folder / f"clip{number}.mp4", pictures, fps=FPS)
    return folder


@pytest.fixture(scope="module")
def tried(tmp_path_factory):
    return _write_clips(tmp_path_factory.mktemp("tried") / "clips", [7, 9, 12])


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    return _write_clips(tmp_path_factory.mktemp("others") / "clips", [8, 10, 11, 14])


@pytest.fixture(scope="module")
def pilot(tried, tmp_path_factory):
    """A finished run of the preset preview."""
    out = tmp_path_factory.mktemp("pilot") / "run"
    run_videos([tried], out)
    return out


def _middle(estimate):
    return sqrt(estimate.low * estimate.high)


def _sum_held(run):
    held = Counter()
    with closing(read_ledger(run)) as ledger:
        for one in ledger.work():
            held[one.stage] += one.held
    return held


def _sizes(run, stage):
    return sum(path.stat().st_size for path in (run / "videos").rglob(f"{stage}-*"))


def test_other_videos_hold_what_the_pilot_says(pilot, others, tmp_path):
    planned = plan([str(others)], pilot=pilot)
    run_videos([others], tmp_path / "run")
    trials = read_pilot(tmp_path / "run").trials
    assert planned.windows == sum(trial.windows for trial in trials)
    assert planned.samples == sum(trial.samples for trial in trials)
    assert sum(trial.nodes for trial in trials) in planned.nodes
    assert sum(trial.segments for trial in trials) in planned.segments
    assert planned.nodes.high / planned.nodes.low < 7
    embed, segment, caption, annotate = planned.stages
    assert sum(trial.requests["caption"] for trial in trials) in caption.requests
    assert sum(trial.requests["annotate"] for trial in trials) in annotate.requests
    assert embed.requests == Estimate.exactly(planned.windows)
    assert _sizes(tmp_path / "run", "embed") == pytest.approx(embed.disk_bytes.low, rel=0.03)  # known but for the archives' own bytes
    for stage in (segment, caption, annotate):
        assert _sizes(tmp_path / "run", stage.stage) in stage.disk_bytes
    assert (planned.gpu_hours, planned.money, planned.notes) == (Estimate(0, 0), Estimate(0, 0), ())
    assert "3 videos of 0.01 h" in planned.source


def test_time_is_that_of_the_pilot(pilot, others):
    planned, held = plan([str(others)], pilot=pilot), _sum_held(pilot)
    assert set(held) == {"embed", "segment", "caption", "annotate"}
    trials = read_pilot(pilot).trials
    assert sum(held.values()) == pytest.approx(sum(sum(trial.held.values()) for trial in trials))
    embed, _, caption, _ = planned.stages
    assert _middle(embed.cpu_hours) * 3600 == pytest.approx(held["embed"] / sum(trial.windows for trial in trials) * planned.windows)
    assert _middle(caption.cpu_hours) * 3600 == pytest.approx(held["caption"] / 28 * planned.seconds, rel=0.02)


def test_one_video_gives_a_wide_interval(tried, others, pilot, tmp_path):
    run_videos([tried], tmp_path / "run", limit=1)
    one, three = plan([str(others)], pilot=tmp_path / "run").nodes, plan([str(others)], pilot=pilot).nodes
    assert one.high / one.low > 2 * three.high / three.low


def _served(server, **settings):
    config = RunConfig()
    captioner = CaptionEndpointConfig(model="new-captioner", base_url=server.base_url, retries=0)
    reasoner = EndpointConfig(model="new-reasoner", base_url=server.base_url, retries=0, **settings)
    return replace(config, caption=CaptionConfig(captioner=captioner, size=32), annotate=AnnotateConfig(model=reasoner, rounds=2, efforts=()))


@pytest.fixture
def server():
    """Answers in 50 ms with 3 tokens to 7 of which 2 are cached; one annotation in five at first in a form that has to be asked for again."""
    wrong = iter([True, False, False, False, False] * 1000)

    def behave(request):
        if "json" not in str(request.body.get("response_format", "")):
            return completion("A grey picture.", cached=2, delay=0.05)
        return completion("no" if next(wrong) else GOOD, cached=2, delay=0.05)

    with ChatServer(behave, models=("new-captioner", "new-reasoner")) as chat_server:
        yield chat_server


def test_models_that_no_figure_is_known_for_are_predicted_and_so_is_their_money(server, tried, others, tmp_path):
    run_videos([tried], tmp_path / "pilot", _served(server))
    prices = parse_prices(["new-reasoner=1000000,2000000", "36"])
    planned = plan([str(others)], pilot=tmp_path / "pilot", prices=prices)
    run_videos([others], tmp_path / "run", _served(server), prices=prices)
    bill = status(tmp_path / "run", prices=prices).bill
    for stage, item in zip(planned.stages[2:], bill.items, strict=True):
        assert (stage.stage, stage.model) == (item.stage, item.model)
        assert item.requests in stage.requests
        assert item.usage.input in stage.tokens_in
        assert item.usage.output in stage.tokens_out
        assert _middle(stage.tokens_in) / _middle(stage.requests) == pytest.approx(7)
        assert _middle(stage.tokens_out) / _middle(stage.requests) == pytest.approx(3)
        assert _middle(stage.tokens_fresh) / _middle(stage.requests) == pytest.approx(5)
    caption, annotate = planned.stages[2:]
    assert annotate.requests.high > 2 * planned.segments.high  # two rounds, and what had to be asked for again
    assert (caption.runs_on, annotate.runs_on) == ("the GPU of the pilot", "hosted")
    assert _middle(caption.gpu_hours) * 3600 == pytest.approx(_sum_held(tmp_path / "pilot")["caption"] / 28 * planned.seconds, rel=0.02)
    assert caption.money == caption.gpu_hours * 36
    assert _middle(annotate.money) == pytest.approx(_middle(annotate.requests) * (7 + 2 * 3))
    assert annotate.gpu_hours == annotate.cpu_hours == Estimate(0, 0)


def test_money_that_is_not_known_is_told_with_its_cure(server, tried, tmp_path):
    run_videos([tried], tmp_path / "pilot", _served(server), limit=1)
    planned = plan([str(tried)], pilot=tmp_path / "pilot")
    assert [stage.money for stage in planned.stages[2:]] == [None, None]
    assert any("--price new-reasoner=HOUR" in note for note in planned.notes)
    given = parse_prices(["1", "new-reasoner=2,3"])
    run_videos([], tmp_path / "pilot", prices=given)  # nothing to do, but the prices are kept
    assert plan([str(tried)], pilot=tmp_path / "pilot").notes == ()


def test_other_settings_are_refused_and_other_addresses_are_not(pilot, tried):
    config = RunConfig()
    with pytest.raises(ConfigError, match="other settings of stage caption; leave out --preset and --config"):
        plan([str(tried)], replace(config, caption=CaptionConfig(frames=8)), pilot=pilot)
    assert plan([str(tried)], config, pilot=pilot).notes == ()
    (note,) = plan([str(tried)], replace(config, caption=CaptionConfig(batch=8)), pilot=pilot).notes
    assert "addresses, devices and batches are those of the pilot" in note
    with pytest.raises(ConfigError, match="gpu='h100'"):
        plan([str(tried)], pilot=pilot, gpu="h100")


def test_what_is_no_pilot_is_refused_with_the_cure(pilot, tried, tmp_path):
    with pytest.raises(StoreError, match="is not a run"):
        plan([str(tried)], pilot=tmp_path / "nothing")
    RunStore("memory://pilot").open(RunConfig())
    with pytest.raises(ConfigError, match="behind a URL"):
        plan([str(tried)], pilot="memory://pilot")
    (tmp_path / "no.mp4").write_text("this is no video")
    run_videos([tmp_path / "no.mp4"], tmp_path / "failed")
    with pytest.raises(ConfigError, match=r"holds no finished video; make one with: action100m run VIDEOS --limit 5"):
        plan([str(tried)], pilot=tmp_path / "failed")


def test_a_run_whose_ledger_is_gone_is_no_pilot_and_gets_none(pilot, tried, tmp_path):
    shutil.copytree(pilot, tmp_path / "run")
    (tmp_path / "run" / "ledger.sqlite").unlink()
    with pytest.raises(ConfigError, match="the ledger does not tell how long it took"):
        plan([str(tried)], pilot=tmp_path / "run")
    assert status(tmp_path / "run").bill.items == ()
    assert not list((tmp_path / "run").glob("ledger*"))


def test_a_price_for_no_model_of_the_pilot_is_refused(pilot, tried):
    with pytest.raises(ConfigError, match="no model of this run is called 'typo'"):
        plan([str(tried)], pilot=pilot, prices=parse_prices(["typo=1"]))


def test_a_run_that_does_not_tell_its_times_is_no_pilot(pilot, tried, tmp_path):
    shutil.copytree(pilot, tmp_path / "moved")
    with sqlite3.connect(tmp_path / "moved" / "ledger.sqlite") as ledger:
        ledger.execute("DELETE FROM work WHERE stage = 'caption'")
    ledger.close()
    with pytest.raises(ConfigError, match="of stage caption of clip0, the ledger does not tell how long it took"):
        plan([str(tried)], pilot=tmp_path / "moved")
    shutil.copytree(pilot, tmp_path / "mixed")
    run_videos([tried], tmp_path / "mixed", RunConfig(caption=CaptionConfig(frames=8)))
    with pytest.raises(ConfigError, match="of stage caption of clip0, it was made with several settings"):
        plan([str(tried)], pilot=tmp_path / "mixed")
