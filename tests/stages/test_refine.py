"""What counts as a usable reply, and how a dialogue goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from string import Template

import pytest

from action100m.annotation import ANNOTATION_SCHEMA
from action100m.models.base import ChatMessage, ChatReply, ChatRequest
from action100m.stages.refine import Dialogue, find_problem, self_refine
from action100m.video.video import VideoMetadata
from support.records import make_annotation
from support.trees import split_tree

GOOD = json.dumps(make_annotation().to_dict())
TREE = split_tree(0.0, 8.0)
NODE = TREE.root.id


@dataclass
class Script:
    """A chat model that gives its replies one after the other, and keeps what it was asked."""

    replies: list[ChatReply | None]
    asked: list[ChatRequest] = field(default_factory=list)
    name: str = "script"
    is_free: bool = True

    def chat(self, requests: Sequence[ChatRequest]) -> Iterator[ChatReply]:
        self.asked += requests
        replies = [self.replies.pop(0) for _ in requests]
        return iter([reply for reply in replies if reply is not None])


def reply(text: str, **values) -> ChatReply:
    return ChatReply(NODE, text, **values)


def run(model: Script, *, efforts=(None,), attempts=3) -> Dialogue:
    opening = ChatMessage("system", "rules"), ChatMessage("user", "evidence")
    (dialogue,) = self_refine(
        model,
        [Dialogue(NODE, opening, "check it")],
        lambda dialogue: ChatRequest(dialogue.node, (), ANNOTATION_SCHEMA, TREE, VideoMetadata()),
        efforts=efforts,
        attempts=attempts,
        reask=Template("no: $reason"),
    )
    return dialogue


def conversation(request: ChatRequest) -> list[tuple[str, str]]:
    return [(message.role, message.content) for message in request.messages]


START = [("system", "rules"), ("user", "evidence")]


def test_a_round_continues_from_the_last_answer_and_the_same_evidence():
    first, second, third = GOOD, GOOD.replace("whisks", "beats"), GOOD.replace("whisks", "stirs")
    model = Script([reply(first), reply(second), reply(third)])
    dialogue = run(model, efforts=("high", None, "low"))
    assert [conversation(request) for request in model.asked] == [
        START,
        [*START, ("assistant", first), ("user", "check it")],
        [*START, ("assistant", second), ("user", "check it")],
    ]
    assert [request.effort for request in model.asked] == ["high", None, "low"]
    assert dialogue.answer == third


def test_what_the_model_thought_is_kept_and_never_sent_back():
    model = Script([reply("eggs", reasoning="It is about eggs."), reply(GOOD, reasoning="Now as JSON."), reply(GOOD)])
    dialogue = run(model, efforts=(None, None))
    assert [turn.reasoning for turn in dialogue.turns] == ["It is about eggs.", "Now as JSON.", ""]
    assert not any("It is about eggs" in text or "Now as JSON" in text for request in model.asked for _, text in conversation(request))


def test_a_reply_that_does_not_fit_is_answered_with_the_reason_in_the_same_conversation():
    model = Script([reply("eggs"), reply("", problem="it is empty"), reply(GOOD)])
    dialogue = run(model)
    assert [len(request.messages) for request in model.asked] == [2, 4, 6]
    bad, why, nothing, empty = conversation(model.asked[2])[2:]
    assert (bad, nothing, empty) == (("assistant", "eggs"), ("assistant", "(no answer)"), ("user", "no: it is empty"))
    assert why[0] == "user"
    assert why[1].startswith("no: the reply is not JSON")
    assert dialogue.answer == GOOD


def test_failed_replies_of_a_round_are_not_dragged_into_the_next():
    model = Script([reply("eggs"), reply(GOOD), reply(GOOD)])
    run(model, efforts=(None, None))
    assert conversation(model.asked[2]) == [*START, ("assistant", GOOD), ("user", "check it")]


def test_attempts_are_counted_and_every_reply_is_kept():
    model = Script([reply("one"), reply("two"), reply("three")])
    dialogue = run(model, efforts=(None, None), attempts=3)
    assert [(turn.round, turn.attempt, turn.text) for turn in dialogue.turns] == [(1, 1, "one"), (1, 2, "two"), (1, 3, "three")]
    assert all(turn.problem for turn in dialogue.turns)
    assert dialogue.answer is None


def test_a_refining_round_that_fails_leaves_the_last_answer_and_the_next_starts_from_it():
    model = Script([reply(GOOD), reply("no"), reply("no"), reply(GOOD.replace("whisks", "beats"))])
    dialogue = run(model, efforts=(None, None, None), attempts=2)
    assert conversation(model.asked[3]) == [*START, ("assistant", GOOD), ("user", "check it")]
    assert "beats" in dialogue.answer


def test_a_request_that_the_server_refuses_is_not_repeated():
    model = Script([reply("", problem="too long", ask_again=False)])
    dialogue = run(model, efforts=(None, None))
    assert [turn.problem for turn in dialogue.turns] == ["too long"]


def test_a_request_that_a_model_leaves_unanswered_is_asked_again():
    dialogue = run(Script([None, reply(GOOD)]))
    assert [turn.problem for turn in dialogue.turns] == ["the model left this request unanswered", None]


def test_an_annotation_counts_even_if_the_server_cut_what_came_after_it():
    assert find_problem(reply(GOOD + "\n" * 50, problem="the reply was cut off")) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whisk the eggs",
        f"```json\n{GOOD}\n```",
        GOOD[:-20],
        GOOD + " I hope this helps!",
        "null",
        "[]",
        f"[{GOOD}]",
        "[" * 100_000,
        "9" * 5_000,
        GOOD.replace('"action"', '"actions"'),
        GOOD.replace('"brief"', '"short"'),
        GOOD[:-1] + ', "mood": "calm"}',
        GOOD.replace('"a cook"', '""'),
        GOOD.replace('"a cook"', '" \\n"'),
        GOOD.replace('"a cook"', '"\\ud83d"'),
        GOOD.replace('"a cook"', "null"),
        GOOD.replace('"a cook"', '["a cook"]'),
    ],
)
def test_nothing_but_an_annotation_is_taken_for_one(text):
    problem = find_problem(reply(text))
    assert problem
    assert len(problem) <= 500
