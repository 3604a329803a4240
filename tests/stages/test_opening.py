"""How a dialogue opens, and what goes first where the window is too small."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from action100m import read_records
from action100m.stages.opening import OPENING_PROMPTS, TALK_TOKENS, Detail, bound_tokens, lower_detail, open_dialogues, read_opening
from action100m.stages.prompts import read_prompt
from action100m.stages.refine import Dialogue
from action100m.tree import Node, Tree
from action100m.video.video import Cue, VideoMetadata
from support.trees import split_tree

PROMPTS = {name: read_prompt(name) for name in OPENING_PROMPTS}
SAID = VideoMetadata("Omelette", transcript=(Cue("0.5", "we whisk"), Cue("9", "we fry", end=10.0), Cue("12", "we eat")))
FULL = Detail(subtree_depth=2, global_depth=1)


def captioned_tree() -> Tree:
    """Spans [0, 16), [0, 10), [10, 16), [0, 4), [4, 10), [10, 13), [13, 16), [10, 11), [11, 13), each with a caption of 3,000 bytes."""
    bare = split_tree(0.0, 16.0, ("", 10.0), ("0", 4.0), ("1", 13.0), ("10", 11.0))
    return bare.update(lambda node: replace(node, clip_caption=f"{node.start:g}-{node.end:g}:".ljust(3_000, "x")))


def open_one(tree: Tree, node: Node, context_tokens: int | None, full: Detail = FULL) -> Dialogue:
    (dialogue,) = open_dialogues(tree, SAID, [node], PROMPTS, full=full, context_tokens=context_tokens)
    return dialogue


def shown(dialogue: Dialogue) -> tuple[list[str], list[str], list[str]]:
    """The captions of the outline and of the segment, by span, and what is said."""
    video, segment = dialogue.opening[1].content.split("# Captions of the segment")
    captions = re.compile(r"^> ([\d.]+-[\d.]+):x+$", re.MULTILINE)
    return captions.findall(video), captions.findall(segment), re.findall(r"we \w+", video)


OUTLINE = ["0-16", "0-10", "10-16"]
SAYINGS = ["we whisk", "we fry", "we eat"]
LESS_AND_LESS = [
    (OUTLINE, ["10-11", "11-13", "10-13", "13-16", "10-16"], SAYINGS),
    (OUTLINE, ["10-13", "13-16", "10-16"], SAYINGS),
    (OUTLINE, ["10-16"], SAYINGS),
    (["0-16"], ["10-16"], SAYINGS),
    (["0-16"], ["10-16"], ["we eat"]),
]


def bounds(tree: Tree, node: Node) -> list[int]:
    """What each of the ever smaller prompts takes, the largest first."""
    found = [bound_tokens(open_one(tree, node, None))]
    while bound_tokens(less := open_one(tree, node, found[-1] - 1)) < found[-1]:
        found.append(bound_tokens(less))
    return found


def test_levels_of_the_segment_go_first_then_those_of_the_outline_then_what_is_said_elsewhere():
    tree = captioned_tree()
    right = tree.nodes[2]
    assert [shown(open_one(tree, right, window)) for window in bounds(tree, right)] == LESS_AND_LESS


def test_a_caption_of_3_000_bytes_takes_1_000_tokens():
    full, without_two, without_four, *_ = bounds(captioned_tree(), captioned_tree().nodes[2])
    assert 2_000 <= full - without_two <= 2_040  # and their headings
    assert 2_000 <= without_two - without_four <= 2_040


def test_the_bound_is_a_third_of_the_bytes_and_room_for_the_talk():
    dialogue = open_one(captioned_tree(), captioned_tree().root, None)
    assert bound_tokens(dialogue) == -(-len(read_opening(dialogue)) // 3) + TALK_TOKENS


def test_detail_is_lowered_one_level_at_a_time():
    assert list(lower_detail(Detail(2, 1))) == [Detail(2, 1), Detail(1, 1), Detail(0, 1), Detail(0, 0), Detail(0, 0, whole_transcript=False)]


def test_without_a_limit_and_with_room_enough_everything_is_shown():
    tree = captioned_tree()
    assert open_one(tree, tree.root, None) == open_one(tree, tree.root, 1_000_000)
    assert shown(open_one(tree, tree.root, None, Detail(9, 9)))[1][-1] == "0-16"


def test_where_nothing_fits_the_least_is_what_opens():
    tree = captioned_tree()
    assert shown(open_one(tree, tree.nodes[2], 1)) == LESS_AND_LESS[-1]


def test_no_caption_or_line_is_ever_cut():
    tree = captioned_tree()
    for window in range(1, 12_000, 500):
        outline, segment, said = shown(open_one(tree, tree.root, window))
        text = open_one(tree, tree.root, window).opening[1].content
        assert set(re.findall("x+", text)) <= {"x" * (3_000 - len(f"{span}:")) for span in (*outline, *segment)} | {"x"}  # one x in "exactly"
        assert set(said) <= set(SAYINGS)


def test_segments_of_a_video_open_alike_up_to_their_own_captions():
    tree = captioned_tree()
    openings = [dialogue.opening for dialogue in open_dialogues(tree, SAID, tree.nodes, PROMPTS, full=FULL, context_tokens=None)]
    heads = {(system.content, user.content.partition("# Captions of the segment")[0]) for system, user in openings}
    assert (len(openings), len(heads)) == (9, 1)


@pytest.mark.parametrize("window", [8_000, 16_000, 32_000])
def test_prompts_of_the_released_records_fit_into_usual_windows(shared, window):
    record = next(iter(read_records(shared / "data" / "action100m" / "examples.parquet")))
    nodes = [node for node in record.tree.nodes if node.annotation]
    dialogues = list(open_dialogues(record.tree, record.metadata, nodes, PROMPTS, full=Detail(6, 3), context_tokens=window))
    assert len(dialogues) == 84
    assert all(bound_tokens(dialogue) <= window for dialogue in dialogues)
