"""A model with a memory is asked only what it has not answered before."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from action100m.annotation import ANNOTATION_SCHEMA
from action100m.models.base import CaptionReply, CaptionRequest, ChatMessage, ChatReply, ChatRequest, TokenUsage
from action100m.models.ledger import remember_captions, remember_chats
from action100m.video.video import Frames, VideoMetadata
from support.trees import split_tree

TREE = split_tree(0.0, 8.0)
FRAMES = Frames(np.zeros((2, 4, 6, 3), np.uint8), np.array([0.0, 1.0]))
CLIP = CaptionRequest("n1", "clip_caption", "Describe.", 0.0, 2.0, (0.0, 1.0), FRAMES)
CHAT = ChatRequest("n1", (ChatMessage("user", "What?"),), ANNOTATION_SCHEMA, TREE, VideoMetadata())


@dataclass
class Shelf:
    """A ledger in memory."""

    rows: list = field(default_factory=list)
    marks: dict = field(default_factory=dict)

    def recall(self, key, *, since=0):
        return next((entry for known, entry in reversed(self.rows[since:]) if known == key), None)

    def mark(self, name):
        return self.marks.setdefault(name, len(self.rows))

    def note(self, key, entry, *, purpose, model):
        self.rows.append((key, entry))


@dataclass
class Counting:
    """Captioner and chat model; counts what it is asked, and stops after `most` replies as Ctrl-C would."""

    asked: list = field(default_factory=list)
    most: int = 1000
    name: str = "counting"
    evidence: str = "frames"
    is_free: bool = False

    def caption(self, requests):
        for request in requests:
            self._count(request)
            yield CaptionReply(request.node, request.field, f"caption {len(self.asked)}", TokenUsage(5, 3), seconds=0.1)

    def chat(self, requests):
        for request in requests:
            self._count(request)
            yield ChatReply(request.node, f"reply {len(self.asked)}", TokenUsage(5, 3), problem="cut off", ask_again=False, reasoning="hm")

    def _count(self, request):
        if len(self.asked) == self.most:
            raise KeyboardInterrupt
        self.asked.append(request.node)


def test_the_same_request_is_sent_once():
    shelf, model = Shelf(), Counting()
    for node in ("n1", "n2"):  # what is asked counts, not for whom
        (reply,) = remember_captions(model, shelf, {"kind": "c"}).caption([replace(CLIP, node=node)])
        assert (reply.node, reply.field, reply.text) == (node, "clip_caption", "caption 1")
        (chat,) = remember_chats(model, shelf, {"kind": "c"}).chat([replace(CHAT, node=node)])
        assert (chat.node, chat.text, chat.problem, chat.ask_again, chat.usage) == (node, "reply 2", "cut off", False, TokenUsage(5, 3))
        assert chat.reasoning == "hm"
    assert model.asked == ["n1", "n1"]


@pytest.mark.parametrize(
    "other",
    [
        {"prompt": "Describe it."},
        {"field": "clip_action"},
        {"seconds": (0.0, 1.5)},
        {"frames": Frames(np.eye(4, 6, dtype=np.uint8)[None, :, :, None].repeat(3, 3).repeat(2, 0), np.array([0.0, 1.0]))},
    ],
)
def test_a_caption_of_anything_else_is_asked_for(other):
    shelf, model = Shelf(), Counting()
    list(remember_captions(model, shelf, {}).caption([CLIP]))
    list(remember_captions(model, shelf, {}).caption([replace(CLIP, **other)]))
    assert len(model.asked) == 2


@pytest.mark.parametrize("other", [{"messages": (ChatMessage("user", "Why?"),)}, {"schema": {}}, {"effort": "high"}])
def test_a_chat_about_anything_else_is_sent(other):
    shelf, model = Shelf(), Counting()
    list(remember_chats(model, shelf, {}).chat([CHAT, replace(CHAT, node="n2", **other)]))
    assert len(model.asked) == 2


def test_another_model_or_parameter_is_asked_anew():
    shelf, model = Shelf(), Counting()
    for identity in ({"temperature": 0}, {"temperature": 1}):
        list(remember_chats(model, shelf, identity).chat([CHAT]))
    assert len(model.asked) == 2


def test_what_arrived_before_an_interrupt_is_kept():
    shelf, model = Shelf(), Counting(most=2)
    requests = [replace(CLIP, node=f"n{number}", prompt=str(number)) for number in range(4)]
    with pytest.raises(KeyboardInterrupt):
        list(remember_captions(model, shelf, {}).caption(requests))
    model.most = 1000
    assert len(list(remember_captions(model, shelf, {}).caption(requests))) == 4
    assert model.asked == ["n0", "n1", "n2", "n3"]


def test_what_failed_is_asked_afresh_and_the_new_reply_takes_the_place_of_the_old():
    shelf, model = Shelf(), Counting()
    for afresh in (None, "again", None):
        (reply,) = remember_chats(model, shelf, {}, afresh=afresh).chat([CHAT])
    assert reply.text == "reply 2"
    assert len(model.asked) == 2


def test_what_an_interrupted_retry_has_asked_is_not_asked_again():
    shelf, model = Shelf(), Counting()
    chats = [replace(CHAT, messages=(ChatMessage("user", str(number)),)) for number in range(4)]
    list(remember_chats(model, shelf, {}).chat(chats))
    model.most = 6
    with pytest.raises(KeyboardInterrupt):
        list(remember_chats(model, shelf, {}, afresh="once more").chat(chats))
    model.most = 1000
    replies = list(remember_chats(model, shelf, {}, afresh="once more").chat(chats))
    assert sorted(reply.text for reply in replies) == ["reply 5", "reply 6", "reply 7", "reply 8"]
    list(remember_chats(model, shelf, {}, afresh="and once more").chat(chats))
    assert len(model.asked) == 12


def test_a_reply_is_noted_once_by_the_thread_that_fetched_it():
    shelf, model = Shelf(), Counting()
    fetched = []

    @dataclass
    class Fetching(Counting):
        def chat(self, requests):
            for request in requests:
                reply = ChatReply(request.node, "early")
                request.on_reply(reply)
                fetched.append(len(shelf.rows))
                yield reply

    model = Fetching()
    assert [reply.text for reply in remember_chats(model, shelf, {}).chat([CHAT])] == ["early"]
    assert (fetched, len(shelf.rows)) == ([1], 1)


def test_requests_are_recalled_as_they_are_taken():
    shelf, model = Shelf(), Counting()
    list(remember_captions(model, shelf, {}).caption([CLIP]))
    taken = []

    def requests():
        for number in range(3):
            taken.append(number)
            yield replace(CLIP, node=f"n{number}", prompt="Describe." if number == 1 else str(number))

    replies = remember_captions(model, shelf, {}).caption(requests())
    assert (next(replies).node, taken) == ("n0", [0])
    assert {reply.node for reply in replies} == {"n1", "n2"}
    assert model.asked == ["n1", "n0", "n2"]


def test_a_free_model_and_a_run_without_ledger_need_no_memory():
    free = Counting(is_free=True)
    assert remember_chats(free, Shelf(), {}) is free
    assert remember_captions(free, None, {}) is free


@pytest.mark.parametrize("outcome", ["refused", "lost"])
def test_what_no_model_answered_is_not_remembered(outcome):
    @dataclass
    class Down(Counting):
        def caption(self, requests):
            return (replace(reply, text="", outcome=outcome) for reply in super().caption(requests))

        def chat(self, requests):
            return (replace(reply, text="", outcome=outcome) for reply in super().chat(requests))

    shelf = Shelf()
    assert [reply.outcome for reply in remember_captions(Down(), shelf, {}).caption([CLIP])] == [outcome]
    assert [reply.outcome for reply in remember_chats(Down(), shelf, {}).chat([CHAT])] == [outcome]
    assert shelf.rows == []
