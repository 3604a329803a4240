"""What every chat model promises, and what those that understand a request show besides. A model with random weights does not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from action100m.annotation import ANNOTATION_SCHEMA, parse_annotation
from action100m.models.base import ChatMessage, ChatModel, ChatRequest
from action100m.models.causal_lm.config import CausalLMConfig
from action100m.models.endpoint.chat import EndpointConfig
from action100m.models.weightless.extractive import ExtractiveConfig
from action100m.tree import Tree
from action100m.video.video import VideoMetadata
from support.chat_server import Asked, ChatServer, completion
from support.checkpoints import one_torch_thread, save_language_model
from support.records import make_annotation
from support.trees import split_tree


def _make_tree() -> Tree:
    bare = split_tree(0.0, 16.0, ("", 10.0), ("0", 4.0), ("1", 13.5))
    return bare.update(lambda node: replace(node, clip_caption=f"Fold the paper at second {node.start:g} of {node.end:g}."))


TREE = _make_tree()


def _answer(asked: Asked):
    """Answer from the last message, as a model does: the caption becomes the summary."""
    annotation = make_annotation()
    caption = re.search(r"Fold.*\.", asked.last).group()
    return completion(json.dumps(replace(annotation, summary=replace(annotation.summary, brief=caption)).to_dict()))


@pytest.fixture(scope="module")
def random_weights(tmp_path_factory) -> Iterator[CausalLMConfig]:
    for package in ("torch", "llguidance"):
        pytest.importorskip(package, reason="needs the extra 'reasoner'")
    with one_torch_thread():
        folder = save_language_model(tmp_path_factory.mktemp("tiny"))
        yield CausalLMConfig(checkpoint=str(folder), device="cpu", max_new_tokens=1000)


UNDERSTANDING = ("extractive", "endpoint")
"""Models that answer to what they read."""


@pytest.fixture(params=[*UNDERSTANDING, "causal_lm"])
def config(request) -> Iterator[ExtractiveConfig | EndpointConfig | CausalLMConfig]:
    if request.param == "extractive":
        yield ExtractiveConfig()
    elif request.param == "causal_lm":
        yield request.getfixturevalue("random_weights")
    else:
        with ChatServer(_answer) as server:
            yield EndpointConfig(model="test-model", base_url=server.base_url, retries=0, timeout=5.0)


understanding = pytest.mark.parametrize("config", UNDERSTANDING, indirect=True)


@pytest.fixture
def model(config) -> ChatModel:
    return config.load()


def requests() -> list[ChatRequest]:
    """One for each node, which tells its caption."""
    return [
        ChatRequest(node.id, (ChatMessage("system", "Annotate."), ChatMessage("user", node.clip_caption)), ANNOTATION_SCHEMA, TREE, VideoMetadata())
        for node in TREE.nodes
    ]


def test_every_request_gets_one_reply_that_carries_its_node(model):
    asked = requests()
    assert sorted(reply.node for reply in model.chat(asked)) == sorted(request.node for request in asked)


@understanding
def test_each_reply_is_about_its_own_node_in_whatever_order_they_are_asked(model):
    for asked in (requests(), requests()[::-1]):
        for reply in model.chat(asked):
            assert parse_annotation(reply.text).summary.brief == TREE[reply.node].clip_caption


def test_a_usable_reply_has_no_problem_and_its_cost_is_not_negative(model):
    for reply in model.chat(requests()):
        assert reply.problem is None
        assert reply.ask_again
        assert min(reply.usage.input, reply.usage.output) >= 0


def test_no_request_gets_no_reply(model):
    assert list(model.chat([])) == []


def continued() -> list[ChatRequest]:
    return [replace(request, messages=(*request.messages, ChatMessage("assistant", "{}"), request.messages[1])) for request in requests()]


def test_a_conversation_can_be_continued(model):
    replies = list(model.chat(continued()))
    assert sorted(reply.node for reply in replies) == sorted(node.id for node in TREE.nodes)
    assert all(json.loads(reply.text).keys() == ANNOTATION_SCHEMA["properties"].keys() for reply in replies)


@understanding
def test_a_continued_conversation_is_answered_from_its_last_turn(model):
    for reply in model.chat(continued()):
        assert parse_annotation(reply.text).summary.brief == TREE[reply.node].clip_caption


def test_model_is_named(model):
    assert model.name.strip()


def test_identity_is_known_without_loading_and_is_json_with_its_kind(config):
    identity = config.identity()
    assert json.loads(json.dumps(identity)) == identity
    assert identity["kind"] == config.kind
