"""What a reasoning model is given to read."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import yaml

from action100m.stages.context import render_outline, render_segment, render_video
from action100m.tree import Tree
from action100m.video.video import Cue, VideoMetadata
from support.trees import split_tree


def captioned_tree() -> Tree:
    """Levels of 16, 10 and 4 s; each clip caption says where its node lies: "clip 0.0-16.0"."""
    bare = split_tree(0.0, 16.0, ("", 10.0), ("0", 4.0), ("00", 2.0))
    return bare.update(lambda node: replace(node, clip_caption=f"clip {node.start}-{node.end}"))


def headings(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("#")]


def spans(text: str) -> list[str]:
    """The headings of what a segment shows, in order, such as "0-4"."""
    return [f"{float(start):g}-{float(end):g}" for start, end in re.findall(r"^## ([\d.]+) s to ([\d.]+) s$", text, re.MULTILINE)]


def test_parts_come_in_time_order_each_before_the_whole_and_the_segment_last():
    tree = captioned_tree()
    assert spans(render_segment(tree, tree.root, depth=9)) == ["0-2", "2-4", "0-4", "4-10", "0-10", "10-16", "0-16"]


def test_only_the_segment_and_what_lies_in_it_is_rendered():
    tree = captioned_tree()
    text = render_segment(tree, tree.nodes[1], depth=1)
    assert spans(text) == ["0-4", "4-10", "0-10"]
    assert "clip 0.0-10.0" in text
    assert "16.0" not in text


@pytest.mark.parametrize(("depth", "shown"), [(0, ["0-16"]), (1, ["0-10", "10-16", "0-16"]), (2, ["0-4", "4-10", "0-10", "10-16", "0-16"])])
def test_nothing_below_the_depth_is_shown(depth, shown):
    tree = captioned_tree()
    assert spans(render_segment(tree, tree.root, depth=depth)) == shown


def test_a_segment_begins_with_all_that_is_shown_of_its_first_part_where_that_ends_above_the_depth():
    tree = captioned_tree()
    whole, first, first_of_first = (render_segment(tree, tree.nodes[place], depth=3) for place in (0, 1, 3))
    assert spans(first_of_first) == ["0-2", "2-4", "0-4"]
    assert first.startswith(first_of_first)
    assert whole.startswith(first)


def test_outline_of_the_video_ends_at_its_depth():
    text = render_video(captioned_tree(), VideoMetadata(), depth=1)
    assert headings(text) == ["# Outline of the whole video", "## 0.00 s to 16.00 s", "### 0.00 s to 10.00 s", "### 10.00 s to 16.00 s"]


def test_headings_stay_markdown_however_deep_the_outline():
    tree = split_tree(0.0, 256.0, *(("0" * depth, 128.0 / 2**depth) for depth in range(8)))
    tree = tree.update(lambda node: replace(node, clip_caption="x"))
    assert max(len(line.split()[0]) for line in headings(render_outline(tree, tree.root, depth=20))) == 6


def test_every_kind_of_caption_is_named_and_quoted_line_by_line():
    tree = split_tree(0.0, 8.0)
    tree = tree.update(lambda node: replace(node, clip_caption="Eggs.\n\n# Not a heading", clip_action="whisk eggs", frame_caption="A bowl."))
    assert render_segment(tree, tree.root, depth=0) == (
        "# Captions of the segment\n\n## 0.00 s to 8.00 s\n\n"
        "Clip:\n> Eggs.\n>\n> # Not a heading\n\nAction:\n> whisk eggs\n\nFrame in the middle:\n> A bowl."
    )


def test_segments_without_any_caption_leave_no_empty_heading():
    tree = captioned_tree().update(lambda node: node if node.level < 2 else replace(node, clip_caption=" "))
    assert spans(render_segment(tree, tree.root, depth=9)) == ["0-10", "10-16", "0-16"]
    assert headings(render_outline(tree, tree.root, depth=9)) == ["## 0.00 s to 16.00 s", "### 0.00 s to 10.00 s", "### 10.00 s to 16.00 s"]


def test_metadata_is_yaml_that_reads_back_the_same():
    title, description = 'Eggs: "done" right 糖', "Line one\n- line two\n\nhttps://example.org #1"
    metadata = VideoMetadata(title, description, view_count=3, transcript=(Cue("1.92", "we  whisk\nthe eggs"), Cue("4.08", "yes: slowly")))
    text = render_video(captioned_tree(), metadata, depth=0)
    known = yaml.safe_load(text.split("```")[1].removeprefix("yaml"))
    assert known == {"title": title, "description": description, "transcript": ["1.92 s: we whisk the eggs", "4.08 s: yes: slowly"]}


def test_nothing_is_said_of_metadata_that_is_not_known():
    assert render_video(captioned_tree(), VideoMetadata(), depth=0).startswith("# Outline")
