"""A captioner behind a server: what is sent, and what becomes of the answers."""

from __future__ import annotations

import io
import json
import re
import sys
from dataclasses import replace

import av
import numpy as np
import pytest

from action100m.errors import ConfigError, EndpointError, MissingPackageError, ModelError
from action100m.models.base import TokenUsage
from action100m.models.endpoint.caption import CaptionEndpointConfig
from support.asking import caption_config, caption_request
from support.chat_server import ChatServer, completion, error, read_url


@pytest.fixture(autouse=True)
def _no_key(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def ask(answer, request=None, **settings):
    """Return the reply, and the request as the server saw it."""
    with ChatServer(lambda _: answer) as server:
        (reply,) = caption_config(server, **settings).load().caption([request or caption_request()])
    return reply, server.asked[0]


def test_frames_are_pictures_in_the_order_of_time_and_the_prompt_comes_last():
    request = caption_request(frames=3)
    reply, asked = ask(completion(" A ramp. \n"), request)
    (message,) = asked.body["messages"]
    assert [part["type"] for part in message["content"]] == ["image_url", "image_url", "image_url", "text"]
    assert (message["role"], asked.last) == ("user", "Describe it.")
    for picture, meant in zip(asked.pictures, request.frames.data, strict=True):
        assert np.abs(picture.astype(float) - meant).mean() < 3
    assert (reply.node, reply.field, reply.text, reply.usage, reply.problem) == ("a", "clip_caption", "A ramp.", TokenUsage(7, 3), None)


def test_model_and_greedy_decoding_are_asked_for_and_no_schema():
    _, asked = ask(completion("A ramp."))
    assert {key: value for key, value in asked.body.items() if key != "messages"} == {"model": "test-model", "temperature": 0.0, "max_tokens": 1024}


def test_parameters_can_be_left_to_the_server():
    _, asked = ask(completion("A ramp."), temperature=None, max_tokens=None)
    assert asked.body.keys() == {"model", "messages"}


def test_times_are_told_before_their_pictures_when_asked_for():
    _, asked = ask(completion("A ramp."), caption_request(frames=2), tell_times=True)
    parts = asked.body["messages"][0]["content"]
    assert [part.get("text", "a picture") for part in parts] == ["5.00 s:", "a picture", "6.00 s:", "a picture", "Describe it."]


def test_a_clip_is_one_video_for_servers_that_take_it():
    _, asked = ask(completion("A ramp."), caption_request(frames=4, size=64), video="clip")
    assert [part["type"] for part in asked.body["messages"][0]["content"]] == ["video_url", "text"]
    with av.open(io.BytesIO(read_url(asked.urls[0], "video/mp4"))) as container:
        assert [round(frame.time, 3) for frame in container.decode(video=0)] == [0.0, 1.0, 2.0, 3.0]


def test_a_frame_that_is_alone_is_a_picture_all_the_same():
    _, asked = ask(completion("A ramp."), caption_request(frames=1, field="frame_caption"), video="clip")
    assert len(asked.pictures) == 1


def test_quality_is_that_of_the_pictures():
    sizes = [len(ask(completion("A ramp."), caption_request(size=128), jpeg_quality=quality)[1].urls[0]) for quality in (20, 90)]
    assert sizes[0] < 0.8 * sizes[1]


def test_a_caption_that_is_cut_off_is_kept_and_said_to_be_cut():
    reply, _ = ask(completion("A man cuts", finish_reason="length"))
    assert (reply.text, reply.problem) == ("A man cuts", "cut off at 3 tokens")


def test_a_caption_that_loops_keeps_one_round():
    looping = "A man cuts bread. " + "He waves his left hand. " * 40 + "He wav"
    reply, _ = ask(completion(looping, finish_reason="length"))
    assert reply.text == "A man cuts bread. He waves his left hand."
    assert "it went round in a loop: the last 201 words repeat the same 5" in reply.problem


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (completion(""), "it is empty"),
        (completion("", reasoning_content="The man ..."), "reasoning, but no answer"),
        (completion("", finish_reason="content_filter"), "content filter"),
        (error(400, "at most 8 images"), "the server refused the request: at most 8 images"),
    ],
)
def test_no_caption_has_its_reason(answer, problem):
    reply, _ = ask(answer)
    assert reply.text == ""
    assert problem in reply.problem


