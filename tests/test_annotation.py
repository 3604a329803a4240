import json

import pytest

from action100m.annotation import ANNOTATION_SCHEMA, Action, Annotation, Summary, parse_annotation
from action100m.errors import ReplyError

GOOD = {
    "summary": {"brief": "A cook whisks eggs.", "detailed": "A cook whisks three eggs in a bowl."},
    "action": {"brief": "whisk eggs", "detailed": "Whisk the eggs with a fork.", "actor": "a cook"},
}


def changed(*path: str, to: object) -> str:
    """The good reply as JSON, with the value at a path replaced."""
    reply = json.loads(json.dumps(GOOD))
    parent = reply
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = to
    return json.dumps(reply)


def without(*path: str) -> str:
    reply = json.loads(json.dumps(GOOD))
    parent = reply
    for key in path[:-1]:
        parent = parent[key]
    del parent[path[-1]]
    return json.dumps(reply)


def test_a_good_reply_becomes_an_annotation():
    annotation = parse_annotation(json.dumps(GOOD))
    assert annotation.summary == Summary("A cook whisks eggs.", "A cook whisks three eggs in a bowl.")
    assert annotation.action == Action("whisk eggs", "Whisk the eggs with a fork.", "a cook")


def test_raw_line_breaks_inside_strings_are_taken():
    reply = json.dumps(GOOD).replace("three eggs", "three\neggs")
    assert parse_annotation(reply).summary.detailed == "A cook whisks three\neggs in a bowl."


@pytest.mark.parametrize(
    ("reply", "field"),
    [
        (without("summary"), "summary"),
        (without("action"), "action"),
        (without("summary", "brief"), "brief"),
        (without("summary", "detailed"), "detailed"),
        (without("action", "brief"), "brief"),
        (without("action", "detailed"), "detailed"),
        (without("action", "actor"), "actor"),
        (changed("summary", "brief", to=None), "$.summary.brief"),
        (changed("summary", "detailed", to=3), "$.summary.detailed"),
        (changed("action", "brief", to=["whisk", "eggs"]), "$.action.brief"),
        (changed("action", "actor", to=""), "$.action.actor"),
        (changed("summary", to="A cook whisks eggs."), "$.summary"),
        (changed("action", "object", to="eggs"), "object"),
        (changed("mood", to="calm"), "mood"),
        (json.dumps([GOOD]), "$"),
        ("null", "$"),
    ],
)
def test_a_reply_that_breaks_the_schema_names_the_field_and_keeps_the_raw_text(reply, field):
    with pytest.raises(ReplyError, match="does not match the schema") as caught:
        parse_annotation(reply)
    assert field in str(caught.value)
    assert caught.value.raw == reply


@pytest.mark.parametrize("reply", ["", "Sure! Here is the JSON.", '{"summary": {"brief": "A coo', f"```json\n{json.dumps(GOOD)}\n```"])
def test_a_reply_that_is_not_json_says_so(reply):
    with pytest.raises(ReplyError, match="the reply is not JSON") as caught:
        parse_annotation(reply)
    assert caught.value.raw == reply


def test_the_nested_form_round_trips():
    assert Annotation.from_dict(GOOD).to_dict() == GOOD


def test_a_released_annotation_may_lack_fields_and_halves():
    annotation = Annotation.from_dict({"summary": None, "action": {"brief": "whisk eggs"}})
    assert annotation == Annotation(Summary(None, None), Action("whisk eggs", None, None))


def test_the_schema_is_closed_and_requires_all_five_fields():
    halves = ANNOTATION_SCHEMA["properties"]
    assert {name: half["required"] for name, half in halves.items()} == {"summary": ["brief", "detailed"], "action": ["brief", "detailed", "actor"]}
    assert not any(part["additionalProperties"] for part in (ANNOTATION_SCHEMA, *halves.values()))
