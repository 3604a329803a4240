"""What a reader does with a page: walk the tree, search, zoom, read."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from action100m.annotation import Action, Annotation, Summary
from action100m.dataset.io import read_records
from action100m.record import Gap, Record
from action100m.tree import Node, Tree
from action100m.video.video import Cue
from action100m.viewer.report import write_report
from support.records import make_annotation, make_record
from support.trees import split_tree

YOUTUBE_UID = "8JOpXDtraZI"


def write_page(folder: Path, record: Record) -> Path:
    _, page = write_report([record], folder)
    return page


@pytest.fixture
def record() -> Record:
    """Seven nodes over [0, 16): root; 0 = [0, 10), 1 = [10, 16); 00 = [0, 4), 01 = [4, 10), 10 = [10, 13.5), 11 = [13.5, 16)."""
    return make_record(YOUTUBE_UID, provenance=True)


def test_the_page_says_everything_about_a_segment(record, tmp_path, visit):
    page = visit(write_page(tmp_path, record))
    annotation = make_annotation()
    for said in (*(vars_of(annotation.summary)), *vars_of(annotation.action), "A cook stands at a stove.", "Cooking", "0:00.0 \u2013 0:16.0"):
        assert said in page.text
    about = page.page.locator("#about").text_content()
    for said in ("descriptor", "preview", "extractive", "action100m 0.1.0", "ab" * 32, "cd" * 32, "1,200", "2024-02-29", "2 packets after 15.9 s"):
        assert said in about
    assert page.page.locator("#title").inner_text() == "Omelette 🍳"
    assert page.page.locator("#facts").inner_text() == "0:16 · 7 segments, 3 annotated"


def vars_of(part: Summary | Action) -> list[str]:
    return [getattr(part, name) for name in part.__slots__]


def test_a_missing_annotation_or_caption_has_its_reason(record, tmp_path, visit):
    leaf = record.tree.nodes[3]
    tree = record.tree.update(lambda node: replace(node, clip_caption=None) if node == leaf else node)
    gaps = (*record.provenance.gaps, Gap(leaf.id, "clip_caption", "the model server timed out"))
    page = visit(write_page(tmp_path, replace(record, tree=tree, provenance=replace(record.provenance, gaps=gaps))))
    page.click(leaf.id)
    assert "Not annotated: leaf." in page.text
    assert "None: the model server timed out" in page.text


def test_a_record_that_does_not_say_why_is_not_explained(record, tmp_path, visit):
    page = visit(write_page(tmp_path, replace(record, provenance=None)))
    page.click(record.tree.nodes[3].id)
    assert "Not annotated. The record does not say why." in page.text


def test_arrows_walk_the_tree(record, tmp_path, visit):
    root, left, right, left_left, left_right, right_left, right_right = record.tree.nodes
    page = visit(write_page(tmp_path, record))
    walk = [("ArrowDown", left), ("ArrowRight", right), ("ArrowDown", right_left), ("ArrowLeft", left_right), ("ArrowLeft", left_left)]
    walk += [("ArrowLeft", left_left), ("ArrowDown", left_left), ("ArrowUp", left), ("ArrowUp", root), ("ArrowUp", root), ("ArrowLeft", root)]
    for key, expected in walk:
        page.press(key)
        assert page.selected == expected.id, key
    assert right_right.id != page.selected


def test_the_buttons_walk_it_too(record, tmp_path, visit):
    page = visit(write_page(tmp_path, record))
    assert page.page.get_by_label("Parent segment").is_disabled()
    page.page.get_by_label("Child segment").click()
    page.page.get_by_label("Segment after").click()
    assert page.selected == record.tree.nodes[2].id
    assert page.page.get_by_label("Segment after").is_disabled()


def test_beyond_the_sibling_comes_the_next_in_time_on_the_same_level_or_above(tmp_path, visit):
    tree = split_tree(0, 16, ("", 8), ("0", 4), ("00", 2), ("1", 12))
    page = visit(write_page(tmp_path, Record("clip", make_record().metadata, tree)))
    deepest = max(tree.nodes, key=lambda node: (node.level, node.start))
    page.click(deepest.id)
    met = []
    for _ in range(4):
        page.press("ArrowRight")
        met.append((tree[page.selected].start, tree[page.selected].level))
    assert met == [(4, 2), (8, 2), (12, 2), (12, 2)]


def test_arrows_are_left_to_the_search_box(record, tmp_path, visit):
    page = visit(write_page(tmp_path, record))
    page.press("/")
    page.page.keyboard.type("cook lz0")
    page.press("ArrowLeft")
    assert page.page.locator("#query").input_value() == "cook lz0"
    assert page.selected == record.tree.root.id


def test_space_presses_the_button_that_has_the_focus(record, tmp_path, visit):
    page = visit(write_page(tmp_path, record))
    page.page.get_by_label("Child segment").focus()
    page.press(" ")
    assert page.selected == record.tree.nodes[1].id


def test_the_address_names_the_segment(record, tmp_path, visit):
    path, node = write_page(tmp_path, record), record.tree.nodes[4]
    page = visit(path, fragment=f"#node={node.id}")
    assert page.selected == node.id
    page.press("ArrowLeft")
    page.page.wait_for_url(f"**#node={record.tree.nodes[3].id}")
    page.page.evaluate("location.hash = '#t=13.7'")
    page.settle()
    assert page.selected == record.tree.nodes[6].id
    assert visit(path, fragment="#node=unknown&t=nothing").selected == record.tree.root.id


def searched(record: Record) -> Record:
    said = {2: "Fold the OMELETTE", 4: "Crack (two) eggs", 5: "Crack the last egg"}
    chosen = {record.tree.nodes[index].id: text for index, text in said.items()}
    return replace(record, tree=record.tree.update(lambda node: replace(node, clip_action=chosen.get(node.id, node.clip_action))))


def test_search_lights_matches_and_enter_walks_them(record, tmp_path, visit):
    record = searched(record)
    nodes = record.tree.nodes
    page = visit(write_page(tmp_path, record))
    box, hits, lit = page.page.locator("#query"), page.page.locator("#hits"), page.page.locator(".node.match")
    box.fill("crack")
    assert lit.evaluate_all("found => found.map(node => node.dataset.id)") == [nodes[4].id, nodes[5].id]
    assert hits.inner_text() == "2 found"
    met = []
    for key in ("Enter", "Enter", "Enter", "Shift+Enter", "Shift+Enter"):
        page.press(key)
        met.append((page.selected, hits.inner_text()))
    first, second = (nodes[4].id, "1 of 2"), (nodes[5].id, "2 of 2")
    assert met == [first, second, first, second, first]
    assert page.page.locator("#segment mark").all_inner_texts() == ["Crack", "Crack"], "in the headline and in its field"

    page.press("Escape")
    assert (lit.count(), box.input_value(), hits.inner_text()) == (0, "", "")


def test_every_word_must_occur_and_means_itself(record, tmp_path, visit):
    page = visit(write_page(tmp_path, searched(record)))
    known = {"omelette fold": 1, "(two)": 1, "\\d+ .*": 0, "glass bowl": 3, "WHISK": 3, "a stove with a pan": 4, "zebra": 0}
    for words, found in known.items():
        page.page.locator("#query").fill(words)
        assert page.page.locator(".node.match").count() == found, words
        page.press("Enter")
        assert page.page.locator("#hits").inner_text() == (f"1 of {found}" if found else "no match")


def test_the_transcript_shows_what_is_said_in_a_segment(record, tmp_path, visit):
    cues = Cue("0.5", "first"), Cue("9.25", "second"), Cue("12", "third", 12.5), Cue("soon", "no time")
    page = visit(write_page(tmp_path, replace(record, metadata=replace(record.metadata, transcript=cues))))
    inside = page.page.locator(".cue.inside")
    for index, expected in [(0, ["first", "second", "third"]), (3, ["first"]), (5, ["second", "third"]), (6, [])]:
        page.click(record.tree.nodes[index].id)
        assert [text.split("\n")[-1] for text in inside.all_inner_texts()] == expected, index
    page.page.get_by_text("second").click()
    page.settle()
    assert page.page.locator("#clock").inner_text().startswith("0:09.2 ")
    assert [text.split("\n")[-1] for text in page.page.locator(".cue.now").all_inner_texts()] == ["second"]


def test_hovering_tells_what_a_segment_is(record, tmp_path, visit):
    page = visit(write_page(tmp_path, record))
    hint = page.page.locator("#hint")
    assert hint.is_hidden()
    page.page.locator(f'[data-id="{record.tree.nodes[2].id}"]').hover()
    assert hint.inner_text().split("\n") == ["Whisk the eggs", "A cook whisks eggs in a bowl.", "0:10.0 \u2013 0:16.0 · 6.0 s · level 1"]
    page.page.locator("#title").hover()
    assert hint.is_hidden()


def test_a_released_record_leads_to_its_video_at_the_segment(record, tmp_path, visit):
    page = visit(write_page(tmp_path, record))
    page.click(record.tree.nodes[6].id)
    assert page.page.locator(".absent a").get_attribute("href") == f"https://www.youtube.com/watch?v={YOUTUBE_UID}&t=13s"
    other = visit(write_page(tmp_path, make_record("a talk.mp4")))
    assert other.page.locator(".absent a").count() == 0
    assert "without the video file" in other.page.locator(".absent").inner_text()


def test_it_can_be_read_by_ear_and_by_keyboard(record, tmp_path, visit):
    page = visit(write_page(tmp_path, record))
    items = page.page.get_by_role("treeitem")
    assert items.count() == 7
    assert items.nth(1).get_attribute("aria-label") == "Whisk the eggs, 0:00.0 \u2013 0:10.0"
    assert [items.nth(index).get_attribute("aria-level") for index in range(4)] == ["1", "2", "3", "3"], "in reading order"
    items.nth(0).focus()
    page.press("ArrowDown")
    assert page.page.evaluate("document.activeElement.dataset.id") == record.tree.nodes[1].id, "the focus follows"
    unnamed = "found => found.filter(e => !(e.innerText.trim() || e.getAttribute('aria-label'))).length"
    assert page.page.locator("button, a, input").evaluate_all(unnamed.replace("e.innerText.trim()", "e.textContent.trim()")) == 0


@pytest.mark.parametrize(("scheme", "is_dark"), [("light", False), ("dark", True)])
def test_it_follows_the_readers_colour_scheme(scheme, is_dark, record, tmp_path, visit):
    page = visit(write_page(tmp_path, record), color_scheme=scheme)
    red = page.page.evaluate("Number(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])")
    assert (red < 128) == is_dark


@pytest.mark.parametrize("viewport", [(1280, 800), (1920, 1080), (800, 600), (375, 700)])
def test_nothing_sticks_out_of_the_window(viewport, record, tmp_path, visit):
    page = visit(write_page(tmp_path, record), viewport=dict(zip(("width", "height"), viewport, strict=True)))
    assert page.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.page.locator(".scroller").bounding_box()["width"] > 300


def large_tree(segments: int, seconds: float) -> Tree:
    """Cut the longest leaf, unevenly, until there are so many nodes; about 20 levels."""
    rng = random.Random(0)
    leaves, cuts = {"": (0.0, seconds)}, []
    while 2 * len(cuts) + 1 < segments:
        path = max(leaves, key=lambda path: leaves[path][1] - leaves[path][0])
        start, end = leaves.pop(path)
        cut = start + (end - start) * (0.08 if rng.random() < 0.7 else 0.5)
        leaves |= {path + "0": (start, cut), path + "1": (cut, end)}
        cuts.append((path, cut))
    return split_tree(0.0, seconds, *cuts)


def describe(node: Node) -> Node:
    text = f"The segment from {node.start:.1f} s " * 8
    annotation = Annotation(Summary("A cook cooks.", text), Action("Cook the dish", text, "a cook")) if node.duration >= 4 else None
    return replace(node, clip_caption=text, clip_action="Cooking the dish", annotation=annotation)


def test_a_thousand_segments_are_drawn_in_a_fifth_of_a_second(tmp_path, visit):
    tree = large_tree(1001, 900.0).update(describe)
    path = write_page(tmp_path, Record("long", make_record().metadata, tree))
    pages = [visit(path) for _ in range(3)]
    drawn = min(page.page.evaluate("performance.getEntriesByName('draw tree')[0].duration") for page in pages)  # others may use the machine
    zoomed = pages[0].page.evaluate("""() => {
        const began = performance.now();
        for (let turn = 0; turn < 5; turn += 1) {
            document.getElementById('track').style.width = `${100 + 50 * turn}%`;
            document.querySelector('.node:last-child').getBoundingClientRect();
        }
        return (performance.now() - began) / 5;
    }""")
    print(f"1001 segments on {tree.nodes[-1].level + 1} levels: drawn in {drawn:.0f} ms, laid out anew in {zoomed:.0f} ms")  # noqa: T201
    assert pages[0].page.locator(".node").count() == 1001
    assert drawn < 200
    assert zoomed < 100


def test_a_narrow_segment_is_reached_by_zooming(tmp_path, visit):
    tree = large_tree(1001, 900.0)
    page = visit(write_page(tmp_path, Record("long", make_record().metadata, tree)))
    narrow = min(tree.nodes, key=lambda node: node.duration)
    bar = page.page.locator(f'[data-id="{narrow.id}"]')
    assert bar.bounding_box()["width"] < 3
    page.page.goto(f"{page.page.url.split('#')[0]}#node={narrow.id}")
    page.press("z")
    assert bar.bounding_box()["width"] > 800
    page.press("ArrowRight")
    assert page.selected != narrow.id
    visible = page.page.locator(f'[data-id="{page.selected}"]').bounding_box()
    assert visible["x"] < 1280, "what the arrows choose is brought into view"
    assert visible["x"] + visible["width"] > 0
    page.press("0")
    assert bar.bounding_box()["width"] < 3


def test_a_double_click_zooms_to_a_segment(record, tmp_path, visit):
    page = visit(write_page(tmp_path, record))
    bar = page.page.locator(f'[data-id="{record.tree.nodes[6].id}"]')
    assert bar.bounding_box()["width"] < 250
    bar.dblclick()
    page.settle()
    box = bar.bounding_box()
    assert box["width"] > 900
    assert box["x"] > 0
    assert page.selected == record.tree.nodes[6].id


def test_every_published_example_is_shown(shared, tmp_path, visit):
    records = list(read_records(shared / "data" / "action100m" / "examples.parquet"))
    index, *pages = write_report(records, tmp_path)
    page = visit(index).page
    for record, path in zip(records, pages, strict=True):
        page.goto(path.as_uri())
        assert page.locator(".node").count() == len(record.tree)
        assert page.locator(".node.annotated").count() == sum(node.annotation is not None for node in record.tree.nodes)
        assert page.locator(".cue").count() == len(record.metadata.transcript or ())