@pytest.mark.parametrize(
    "text",
    [
        "<think>It is round.</think>\n\nA ball.",
        "It is round.\n</think>\n\nA ball.",  # <think> stood in the prompt
        "<think>It is round.</think><think>And red.</think> A ball.",
    ],
)
def test_thoughts_are_no_part_of_a_caption(text):
    reply, _ = ask(completion(text))
    assert (reply.text, reply.problem) == ("A ball.", None)


@pytest.mark.parametrize("text", ["<think>It is round. Or is it", "\n<think>It is round.", "<think>Round.</think><think>Or is it"])
def test_thoughts_that_do_not_end_are_no_caption(text):
    reply, _ = ask(completion(text, finish_reason="length"))
    assert reply.text == ""
    assert reply.problem == "it was still thinking after 3 tokens: raise endpoint.max_tokens, or choose the model's instruct form"
    reply, _ = ask(completion(text))
    assert (reply.text, reply.problem) == ("", "it holds reasoning, but no answer")


def test_a_caption_that_was_cut_before_it_began_says_so():
    reply, _ = ask(completion("", finish_reason="length"))
    assert (reply.text, reply.problem[:14]) == ("", "it was still t")


def test_a_request_without_frames_is_a_mistake():
    with ChatServer(lambda _: completion("A ramp.")) as server, pytest.raises(ModelError, match="clip_caption of a has none"):
        list(caption_config(server).load().caption([replace(caption_request(), frames=None)]))


def test_a_server_that_lacks_the_model_is_told_before_any_video():
    with ChatServer(lambda _: completion("A ramp.")) as server, pytest.raises(EndpointError, match="has no model 'other'; it has test-model"):
        caption_config(server, model="other").load()


def test_missing_package_names_the_pip_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    for name in ("captioner", "pictures"):
        monkeypatch.delitem(sys.modules, f"action100m.models.endpoint.{name}", raising=False)
    with pytest.raises(MissingPackageError, match=r"'pillow': pip install 'action100m\[endpoint\]'"):
        CaptionEndpointConfig().load()


def test_identity_is_what_captions_depend_on():
    one = CaptionEndpointConfig(model="m")
    fetched_otherwise = {"base_url": ("http://a/v1", "http://b/v1"), "timeout": 1, "deadline": 9, "retries": 0, "concurrency": 1, "check": False}
    assert replace(one, **fetched_otherwise, api_key_env="K", max_tokens_in_flight=9).identity() == one.identity()
    others = [{"model": "n"}, {"temperature": None}, {"max_tokens": 9}, {"video": "clip"}, {"tell_times": True}, {"jpeg_quality": 80}]
    assert len({json.dumps(config.identity()) for config in (one, *(replace(one, **other) for other in others))}) == 7


def test_a_better_reading_reaches_captions_that_are_remembered(monkeypatch):
    before = CaptionEndpointConfig().identity()
    monkeypatch.setattr("action100m.models.endpoint.caption._READING", 99)
    assert CaptionEndpointConfig().identity() != before


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"video": "gif"}, "endpoint.video must be one of ('frames', 'clip'), got 'gif'"),
        ({"jpeg_quality": 100}, "jpeg_quality must be from 1 to 95, got 100"),
        ({"max_tokens": 0}, "max_tokens must be at least 1, got 0"),
        ({"temperature": -1}, "temperature must be at least 0, got -1"),
        ({"base_url": ()}, "base_url must be an address or several, got none"),
    ],
)
def test_bad_settings_are_refused_with_the_value(settings, words):
    with pytest.raises(ConfigError, match=re.escape(words)):
        CaptionEndpointConfig(**settings)


def test_a_server_that_refuses_every_picture_is_an_error_and_not_an_empty_data_set():
    with ChatServer(lambda asked: error(400, "At most 1 image may be provided")) as server:
        captioner = caption_config(server).load()
        with pytest.raises(EndpointError, match=r"refuses every request.*At most 1 image"):
            list(captioner.caption([caption_request(f"n{number}") for number in range(10)]))


def test_an_outage_in_the_middle_hands_over_what_came_before_and_nothing_else():
    answers = iter([completion("a pan")] * 3)
    with ChatServer(lambda asked: next(answers, error(503))) as server:
        captioner = caption_config(server, concurrency=1, retries=0).load()
        replies = captioner.caption([caption_request(f"n{number}") for number in range(20)])
        assert [next(replies).text for _ in range(3)] == ["a pan"] * 3
        with pytest.raises(EndpointError, match="503"):
            next(replies)
