"""Each measure on texts where a person sees the answer."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from action100m.annotation import Action, Annotation, Summary
from action100m.dataset.audit.blanks import is_sentinel
from action100m.dataset.audit.conflicts import describe
from action100m.dataset.audit.finding import MEANINGS, Flag
from action100m.dataset.audit.measures import flags, measure_all
from action100m.dataset.audit.reading import Reading
from action100m.record import Record
from action100m.tree import Node, Tree
from action100m.video.video import VideoMetadata
from support.records import make_record
from support.trees import split_tree


def change(record: Record, place: int, **values) -> Record:
    """The record with other values in one node."""
    target = record.tree.nodes[place].id
    return replace(record, tree=record.tree.update(lambda node: replace(node, **values) if node.id == target else node))


def varied() -> Record:
    """A record whose captions all differ, with words of their own place."""
    sights = [
        "onions on a board",
        "eggs in a bowl",
        "butter in a pan",
        "plates on a table",
        "water in a sink",
        "herbs in a garden",
        "bread in an oven",
    ]
    tree = split_tree(0.0, 16.0, ("", 10.0), ("0", 4.0), ("1", 13.5))
    texts = {node.id: f"A cook stands beside {sight}." for node, sight in zip(tree.nodes, sights, strict=True)}
    frames = {leaf.id: f"Close by lie {sights[place]}, seen from above." for place, leaf in enumerate(tree.leaves())}
    described = tree.update(lambda node: replace(node, clip_caption=texts[node.id], clip_action="Cooking", frame_caption=frames.get(node.id)))
    return Record("varied", VideoMetadata("Cooking with a cook"), described)


def flagged(record: Record, place: int) -> tuple[Flag, ...]:
    return flags(record).get(record.tree.nodes[place].id, ())


def annotate(
    record: Record, place: int, brief: str, detailed: str, action: str = "Cook", detail: str = "Cook it well in a pan.", actor: str = "a cook"
) -> Record:
    return change(record, place, annotation=Annotation(Summary(brief, detailed), Action(action, detail, actor)))


def test_every_flag_has_a_meaning():
    assert tuple(MEANINGS) == get_args(Flag)


def test_a_sound_record_has_no_flag():
    assert flags(varied()) == {}


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        (None, "missing"),
        (" \n", "missing"),
        ("N/A", "sentinel"),
        ("NA  - there are no actions shown in the video.", "sentinel"),
        ("unknown.", "sentinel"),
        ("A cook.", "short"),
        ("A cook stands beside a table with onions and", "truncated"),
        ("A cook waves a spoon. " * 12, "looping"),
        ("A cook. " + "The cook cuts onions on a board. " * 4 + "The cook leaves.", "looping"),
    ],
)
def test_a_text_that_says_nothing_is_flagged(text, flag):
    assert flagged(change(varied(), 4, clip_caption=text), 4) == (flag,)


def test_a_caption_that_no_node_has_is_not_missing():
    record = varied()
    bare = replace(record, tree=record.tree.update(lambda node: replace(node, frame_caption=None, clip_action=None)))
    assert flags(bare) == {}


@pytest.mark.parametrize("text", ["Nothing but a bowl stands on the table.", "No actions", "None of the eggs breaks", "Narrow streets", "A na'vi"])
def test_a_sentinel_is_the_whole_text(text):
    assert is_sentinel(text) == (text == "No actions")


def test_a_model_that_writes_no_final_mark_does_not_break_off():
    record = varied()
    bare = replace(record, tree=record.tree.update(lambda node: replace(node, clip_caption=(node.clip_caption or "").rstrip("."))))
    assert flags(bare) == {}


def test_a_short_action_that_ends_within_a_word_is_truncated():
    record = change(varied(), 0, clip_caption="A cook stands beside a mixture of onions and eggs.")
    assert flagged(change(record, 1, clip_action="Stir mixtur"), 1) == ("truncated",)
    assert flagged(change(record, 1, clip_action="Stir mixture"), 1) == ()
    assert flagged(change(record, 1, clip_action="Stir onion"), 1) == ()  # another form of "onions"


def test_a_text_that_comes_twice_tells_whose_it_is():
    record = varied()
    twin = change(record, 1, clip_caption=(record.tree.root.clip_caption or "").upper())
    told = {finding.node: finding.message for finding in measure_all(Reading(twin)).findings}
    assert told == {record.tree.root.id: "the same as that of its child", record.tree.nodes[1].id: "the same as that of its parent"}


def test_coverage_is_the_weighted_share_of_the_childrens_words():
    tree = split_tree(0.0, 8.0, ("", 4.0))
    texts = ("Eggs, butter, flour, sugar mixed.", "Eggs, butter, flour, sugar.", "Rain, hail, snow, fog.")
    record = Record("half", VideoMetadata(), Tree(tuple(replace(node, clip_caption=text) for node, text in zip(tree.nodes, texts, strict=True))))
    assert measure_all(Reading(record)).scores["coverage"] == {tree.root.id: pytest.approx(0.5)}
    apart = change(record, 1, clip_caption="Cars, bikes, trains, boats.")
    assert measure_all(Reading(apart)).scores["coverage"] == {tree.root.id: 0}
    assert "uncovered" in flagged(apart, 0)


def test_support_is_the_weighted_share_of_words_with_evidence():
    record = make_record()
    silent = replace(record, metadata=VideoMetadata())
    spoken, unspoken = (measure_all(Reading(one)).scores["support"][record.tree.root.id] for one in (record, silent))
    assert 0 < unspoken < spoken < 1  # no caption knows of the eggs, but the transcript does


@pytest.mark.parametrize(
    ("brief", "flag"),
    [
        ("A cook stands beside onions.", ()),
        ("A cook stands beside onions and a walrus.", ("unsupported",)),
        ("A cook stands beside green onions.", ("unsupported",)),
        ("A cook stands beside seven onions.", ("unsupported",)),
    ],
)
def test_a_word_without_evidence_is_told(brief, flag):
    assert flagged(annotate(varied(), 0, brief, "A cook stands beside onions on a board, eggs in a bowl and butter in a pan."), 0) == flag


@pytest.mark.parametrize(
    ("brief", "detailed", "conflicts"),
    [
        ("A cook holds a red bowl.", "The cook holds a blue bowl.", True),
        ("A cook holds a red bowl.", "The cook holds a pink bowl.", False),
        ("A cook holds a red bowl.", "The cook holds a blue plate.", False),
        ("A cook holds a red bowl.", "The cook holds a red and a blue bowl.", False),
        ("A cook in a red polka-dot apron.", "The cook wears a green apron.", True),
        ("Two women cook.", "There, three women cook.", True),
        ("Two women cook.", "There, a woman cooks.", False),
        ("Two women hold two eggs.", "Two women hold three bowls.", False),
        ("A cook does not whisk the eggs.", "The cook whisks the eggs.", True),
        ("A cook does not whisk the eggs.", "The cook never whisks the eggs.", False),
        ("A cook works without gloves.", "The cook works.", False),
    ],
)
def test_two_texts_about_the_same_contradict_each_other(brief, detailed, conflicts):
    assert ("conflict" in flagged(annotate(varied(), 0, brief, detailed), 0)) == conflicts


@pytest.mark.parametrize(
    ("frame", "clip", "conflicts"),
    [
        ("There is a red bowl.", "A cook fills a blue bowl.", True),
        ("There is a red bowl.", "A cook fills a pink bowl.", False),
        ("There is a red bowl.", "A cook fills a blue bowl, then another bowl.", False),  # each may speak of another one
        ("There is a red object.", "A cook holds a blue object.", False),
        ("There are two bowls.", "A cook fills three bowls.", False),  # a clip shows more than a frame
    ],
)
def test_frame_and_clip_caption_of_a_node_contradict_each_other(frame, clip, conflicts):
    record = varied()
    place = next(number for number, node in enumerate(record.tree.nodes) if record.tree.is_leaf(node))
    told = measure_all(Reading(change(record, place, frame_caption=frame, clip_caption=clip))).findings
    node = record.tree.nodes[place].id
    assert [finding.node for finding in told if finding.flag == "conflict"] == [node] * conflicts


@pytest.mark.parametrize(
    ("left", "right", "conflicts"),
    [
        ("The cook wears a green apron.", "The cook wears a red apron.", True),
        ("The cook wears a green apron.", "The cook wears a green apron today.", False),
        ("The cook wears a green apron.", "The cook wears a red hat.", False),
        ("The cook holds two eggs.", "The cook holds three eggs.", False),  # numbers change with time
    ],
)
def test_children_of_one_parent_contradict_each_other(left, right, conflicts):
    both = annotate(annotate(varied(), 1, left, left), 2, right, right)
    assert [place for place in range(len(both.tree)) if "conflict" in flagged(both, place)] == [1, 2] * conflicts
    once = annotate(annotate(varied(), 1, left, left), 2, right, "The cook stands there.")
    assert "conflict" not in flagged(once, 1)  # a single text may be the one that is wrong


def test_a_noun_has_the_qualities_before_it():
    assert dict(describe("The black and white cat, two big dogs; an open window. Red!")) == {
        ("colour", "cat"): {"black", "white"},
        ("number", "dog"): {"2"},
        ("state", "window"): {"open"},
    }


@pytest.mark.parametrize(
    ("brief", "actor", "action", "wrong"),
    [
        ("A woman stirs soup.", "the man", "Stir", True),
        ("A woman stirs soup.", "the woman", "Stir", False),
        ("A woman stirs soup while a man watches.", "the man", "Stir", False),
        ("Somebody stirs soup.", "the man", "Stir", False),
        ("A woman stirs soup.", "a woman", "N/A", True),
        ("A woman stirs soup.", "N/A", "N/A", False),
    ],
)
def test_who_acts_is_who_is_seen(brief, actor, action, wrong):
    record = annotate(varied(), 0, brief, "Soup is stirred in a pot.", action=action, actor=actor)
    assert ("actor" in flagged(record, 0)) == wrong


def halves() -> Record:
    """Sixty-four leaves: the kitchen first, then the garage; every node speaks of a thing of its own place."""
    kitchen, garage = (
        ["eggs", "butter", "flour", "sugar", "whisk", "oven", "bowl", "dough"],
        ["wheel", "engine", "wrench", "bolt", "oil", "jack", "brake", "tyre"],
    )
    cuts, waiting = [], [("", 0.0, 64.0)]
    while waiting:
        path, start, end = waiting.pop(0)
        if end - start > 1:
            cuts.append((path, (start + end) / 2))
            waiting += [(path + "0", start, (start + end) / 2), (path + "1", (start + end) / 2, end)]
    tree = split_tree(0.0, 64.0, *cuts)

    def speak(node: Node) -> Node:
        things = kitchen if node.end <= 32 else garage if node.start >= 32 else [*kitchen, *garage]
        seen = [things[int(node.start) % 8 if len(things) == 8 else 0], things[(int(node.start) // 8 + node.level) % 8], things[(node.level * 3) % 8]]
        text = f"Somebody works with {seen[0]}, {seen[1]} and {seen[2]} at second {node.start:g}."
        return replace(node, clip_caption=text, frame_caption=f"There lie {seen[0]} and {seen[1]}." if tree.is_leaf(node) else None)

    return Record("halves", VideoMetadata(), tree.update(speak))


def test_swapped_captions_fit_each_others_places():
    record = halves()
    a, b = next(node for node in record.tree.leaves() if node.start == 10), next(node for node in record.tree.leaves() if node.start == 50)
    swapped = change(change(record, record.tree.nodes.index(a), clip_caption=b.clip_caption), record.tree.nodes.index(b), clip_caption=a.clip_caption)
    before, after = (measure_all(Reading(one)).scores["placement"] for one in (record, swapped))
    misplaced, misplaced_now = ({node for node, found in flags(one).items() if "misplaced" in found} for one in (record, swapped))
    assert {a.id, b.id} <= misplaced_now - misplaced
    assert set(sorted(after, key=after.__getitem__)[:2]) == {a.id, b.id}
    assert all(after[node.id] < min(before[node.id], 0) for node in (a, b))


def test_a_caption_of_another_video_is_foreign():
    record = halves()
    strange = "Penguins waddle past icebergs while walruses sleep on snowy cliffs near Antarctica."
    place = record.tree.nodes.index(record.tree.leaves()[20])
    assert "foreign" in flagged(change(record, place, clip_caption=strange), place)
    told = replace(change(record, place, clip_caption=strange), metadata=VideoMetadata(description=strange))
    assert "foreign" not in flagged(told, place)


def test_ten_megabytes_of_text_are_read():
    record = change(varied(), 4, clip_caption="word " * 2_000_000)
    assert "looping" in flagged(record, 4)
