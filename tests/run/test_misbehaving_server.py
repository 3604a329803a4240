"""Whole runs against a server that misbehaves: the run ends, nothing invalid is kept, whatever is missing has its reason, and all counts add up."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from shutil import copytree

import jsonschema
import numpy as np
import pytest

from action100m.annotation import ANNOTATION_SCHEMA
from action100m.dataset.io import read_records
from action100m.dataset.validate import validate
from action100m.models.endpoint.caption import CaptionEndpointConfig
from action100m.models.endpoint.chat import EndpointConfig
from action100m.run.config import RunConfig
from action100m.run.pack import pack
from action100m.run.run import run_videos
from action100m.run.status import status
from action100m.stages.annotate import AnnotateConfig
from action100m.stages.caption import CaptionConfig
from support.chat_server import ChatServer
from support.clips import write_clip
from support.misbehaving import LOST, OF_CAPTIONS, OF_CHATS, UNFIT, Misbehaving

FPS = 12


def colours(count: int, *, seconds: float = 2.5, seed: int = 0):
    """Yield noise around one colour after the other."""
    chance = np.random.default_rng(seed)
    for colour in chance.integers(20, 235, (count, 3)):
        for _ in range(int(seconds * FPS)):
            yield np.clip(colour + chance.integers(-20, 20, (48, 64, 3)), 0, 255).astype(np.uint8)


def make_config(server: ChatServer) -> RunConfig:
    at = {"model": "test-model", "base_url": server.base_url, "timeout": 3.0, "retries": 8}
    return RunConfig(
        caption=CaptionConfig(captioner=CaptionEndpointConfig(**at), frames=2, size=64, batch=256),
        annotate=AnnotateConfig(model=EndpointConfig(**at), nodes="all", min_duration=2.0, rounds=2, attempts=2, efforts=()),
    )


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """A run of two videos that has ended, the server, and what it did."""
    folder = tmp_path_factory.mktemp("misbehaving")
    for number in range(2):
        write_clip(folder / f"clip{number}.mp4", colours(20, seed=number), fps=FPS)
    behave = Misbehaving()
    with ChatServer(behave) as server:
        summary = run_videos([folder], folder / "run", make_config(server), workers=2)
        packed = pack(folder / "run", folder / "data.parquet")
        yield folder, behave, summary, packed, list(behave.sent)


@pytest.fixture
def records(ended):
    return list(read_records(str(ended[0] / "data.parquet")))


def gaps_of(records, *, annotations: bool):
    return [gap for record in records for gap in record.provenance.gaps if (gap.field == "annotation") is annotations]


def test_the_server_failed_on_one_request_in_five_in_every_way(ended):
    *_, sent = ended
    faults = [one for one in sent if one.fault != "none"]
    assert len(sent) > 500
    assert abs(len(faults) - len(sent) / 5) <= 1
    assert {one.fault for one in faults if one.is_chat} == set(OF_CHATS)
    assert {one.fault for one in faults if not one.is_chat} == set(OF_CAPTIONS)


def test_the_run_ends_with_both_videos_made(ended):
    _, _, summary, packed, _ = ended
    assert (summary.found, summary.made, summary.stopped) == (2, 2, None)
    assert all(failure.partial and failure.cause == "ReplyError" for failure in summary.failures)
    assert packed.left_out == ()


def test_no_row_is_invalid(ended, records):
    assert validate(str(ended[0] / "data.parquet")).findings == ()
    annotations = [node.annotation.to_dict() for record in records for node in record.tree.nodes if node.annotation]
    assert len(annotations) > 50
    for annotation in annotations:
        jsonschema.validate(annotation, ANNOTATION_SCHEMA)


def test_every_missing_caption_has_its_reason_and_they_are_those_that_the_server_caused(ended, records):
    *_, sent = ended
    caused = Counter(one.fault for one in sent if not one.is_chat)
    reasons = Counter(gap.reason for gap in gaps_of(records, annotations=False))
    assert reasons == {"cut off at 3 tokens": caused["white space"], "it holds reasoning, but no answer": caused["only reasoning"]}
    assert Counter(remark.text for record in records for remark in record.provenance.remarks) == {"cut off at 3 tokens": caused["cut"]}
    for record in records:
        missing = {(node.id, "frame_caption") for node in record.tree.leaves() if not node.frame_caption}
        missing |= {(node.id, name) for node in record.tree.nodes for name in ("clip_caption", "clip_action") if not getattr(node, name)}
        assert missing == {(gap.node, gap.field) for gap in record.provenance.gaps if gap.field != "annotation"}


def test_every_missing_annotation_has_its_reason(records):
    gaps = gaps_of(records, annotations=True)
    failed = [gap for gap in gaps if gap.reason.startswith("ReplyError: none of 2 replies fits, the last one because ")]
    assert failed
    assert {gap.reason for gap in gaps if gap not in failed} == {"shorter than 2 s"}
    for record in records:
        annotated = [node.id for node in record.tree.nodes if node.annotation]
        without = [gap.node for gap in record.provenance.gaps if gap.field == "annotation"]
        assert sorted([*annotated, *without]) == sorted(node.id for node in record.tree.nodes)


def test_the_counts_add_up(ended, records):
    folder, _, summary, packed, sent = ended
    assert packed.segments == sum(len(record.tree) for record in records) == packed.annotated + len(gaps_of(records, annotations=True))
    spent = {item.stage: item for item in status(folder / "run").bill.items}
    assert set(spent) == {"caption", "annotate"}
    for purpose, told in spent.items():
        asked = [one for one in sent if one.is_chat is (purpose == "annotate")]
        whole = [one for one in asked if one.is_whole]
        assert told.requests == len(whole)
        assert (told.usage.input, told.usage.output) == (7 * len(whole), 3 * len(whole))
        assert told.retries == len(asked) - len(whole) == sum(one.fault in LOST for one in asked)
    assert spent["caption"].requests == sum(2 * len(record.tree) + len(record.tree.leaves()) for record in records)
    failed = sum(gap.reason.startswith("ReplyError") for gap in gaps_of(records, annotations=True))
    assert sum(int(failure.message.split()[0]) for failure in summary.failures) == failed


def test_the_share_that_is_valid_at_the_first_try_is_what_the_server_knows_it_sent(ended):
    *_, packed, sent = ended
    first = [one.fault for one in sent if one.is_chat and one.is_whole and not one.is_reask]
    assert packed.valid_at_first == (sum(fault in ("none", "twice") for fault in first), len(first))
    assert 0.8 < packed.valid_at_first[0] / len(first) < 0.95


def test_every_reply_is_kept_as_it_came(ended):
    folder, *_, sent = ended
    turns = [turn for path in Path(folder / "run").glob("videos/*/annotate-*.json") for turn in json.loads(path.read_text())["history"]]
    assert len(turns) == sum(one.is_whole for one in sent if one.is_chat)
    assert sum(turn["problem"] is not None for turn in turns) == sum(one.fault in (*UNFIT, "fenced") for one in sent if one.is_chat)
    assert sum("```" in turn["text"] for turn in turns) == sum(one.fault == "fenced" for one in sent)


def test_a_rerun_sends_nothing_and_a_retry_only_what_failed(ended, records, tmp_path):
    folder, behave, _, _, sent = ended
    run = copytree(folder / "run", tmp_path / "run")
    assert run_videos([folder], run).fresh == 0
    assert len(behave.sent) == len(sent)
    behave.is_good = True
    assert run_videos([], run, retry="failed").failures == ()
    failed = sum(gap.reason.startswith("ReplyError") for gap in gaps_of(records, annotations=True))
    assert [one.is_chat for one in behave.sent[len(sent) :]] == [True] * (2 * failed)
    assert pack(run, tmp_path / "data.parquet").annotated == sum(node.duration > 2 - 1e-4 for record in records for node in record.tree.nodes)


def test_captions_that_never_come_fail_the_video_and_reruns_ask_only_for_those(tmp_path):
    write_clip(tmp_path / "clip.mp4", colours(4), fps=FPS)
    run, behave, made = tmp_path / "run", Misbehaving(), []
    with ChatServer(behave) as server:
        # one at a time: what is under way when the server is given up was sent in vain
        captioner = CaptionEndpointConfig(model="test-model", base_url=server.base_url, timeout=3.0, retries=0, concurrency=1)
        config = RunConfig(caption=CaptionConfig(captioner=captioner, frames=2, size=64))
        while not made or not made[-1]:
            summary = run_videos([tmp_path / "clip.mp4"], run, config)
            made.append(summary.made)
            assert [failure.cause for failure in summary.failures] == ([] if summary.made else ["EndpointError"])
    assert len(made) > 1
    whole = [sent.asked.text + str(sent.asked.urls) for sent in behave.sent if sent.is_whole]
    assert len(whole) == len(set(whole)) == status(run).bill.items[0].requests
    assert sum(sent.fault in LOST for sent in behave.sent) == len(behave.sent) - len(whole) > 3
