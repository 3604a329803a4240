"""The stage, with a real server that misbehaves behind it."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import jsonschema
import pyarrow.parquet as pq
import pytest
from pydantic import TypeAdapter, ValidationError

from action100m.annotation import ANNOTATION_SCHEMA, Annotation, unwrap_annotation
from action100m.errors import ConfigError, EndpointError
from action100m.models.endpoint.chat import EndpointConfig
from action100m.models.weightless.extractive import ExtractiveConfig
from action100m.record import Gap
from action100m.stages.annotate import Annotate, AnnotateConfig, Annotated
from action100m.stages.base import Given
from action100m.tree import Node, Tree
from action100m.video.video import Cue, Video, VideoMetadata
from support.chat_server import Answer, Asked, ChatServer, completion, error, html
from support.records import make_annotation
from support.trees import split_tree

VIDEO = Video("clip", "clip.mp4", "ab" * 32, VideoMetadata("Omelette", transcript=(Cue("0.5", "first we whisk the eggs"),)))


@pytest.fixture(autouse=True)
def _quick_retries(monkeypatch):
    monkeypatch.setattr("action100m.models.endpoint.trouble._FIRST_WAIT", 0.01)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def make_tree() -> Tree:
    """Spans [0, 16), [0, 10), [10, 16), [0, 4), [4, 10), [10, 13.5), [13.5, 16), [0, 2), [2, 4): those of 16, 10, 6 and 4 s are cut again."""
    bare = split_tree(0.0, 16.0, ("", 10.0), ("0", 4.0), ("1", 13.5), ("00", 2.0))
    return bare.update(lambda node: replace(node, clip_caption=f"Clip {node.start:g} to {node.end:g}."))


def given(tree: Tree, earlier: Annotated | None = None) -> Given:
    captioned: Given = {"caption": SimpleNamespace(tree=tree)}
    return captioned if earlier is None else {**captioned, "annotate": earlier}


def stage_for(server: ChatServer, *, retries: int = 1, timeout: float = 5.0, concurrency: int = 16, **settings) -> Annotate:
    model = EndpointConfig(model="test-model", base_url=server.base_url, retries=retries, timeout=timeout, concurrency=concurrency)
    return Annotate(AnnotateConfig(**{"model": model, "rounds": 1, **settings}))


def asked_span(asked: Asked) -> tuple[float, float]:
    """The segment that a request is about."""
    start, end = re.search(r"segment to annotate lasts from ([\d.]+) s to ([\d.]+) s", asked.text).groups()
    return float(start), float(end)


def say(action: str = "Whisk the eggs") -> str:
    return json.dumps(make_annotation(action).to_dict())


def about_the_segment(asked: Asked) -> Answer:
    """A good reply that tells which segment it is about."""
    return completion(say("Whisk from {:g} to {:g}".format(*asked_span(asked))))


def spoil(spans: set[tuple[float, float]], bad: Answer | Callable[[Asked], Answer]) -> Callable[[Asked], Answer]:
    """A server that answers well, save about some segments."""

    def behave(asked: Asked) -> Answer:
        if asked_span(asked) not in spans:
            return about_the_segment(asked)
        return bad(asked) if callable(bad) else bad

    return behave


def annotated_spans(tree: Tree) -> list[tuple[float, float]]:
    return [(node.start, node.end) for node in tree.nodes if node.annotation]


def span_of(made: Annotated, gap: Gap) -> tuple[float, float]:
    return made.tree[gap.node].start, made.tree[gap.node].end


def test_inner_segments_of_4_seconds_and_more_are_annotated_and_the_others_tell_why_not():
    with ChatServer(about_the_segment) as server:
        made = stage_for(server)(VIDEO, given(make_tree()))
    assert annotated_spans(made.tree) == [(0, 16), (0, 10), (10, 16), (0, 4)]
    assert [(*span_of(made, gap), gap.field, gap.reason) for gap in made.gaps] == [
        (4, 10, "annotation", "leaf"),
        (10, 13.5, "annotation", "shorter than 4 s"),
        (13.5, 16, "annotation", "shorter than 4 s"),
        (0, 2, "annotation", "shorter than 4 s"),
        (2, 4, "annotation", "shorter than 4 s"),
    ]
    assert made.failed == ()


def test_every_segment_gets_its_own_annotation():
    with ChatServer(about_the_segment) as server:
        made = stage_for(server)(VIDEO, given(make_tree()))
    for node in made.tree.nodes:
        assert node.annotation is None or node.annotation.action.brief == f"Whisk from {node.start:g} to {node.end:g}"


def test_option_all_takes_long_leaves_too():
    with ChatServer(about_the_segment) as server:
        made = stage_for(server, nodes="all")(VIDEO, given(make_tree()))
    assert (4, 10) in annotated_spans(made.tree)
    assert {gap.reason for gap in made.gaps} == {"shorter than 4 s"}


def test_a_segment_of_4_seconds_is_long_enough_whatever_floating_point_says():
    tree = split_tree(0.1, 4.1, ("", 2.0)).update(lambda node: replace(node, clip_caption="A clip."))
    assert tree.root.duration < 4
    assert Annotate(AnnotateConfig(model=ExtractiveConfig()))(VIDEO, given(tree)).tree.root.annotation


def test_a_segment_without_captions_is_not_guessed_at():
    tree = make_tree().update(lambda node: replace(node, clip_caption=None) if node.start >= 10 else node)
    with ChatServer(about_the_segment) as server:
        made = stage_for(server)(VIDEO, given(tree))
    assert (10, 16) not in annotated_spans(made.tree)
    assert [gap.reason for gap in made.gaps if span_of(made, gap) == (10, 16)] == ["no caption to annotate from"]


def test_rule_is_the_one_of_the_released_records(shared):
    checked = 0
    for row in pq.read_table(shared / "data/action100m/examples.parquet", columns=["nodes"]).column("nodes").to_pylist():
        nodes = [Node(node["node_id"], node["parent_id"], node["level"], node["start"], node["end"], clip_caption="x") for node in row]
        made = Annotate(AnnotateConfig(model=ExtractiveConfig(), rounds=1))(VIDEO, given(Tree(tuple(nodes))))
        released = {node["node_id"] for node in row if node["gpt"]}
        assert {node.id for node in made.tree.nodes if node.annotation} == released
        checked += len(released)
    assert checked == 1_237


def test_a_draft_and_two_rounds_are_sent_each_with_the_whole_context():
    drafts = iter([say("Whisk the eggs"), say("Beat the eggs"), say("Stir the eggs")])
    tree = split_tree(0.0, 8.0, ("", 4.0)).update(lambda node: replace(node, clip_caption=f"Clip {node.start:g} to {node.end:g}."))
    with ChatServer(lambda _: completion(next(drafts))) as server:
        made = stage_for(server, rounds=3)(VIDEO, given(tree))
    draft, second, third = (asked.body for asked in server.asked)
    assert [message["role"] for message in draft["messages"]] == ["system", "user"]
    for body, answer in ((second, say("Whisk the eggs")), (third, say("Beat the eggs"))):
        assert body["messages"][:2] == draft["messages"]
        assert body["messages"][2] == {"role": "assistant", "content": answer}
        assert "from 0.00 s to 8.00 s against the same evidence" in body["messages"][3]["content"]
    for expected in ("title: Omelette", "first we whisk the eggs", "Clip 0 to 8.", "Clip 4 to 8.", "whole video lasts from 0.00 s to 8.00 s"):
        assert expected in draft["messages"][1]["content"]
    assert all(body["response_format"]["type"] == "json_schema" for body in (draft, second, third))
    assert [body.get("reasoning_effort") for body in (draft, second, third)] == ["high", None, None]
    assert made.tree.root.annotation.action.brief == "Stir the eggs"
    assert [(turn.round, turn.attempt) for turn in made.history] == [(1, 1), (2, 1), (3, 1)]


def test_what_segments_share_comes_first():
    with ChatServer(about_the_segment) as server:
        stage_for(server)(VIDEO, given(make_tree()))
    systems = {asked.body["messages"][0]["content"] for asked in server.asked}
    shared_parts = {asked.body["messages"][1]["content"].split("# Captions of the segment")[0] for asked in server.asked}
    assert (len(server.asked), len(systems), len(shared_parts)) == (4, 1, 1)


def test_segments_that_begin_alike_are_sent_one_after_the_other():
    with ChatServer(about_the_segment) as server:
        stage_for(server, concurrency=1)(VIDEO, given(make_tree()))
    assert [asked_span(asked) for asked in server.asked] == [(0, 4), (0, 10), (0, 16), (10, 16)]


def test_segments_go_through_all_rounds_before_those_that_the_cache_has_no_room_for():
    with ChatServer(about_the_segment) as server:
        made = stage_for(server, rounds=2, cache_tokens=1)(VIDEO, given(make_tree()))
    spans = [(0, 4), (0, 10), (0, 16), (10, 16)]
    assert [asked_span(asked) for asked in server.asked] == [span for span in spans for _ in range(2)]
    assert annotated_spans(made.tree) == [(0, 16), (0, 10), (10, 16), (0, 4)]


def test_progress_grows_over_all_groups_to_the_end():
    shares: list[float] = []
    with ChatServer(about_the_segment) as server:
        stage_for(server, rounds=2, cache_tokens=1)(VIDEO, given(make_tree()), shares.append)
    assert shares == [0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0]


def test_how_many_go_together_changes_nothing_that_is_kept():
    with ChatServer(about_the_segment) as server:
        together, apart = (stage_for(server, rounds=2, cache_tokens=tokens) for tokens in (None, 1))
        assert together(VIDEO, given(make_tree())).to_bytes() == apart(VIDEO, given(make_tree())).to_bytes()
        assert together.settings == apart.settings


def test_a_prompt_longer_than_the_window_shows_fewer_levels():
    tree = make_tree().update(lambda node: replace(node, clip_caption=f"Clip {node.start:g} to {node.end:g}.".ljust(6_000, ".")))
    with ChatServer(about_the_segment) as server:
        made = stage_for(server, global_depth=0, context_tokens=14_000)(VIDEO, given(tree))
    prompts = {asked_span(asked): asked.text.split("# Captions of the segment")[1] for asked in server.asked}
    assert "Clip 0 to 2." in prompts[0, 4]
    assert "Clip 0 to 2." not in prompts[0, 16]
    assert "Clip 0 to 16." in prompts[0, 16]
    assert made.failed == ()


def test_a_segment_whose_prompt_does_not_fit_at_all_is_a_gap_and_nothing_is_sent():
    long = make_tree().update(lambda node: replace(node, clip_caption="x" * 90_000) if node.start == 10 else node)
    with ChatServer(about_the_segment) as server:
        made = stage_for(server, global_depth=0, context_tokens=20_000)(VIDEO, given(long))
        assert stage_for(server, global_depth=0, context_tokens=20_000)(VIDEO, given(long, made)) == made
    assert {asked_span(asked) for asked in server.asked} == {(0, 4), (0, 10), (0, 16)}
    (reason,) = [gap.reason for gap in made.gaps if span_of(made, gap) == (10, 16)]
    assert re.fullmatch(r"the prompt may take 3\d{4} tokens at the least detail; annotate.context_tokens is 20000", reason)
    assert made.failed == ()


def test_what_the_model_thought_is_kept_apart_from_the_reply():
    with ChatServer(lambda asked: completion(say(), reasoning_content="Eggs, so ...")) as server:
        made = stage_for(server, rounds=2)(VIDEO, given(make_tree()))
    assert {(turn.text, turn.reasoning) for turn in made.history} == {(say(), "Eggs, so ...")}
    assert not any("Eggs, so" in asked.text for asked in server.asked)
    assert Annotated.from_bytes(made.to_bytes()) == made


def test_artifacts_from_before_reasoning_was_kept_are_read():
    with ChatServer(about_the_segment) as server:
        made = stage_for(server)(VIDEO, given(make_tree()))
    old = json.loads(made.to_bytes())
    for turn in old["history"]:
        del turn["reasoning"]
    assert Annotated.from_bytes(json.dumps(old).encode()) == made


def test_a_reply_that_does_not_fit_is_asked_again_with_the_reason():
    bad = json.loads(say())
    del bad["action"]["actor"]
    replies = iter([completion(json.dumps(bad)), completion(say())])
    with ChatServer(spoil({(0, 4)}, lambda _: next(replies))) as server:
        made = stage_for(server)(VIDEO, given(make_tree()))
    (again,) = [asked for asked in server.asked if len(asked.body["messages"]) > 2]
    assert again.body["messages"][2] == {"role": "assistant", "content": json.dumps(bad)}
    assert "'actor' is a required property" in again.last
    assert len(server.asked) == 5
    assert (0, 4) in annotated_spans(made.tree)


BAD_REPLIES = {
    "not JSON": (completion("I see eggs."), "not JSON"),
    "cut": (completion(say()[:40], finish_reason="length"), "cut off"),
    "white space": (completion("\n" * 2_000, finish_reason="length"), "cut off"),
    "wrong key": (completion(say().replace('"actor"', '"agent"')), "actor"),
    "extra key": (completion(say()[:-1] + ', "mood": "calm"}'), "mood"),
    "empty string": (completion(say("")), "$.action.brief"),
    "blank string": (completion(say(" ")), "$.action.brief"),
    "empty": (completion(""), "empty"),
    "reasoning only": (completion(None, reasoning_content="Eggs are ..."), "reasoning, but no answer"),
    "refusal": (completion(None, refusal="I cannot help with eggs."), "I cannot help with eggs."),
    "half a surrogate pair": (completion(say("\ud83d")), "$.action.brief"),
    "half a surrogate pair, raw": (completion("I see \ud83d eggs."), "not JSON"),
    "half a surrogate pair as a key": (completion('{"\ud83d": 1}'), "does not match the schema"),
    "refusal with half a surrogate pair": (completion(None, refusal="No \ud83d eggs."), "No \ufffd eggs."),
}


@pytest.mark.parametrize(("bad", "reason"), BAD_REPLIES.values(), ids=BAD_REPLIES)
def test_replies_that_never_fit_cost_one_segment_and_are_kept(bad, reason):
    with ChatServer(spoil({(0, 10)}, bad)) as server:
        made = stage_for(server, attempts=2)(VIDEO, given(make_tree()))
    assert annotated_spans(made.tree) == [(0, 16), (10, 16), (0, 4)]
    (gap,) = made.failed
    assert span_of(made, gap) == (0, 10)
    assert gap.reason.startswith("ReplyError: none of 2 replies fits")
    assert reason in gap.reason
    gap.reason.encode()  # or the record could not be written
    raw = json.loads(bad.body)["choices"][0]["message"]["content"] or ""
    assert [turn.text for turn in made.history if turn.node == gap.node] == [raw, raw]
    assert len(server.asked) == 3 + 2
    assert Annotated.from_bytes(made.to_bytes()) == made


@pytest.mark.parametrize("wrapped", ["```json\n{}\n```", "```\n{}```", "{}\n\nI hope this helps!", "```json\n{}\n```\nDone."])
def test_a_fence_or_text_after_the_answer_is_repaired_once_asking_again_was_in_vain(wrapped):
    bad = completion(wrapped.format(say()))
    with ChatServer(spoil({(0, 10)}, bad)) as server:
        made = stage_for(server, attempts=2)(VIDEO, given(make_tree()))
    assert made.failed == ()
    assert (0, 10) in annotated_spans(made.tree)
    assert len(server.asked) == 3 + 2
    turns = [turn for turn in made.history if span_of(made, turn) == (0, 10)]
    assert [(turn.problem is None, turn.repaired) for turn in turns] == [(False, None), (False, say())]
    assert turns[-1].text == wrapped.format(say())
    assert made.first_tries == (3, 4)
    assert Annotated.from_bytes(made.to_bytes()) == made


def test_a_certain_answer_is_not_lost_when_the_last_reply_is_worse():
    replies = iter([completion(f"```json\n{say()}\n```"), completion("")])
    with ChatServer(spoil({(0, 10)}, lambda _: next(replies))) as server:
        made = stage_for(server, attempts=2)(VIDEO, given(make_tree()))
    assert made.failed == made.unrefined == ()
    assert (0, 10) in annotated_spans(made.tree)


@pytest.mark.parametrize("doubtful", ["Sure! {0}", "{0} {0}", "```json\nHere: {0}\n```", "{{}}"])
def test_what_is_not_certain_is_not_repaired(doubtful):
    assert unwrap_annotation(doubtful.format(say())) is None


def test_a_request_too_long_for_the_server_costs_one_segment_and_one_request():
    with ChatServer(spoil({(0, 16)}, error(400, "maximum context length is 10 tokens"))) as server:
        made = stage_for(server)(VIDEO, given(make_tree()))
    (gap,) = made.failed
    assert span_of(made, gap) == (0, 16)
    assert "maximum context length is 10 tokens" in gap.reason
    assert len(server.asked) == 4


def test_a_failed_refining_round_keeps_the_draft_and_says_so():
    def behave(asked: Asked) -> Answer:
        refining = "against the same evidence" in asked.text
        return completion("I see eggs.") if refining and asked_span(asked) == (0, 4) else about_the_segment(asked)

    with ChatServer(behave) as server:
        made = stage_for(server, rounds=2, attempts=2)(VIDEO, given(make_tree()))
    (node,) = [node for node in made.tree.nodes if (node.start, node.end) == (0, 4)]
    assert node.annotation.action.brief == "Whisk from 0 to 4"
    assert made.unrefined == (node.id,)
    assert made.failed == ()
    assert [(turn.round, turn.attempt, turn.problem is None) for turn in made.history if turn.node == node.id] == [
        (1, 1, True),
        (2, 1, False),
        (2, 2, False),
    ]
    assert len(server.asked) == 4 + 4 + 1


@pytest.mark.parametrize("answer", [error(401), error(404), error(429)])
def test_a_server_that_ceases_to_answer_fails_the_video(answer):
    with ChatServer(spoil({(0, 4)}, answer)) as server, pytest.raises(EndpointError):
        stage_for(server)(VIDEO, given(make_tree()))


@pytest.mark.parametrize("answer", [error(500), html(502), html(200), completion("cut", sent=10), completion("late", delay=30)])
def test_a_server_that_never_answers_fails_the_video(answer):
    with ChatServer(lambda _: answer) as server, pytest.raises(EndpointError):
        stage_for(server, timeout=2 if answer.delay else 30)(VIDEO, given(make_tree()))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (error(500), "error 500"),
        (completion("late", delay=30), "within 2 s"),
        (completion("cut", sent=10), "breaks off"),
        (html(200), "no chat completion"),
        (Answer(b'{"choices": []}'), "no chat completion"),
    ],
)
def test_a_server_that_fails_on_one_segment_costs_that_segment(answer, reason):
    with ChatServer(spoil({(0, 4)}, answer)) as server:
        made = stage_for(server, timeout=2 if answer.delay else 30)(VIDEO, given(make_tree()))
    (gap,) = made.failed
    assert span_of(made, gap) == (0, 4)
    assert reason in gap.reason
    assert len(server.asked) == 3 + 2  # it is sent once more


def test_under_all_misbehaviour_at_once_nothing_invalid_comes_through_and_the_counts_add_up():
    chance = random.Random(0)
    passing = [error(429, Retry_After="0.01"), error(500), html(502), completion("cut", sent=10)]

    def behave(asked: Asked) -> Answer:
        dice = chance.random()
        if dice < 0.1:
            return chance.choice(passing)
        return chance.choice([bad for bad, _ in BAD_REPLIES.values()]) if dice < 0.5 else about_the_segment(asked)

    tree = split_tree(
        0.0,
        1024.0,
        *(("0" * depth, 1024.0 / 2 ** (depth + 1)) for depth in range(8)),
        *(("1" * depth, 1024 - 512 / 2**depth) for depth in range(1, 8)),
    )
    tree = tree.update(lambda node: replace(node, clip_caption="A clip."))
    with ChatServer(behave) as server:
        made = stage_for(server, retries=9, rounds=2, attempts=2)(VIDEO, given(tree))
    for node in made.tree.nodes:
        if node.annotation:
            jsonschema.validate(node.annotation.to_dict(), ANNOTATION_SCHEMA)
            assert node.annotation.action.brief == f"Whisk from {node.start:g} to {node.end:g}"
    annotated, missing = {node.id for node in made.tree.nodes if node.annotation}, {gap.node for gap in made.gaps}
    assert not annotated & missing
    assert len(annotated) + len(missing) == len(tree) == len({*annotated, *missing})
    reasons = Counter(gap.reason.split(":")[0] for gap in made.gaps)
    assert reasons["leaf"] == 16
    assert reasons["ReplyError"] == len(made.failed) > 0
    assert annotated


def test_only_what_failed_is_asked_again_and_what_was_made_is_kept():
    with ChatServer(spoil({(0, 10)}, completion("I see eggs."))) as server:
        stage = stage_for(server, attempts=2)
        made = stage(VIDEO, given(make_tree()))
        server.behave, before = about_the_segment, len(server.asked)
        again = stage(VIDEO, given(make_tree(), made))
    assert [asked_span(asked) for asked in server.asked[before:]] == [(0, 10)]
    assert annotated_spans(again.tree) == [(0, 16), (0, 10), (10, 16), (0, 4)]
    assert again.failed == ()
    failed_node = made.failed[0].node
    assert [turn.text for turn in again.history if turn.node == failed_node] == ["I see eggs.", "I see eggs.", say("Whisk from 0 to 10")]
    assert [turn for turn in again.history if turn.node != failed_node] == [turn for turn in made.history if turn.node != failed_node]


def test_nothing_is_asked_where_nothing_failed():
    with ChatServer(about_the_segment) as server:
        stage = stage_for(server)
        made = stage(VIDEO, given(make_tree()))
        assert stage(VIDEO, given(make_tree(), made)) == made
    assert len(server.asked) == 4


def test_the_same_replies_give_the_same_bytes_in_whatever_order_they_come():
    chance = random.Random(0)

    def late(asked: Asked) -> Answer:
        return replace(about_the_segment(asked), delay=chance.random() * 0.05)

    with ChatServer(late) as server:
        first, second = (stage_for(server, rounds=2)(VIDEO, given(make_tree())).to_bytes() for _ in range(2))
    assert first == second
    assert Annotated.from_bytes(first).to_bytes() == first


def test_extractive_annotates_from_the_transcript_and_loads_nothing():
    made = Annotate(AnnotateConfig(model=ExtractiveConfig(), rounds=1))(VIDEO, given(make_tree()))
    assert made.tree.root.annotation == Annotation.from_dict(
        {
            "summary": {"brief": "Clip 0 to 16.", "detailed": 'Clip 0 to 16. "first we whisk the eggs"'},
            "action": {"brief": "whisk the eggs", "detailed": "Whisk the eggs.", "actor": "N/A"},
        }
    )
    assert made.failed == ()


def test_a_changed_prompt_is_a_changed_setting_and_is_told_by_the_artifact(monkeypatch):
    config = AnnotateConfig(model=ExtractiveConfig(), rounds=1)
    before = Annotate(config)
    monkeypatch.setattr("action100m.stages.annotate.read_prompt", lambda name: f"the text of {name}")
    after = Annotate(config)
    assert before.settings == Annotate(config).settings | {"prompts": before.settings["prompts"]}
    assert before.settings["prompts"].keys() == after.settings["prompts"].keys() == {"annotate_rules", "annotate_segment", "refine", "reask"}
    assert not set(before.settings["prompts"].values()) & set(after.settings["prompts"].values())
    assert dict(after(VIDEO, given(make_tree())).prompts) == after.settings["prompts"]


def test_settings_are_json_and_do_not_depend_on_where_the_server_is():
    here, there = (EndpointConfig(base_url=url, timeout=timeout) for url, timeout in (("http://a/v1", 1), ("http://b/v1", 2)))
    settings = [Annotate(AnnotateConfig(model=model)).settings for model in (here, there)]
    assert settings[0] == settings[1]
    assert json.loads(json.dumps(settings[0]))["config"]["model"]["kind"] == "endpoint"
    assert Annotate(AnnotateConfig(model=here, min_duration=5.0)).settings != settings[0]


def test_defaults_are_the_papers():
    config = AnnotateConfig(model=EndpointConfig())
    assert (config.rounds, config.efforts, config.min_duration, config.nodes) == (3, ("high",), 4.0, "inner")
    assert config.model.model == "openai/gpt-oss-120b"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"rounds": 0}, "annotate.rounds must be at least 1, got 0"),
        ({"attempts": 0}, "annotate.attempts must be at least 1, got 0"),
        ({"min_duration": -1.0}, "annotate.min_duration must be at least 0, got -1.0"),
        ({"min_duration": float("nan")}, "got nan"),
        ({"global_depth": -1}, "annotate.global_depth must be at least 0, got -1"),
        ({"context_tokens": 0}, "annotate.context_tokens must be None or at least 1, got 0"),
        ({"cache_tokens": -5}, "annotate.cache_tokens must be None or at least 1, got -5"),
        ({"nodes": "leaves"}, "got 'leaves'"),
        ({"efforts": ("extreme",)}, "extreme"),
        ({"rounds": 1, "efforts": ("high", "low")}, "efforts names 2 rounds, but annotate.rounds is 1"),
    ],
)
def test_bad_settings_are_refused_with_the_value(settings, words):
    with pytest.raises(ConfigError, match=re.escape(words)):
        AnnotateConfig(**{"model": ExtractiveConfig(), **settings})


def test_config_is_read_from_a_table_and_unknown_keys_are_errors():
    read = TypeAdapter(AnnotateConfig).validate_python
    table = {"rounds": 2, "efforts": ["high", None], "model": {"kind": "endpoint", "model": "m", "base_url": "http://a/v1"}}
    assert read(table) == AnnotateConfig(model=EndpointConfig(model="m", base_url="http://a/v1"), rounds=2, efforts=("high", None))
    for wrong in ({"model": {"kind": "extractive", "round": 1}}, {"model": {"kind": "extractive"}, "round": 1}, {"model": {"kind": "oracle"}}):
        with pytest.raises(ValidationError):
            read(wrong)
