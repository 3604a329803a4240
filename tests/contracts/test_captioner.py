"""What every captioner promises."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256

import numpy as np
import pytest

from action100m.models.base import Captioner, CaptionRequest
from action100m.models.endpoint.caption import CaptionEndpointConfig
from action100m.models.vlm.config import VlmConfig
from action100m.models.weightless.preview import PreviewConfig
from action100m.video.video import Cue, Frames
from support.chat_server import Asked, ChatServer, completion
from support.checkpoints import one_torch_thread
from support.moving import film, measure, view
from support.own_processors import need_perception_lm
from support.vlm_checkpoints import save_vlm


def _describe(asked: Asked):
    """Say something that depends on every picture and word."""
    return completion(f"Something {sha256(json.dumps([asked.urls, asked.text]).encode()).hexdigest()}.")


@pytest.fixture(scope="module", params=["preview", "vlm", "perception_lm", "endpoint", "endpoint with clips"])
def config(request, tmp_path_factory):
    if request.param == "preview":
        yield PreviewConfig()
    elif request.param in ("vlm", "perception_lm"):
        pytest.importorskip("torch", reason="needs the extra 'vlm'")
        if request.param == "perception_lm":
            need_perception_lm()
        with one_torch_thread():
            folder = save_vlm(tmp_path_factory.mktemp("vlm"), "smolvlm" if request.param == "vlm" else "perception_lm")
            yield VlmConfig(checkpoint=str(folder), device="cpu", max_new_tokens=12)
    else:
        with ChatServer(_describe) as server:
            shown_as = "clip" if request.param == "endpoint with clips" else "frames"
            yield CaptionEndpointConfig(model="test-model", base_url=server.base_url, retries=0, video=shown_as)


@pytest.fixture(scope="module")
def captioner(config) -> Captioner:
    return config.load()


def requests() -> list[CaptionRequest]:
    """All three fields for nodes of several lengths, with and without a transcript; the evidence is there in both forms."""
    pictures = film(lambda time: view(0.1 * time, seed=int(time >= 2)), seconds=4)
    signals = measure(pictures)
    asked = []
    for node, (start, end, said) in {"root": (0.0, 4.0, "we whisk the eggs"), "left": (0.0, 2.0, ""), "right": (2.0, 4.0, "and pour them")}.items():
        clip = signals.between(start, end)
        middle = clip.at(clip.seconds[[len(clip) // 2]].tolist())
        transcript = (Cue(str(start), said),) if said else ()
        for field, part in (("frame_caption", middle), ("clip_caption", clip), ("clip_action", clip)):
            times = tuple(part.seconds.tolist())
            frames = Frames(np.stack([picture for picture, time in pictures if time in times]), part.seconds)
            asked.append(CaptionRequest(node, field, "Describe it.", start, end, times, frames, part, transcript))
    return asked


def test_every_request_gets_one_reply_that_carries_its_node_and_field(captioner):
    asked = requests()
    replies = list(captioner.caption(asked))
    assert len(asked) == 9
    assert sorted((reply.node, reply.field) for reply in replies) == sorted((request.node, request.field) for request in asked)


def test_every_reply_has_text(captioner):
    assert all(reply.text.strip() == reply.text != "" for reply in captioner.caption(requests()))


def test_no_request_is_no_reply(captioner):
    assert list(captioner.caption([])) == []


def test_the_same_requests_get_the_same_replies(captioner):
    first, second = (sorted((reply.node, reply.field, reply.text) for reply in captioner.caption(requests())) for _ in range(2))
    assert first == second


def test_neither_order_nor_company_changes_a_reply(captioner):
    together = {(reply.node, reply.field): reply.text for reply in captioner.caption(requests())}
    turned = {(reply.node, reply.field): reply.text for reply in captioner.caption(requests()[::-1])}
    alone = {(reply.node, reply.field): reply.text for request in requests() for reply in captioner.caption([request])}
    assert together == turned == alone


def test_a_missing_transcript_costs_no_reply(captioner):
    silent = [replace(request, transcript=()) for request in requests()]
    assert len(list(captioner.caption(silent))) == len(silent)


def test_a_clip_of_a_single_frame_gets_a_reply(captioner):
    frame = next(request for request in requests() if request.field == "frame_caption")
    assert all(reply.text for reply in captioner.caption([replace(frame, field="clip_caption"), replace(frame, field="clip_action")]))


def test_other_evidence_gets_another_caption(captioner):
    texts = {reply.node: reply.text for reply in captioner.caption(requests()) if reply.field == "clip_caption"}
    assert len(set(texts.values())) == len(texts)


def test_requests_are_left_as_they_are(captioner):
    asked = requests()
    before = [(request.signals.brightness.tobytes(), request.frames.data.tobytes()) for request in asked]
    assert list(captioner.caption(asked))
    assert [(request.signals.brightness.tobytes(), request.frames.data.tobytes()) for request in asked] == before


def test_it_says_what_it_looks_at_and_who_it_is(captioner, config):
    assert captioner.evidence in {"frames", "signals"}
    assert captioner.name
    identity = config.identity()
    assert json.loads(json.dumps(identity)) == identity
    assert identity["kind"] == config.kind
