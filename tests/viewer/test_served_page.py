"""What a reader of a server's pages does: find a video, play it, read rounds and doubts, mark, in two tabs."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from importlib import resources

import pytest

from action100m.annotation import Annotation
from action100m.dataset.io import read_records, write_records
from action100m.dataset.rounds import Round, write_rounds
from action100m.models.weightless.extractive import ExtractiveConfig
from action100m.run.config import RunConfig
from action100m.run.pack import pack
from action100m.run.run import run_videos
from action100m.stages.annotate import AnnotateConfig
from action100m.tree import Node
from action100m.viewer.review import Review
from support.clips import time_code_picture, time_code_pictures, write_clip
from support.records import make_annotation, make_record
from support.served import open_server
from viewer.test_safety import ATTACKS, poisoned

EVEN = [index / 30 for index in range(480)]


def reply(node: Node, number: int, annotation: Annotation, **rest: object) -> Round:
    return Round("clip", node.id, number, 1, json.dumps(annotation.to_dict()), **rest)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A record whose root went through three rounds, with its video, and 60 others."""
    folder = tmp_path_factory.mktemp("served")
    record = make_record("clip")
    others = [replace(make_record(f"other-{n:02}"), metadata=replace(record.metadata, title=f"Soup {n:02}")) for n in range(60)]
    write_records([record, *others], folder / "mine.parquet")
    root = record.tree.root
    draft = make_annotation("Stir the milk")
    rounds = [
        reply(root, 1, draft),
        Round("clip", root.id, 2, 1, "<b>I cannot say", problem="the reply is not JSON"),
        reply(root, 3, make_annotation()),
    ]
    write_rounds(rounds, str(folder / "rounds.jsonl"))
    (folder / "videos").mkdir()
    write_clip(folder / "videos" / "A film [clip].mp4", (time_code_picture(second) for second in EVEN), seconds=EVEN)
    write_clip(folder / "videos" / "other-00.mkv", time_code_pictures(EVEN[:60]), pixel_format="yuv444p")
    return folder


@pytest.fixture
def served(folder, tmp_path):
    """Marks go to a file of each test."""
    with open_server(
        folder / "mine.parquet", videos=[str(folder / "videos")], history=str(folder / "rounds.jsonl"), review=str(tmp_path / "marks.jsonl")
    ) as opened:
        yield opened


@pytest.fixture
def root() -> Node:
    return make_record("clip").tree.root


def wait_for(page, text: str, place: str = "#segment") -> None:
    page.page.locator(place).get_by_text(text, exact=False).first.wait_for(timeout=5000)


def wait_for_film(page, seconds: float = 20) -> None:
    """Wait until the film stands where it was sent."""
    deadline = time.monotonic() + seconds
    while not page.page.locator("video").count():
        assert time.monotonic() < deadline, page.page.locator("#screen").inner_text()
        page.page.wait_for_timeout(20)
    page.settle()


def test_a_reader_finds_a_video_and_comes_back(served, browse):
    opened = browse(served.address)
    page = opened.page
    assert page.locator("a.video").count() == 50
    assert "1 \u2013 50 of 61" in page.locator(".pager").inner_text()
    page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile("page=2"))
    assert page.locator("a.video").count() == 11
    page.keyboard.press("/")
    page.keyboard.type("soup 07")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"q=soup\+07"))
    assert page.locator("a.video h2").all_inner_texts() == ["Soup 07"]
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/video/other-07"))
    page.get_by_label("Video after").click()
    page.wait_for_url(re.compile("/video/other-08"))
    page.keyboard.press("[")
    page.wait_for_url(re.compile("/video/other-07"))
    page.get_by_label("All videos").click()
    page.wait_for_url(served.address + "/")


def test_sorting_is_one_choice(served, browse):
    page = browse(served.address).page
    page.get_by_label("Sort by").select_option("title")
    page.wait_for_url(re.compile("sort=title"))
    assert page.locator("a.video h2").first.inner_text() == "Omelette 🍳"
    assert page.get_by_label("Sort by").input_value() == "title"


@pytest.mark.parametrize(("address", "seconds"), [("?t=9.5", 9.5), ("#t=9.5", 9.5), ("#node={left}", 0.0), ("?t=3#{right}", 10.0)])
def test_a_link_leads_to_a_time_or_a_segment_of_the_film(served, browse, address, seconds):
    _, left, right, *_ = make_record("clip").tree.nodes
    page = browse(f"{served.address}/video/clip{address.format(left=left.id, right=right.id)}")
    wait_for_film(page)
    assert page.shown_time() == pytest.approx(seconds, abs=0.04)


def test_the_film_is_loaded_in_parts(served, browse):
    page = browse(f"{served.address}/video/clip")
    wait_for_film(page)
    page.click(make_record("clip").tree.nodes[2].id)
    assert page.shown_time() == pytest.approx(10.0, abs=0.04)


def test_what_browsers_do_not_play_is_made_playable_meanwhile(served, browse):
    page = browse(f"{served.address}/video/other-00?t=1")
    wait_for_film(page)
    assert page.shown_time() == pytest.approx(1.0, abs=0.04)


def test_without_a_file_the_page_says_so(served, browse):
    page = browse(f"{served.address}/video/other-05")
    assert page.page.locator(".absent").inner_text() == "No video file is at hand."


def test_rounds_tell_what_each_changed(served, browse):
    page = browse(f"{served.address}/video/clip")
    wait_for(page, "3 rounds")
    draft, unfit, last = page.page.locator(".rounds > ol > li").all()
    assert "Round 1" in draft.inner_text()
    assert "Stir the milk" in draft.inner_text()
    assert "Could not be used: the reply is not JSON" in unfit.inner_text()
    unfit.locator("summary").click()
    assert unfit.locator("pre").inner_text() == "<b>I cannot say"
    assert "changed 1 of 5 texts" in last.inner_text()
    assert (last.locator("del").all_inner_texts(), last.locator("ins").all_inner_texts()) == (["Stir", "milk"], ["Whisk", "eggs"])


def test_doubts_are_told_at_their_segment_and_walked(served, browse):
    found = served.get("/doubts?uid=clip").json()["flags"]
    page = browse(f"{served.address}/video/clip")
    page.page.locator("#doubt:visible").wait_for()
    assert page.page.locator("#doubt").inner_text() == f"{len(found)} doubtful"
    assert page.page.locator(".node.flagged").count() == len(found)
    seen = set()
    for _ in found:
        page.press("f")
        seen.add(page.selected)
        assert page.page.locator(".flags li").count() == len(found[page.selected])
    assert seen == set(found)


def test_a_segment_is_kept_and_the_mark_taken_back(served, browse, root, tmp_path):
    page = browse(f"{served.address}/video/clip")
    page.press("k")
    wait_for(page, "Kept by ann")
    assert (
        page.page.locator(f'[data-id="{root.id}"]').get_attribute("class").split()[-1] == "is-keep" or page.page.locator(".node.is-keep").count() == 1
    )
    page.press("x")
    wait_for(page, "Rejected by ann")
    page.page.get_by_role("button", name="Take back").click()
    page.page.locator(".note").wait_for(state="detached")
    assert page.page.locator(".node.is-keep, .node.is-reject").count() == 0
    kinds = [json.loads(line)["mark"] for line in (tmp_path / "marks.jsonl").read_text().splitlines()]
    assert kinds == ["keep", "reject", None]


def test_a_text_is_edited_and_the_change_shown(served, browse, root, tmp_path):
    page = browse(f"{served.address}/video/clip")
    page.press("e")
    box = page.page.locator("textarea")
    assert box.input_value() == "Whisk the eggs"
    box.fill("Whisk three <i>eggs")
    page.press("Control+Enter")
    wait_for(page, "Edited by ann")
    note = page.page.locator(".note.edit")
    assert note.locator("del").all_inner_texts() == ["the "]
    assert note.locator("ins").all_inner_texts() == ["three <i>"]
    page.page.reload()
    wait_for(page, "Edited by ann")
    (mark,) = Review(tmp_path / "marks.jsonl").of("clip")
    assert (mark.node, mark.field, mark.text) == (root.id, "brief_action", "Whisk three <i>eggs")


def test_an_edit_can_be_left_and_keys_belong_to_it(served, browse):
    page = browse(f"{served.address}/video/clip")
    wait_for(page, "3 rounds")
    who = page.page.locator("#segment > .fields > dt", has_text="Who")
    who.hover()
    who.get_by_label("Edit this text").click()
    box = page.page.locator("textarea")
    box.press_sequentially(" kxf")
    assert box.input_value().endswith("kxf")
    page.press("Escape")
    assert page.page.locator("textarea").count() == 0
    assert page.page.locator(".note").count() == 0


def test_two_tabs_lose_no_marks_of_each_other(served, browse, tmp_path):
    left, right = make_record("clip").tree.nodes[1:3]
    first, second = browse(f"{served.address}/video/clip"), browse(f"{served.address}/video/clip")
    first.click(left.id)
    first.press("k")
    wait_for(first, "Kept by")
    second.click(right.id)
    second.press("x")
    wait_for(second, "Rejected by")
    assert second.page.locator(".node.is-keep").get_attribute("data-id") == left.id, "the answer brings the other tab's mark"
    first.page.evaluate("window.dispatchEvent(new Event('focus'))")
    first.page.locator(".node.is-reject").wait_for(timeout=5000)
    assert {(mark.node, mark.mark) for mark in Review(tmp_path / "marks.jsonl").of("clip")} == {(left.id, "keep"), (right.id, "reject")}


def test_a_mark_that_cannot_be_kept_is_said(folder, browse, tmp_path):
    with open_server(folder / "mine.parquet", review=str(tmp_path / "gone" / "marks.jsonl")) as served:
        page = browse(f"{served.address}/video/clip")
        page.press("k")
        wait_for(page, "start with --review FILE", "body")
        assert page.page.locator(".node.is-keep").count() == 0
        page.close()
        page.complaints.clear()  # Chromium's own word on the refused request


# Texts from outside.


@pytest.mark.parametrize("attack", ATTACKS[1::2])  # of the same kinds as on disk, where all are tried
def test_no_text_runs_on_a_server_either(attack, tmp_path, browse):
    written = poisoned(attack)
    write_records([written], tmp_path / "mine.parquet")
    (record,) = read_records(tmp_path / "mine.parquet")
    root = record.tree.root
    write_rounds(
        [Round(record.uid, root.id, 1, 1, attack, problem=attack), Round(record.uid, root.id, 2, 1, json.dumps(root.annotation.to_dict()))],
        str(tmp_path / "r"),
    )
    with open_server(tmp_path / "mine.parquet", history=str(tmp_path / "r"), reviewer=attack) as served:
        listed = browse(served.address)
        searched = browse(served.address + "/?q=" + attack.split()[0].translate({0: None, 0xD83C: None}).replace("#", "%23").replace("&", "%26"))
        assert listed.page.locator("h2").first.text_content() == record.metadata.title.translate(dict.fromkeys((0, 7, 27, 155), "�"))
        listed.page.locator("a.video").click()
        listed.page.locator(".rounds").wait_for()
        assert served.mark(record.uid, root.id, "actor", "edit", attack).status == 200
        listed.page.evaluate("window.dispatchEvent(new Event('focus'))")
        listed.page.locator(".note").wait_for()
        listed.page.locator("details").evaluate_all("found => found.forEach(details => details.open = true)")
        assert listed.page.locator("#title").text_content() == record.metadata.title
        for shown in (listed, searched):
            assert shown.page.evaluate("window.hacked") is None
            assert shown.page.locator("img, iframe, object, embed, svg[onload], [onerror], base").count() == 0
            shown.close()


def test_a_text_of_ten_megabytes_does_not_freeze_its_page(tmp_path, browse):
    huge = "word " * 2_000_000
    record = make_record()
    tree = record.tree.update(lambda node: replace(node, clip_caption=huge, clip_action=huge, annotation=None) if node.parent is None else node)
    write_records([replace(record, tree=tree)], tmp_path / "mine.parquet")
    with open_server(tmp_path) as served:
        began = time.monotonic()
        page = browse(f"{served.address}/video/clip")
        assert "9,980,000 more characters" in page.text
        assert time.monotonic() - began < 15
        assert len(page.text) < 70_000
        page.page.locator("#doubt:visible").wait_for()
        page.close()


# Sets of every origin.


def test_the_official_records_are_shown(shared, browse, tmp_path):
    with open_server(shared / "data/action100m/examples.parquet", review=str(tmp_path / "marks")) as served:
        listed = browse(served.address)
        assert "10 videos · 54:42 · 4,480 segments · 1,237 annotated" in listed.page.locator("header").inner_text()
        assert listed.page.locator("a.video").count() == 10
        page = browse(f"{served.address}/video/HNvan8Fg9M4?t=100")
        assert page.page.locator(".node").count() == 731
        assert page.page.get_by_text("Watch on YouTube at 1:40").count() == 1
        listed.close()
        page.close()


def test_a_set_of_our_engine_is_shown_with_its_rounds(tmp_path, browse):
    clip = write_clip(tmp_path / "clip.mp4", time_code_pictures([number / 10 for number in range(90)]), fps=10)
    (tmp_path / "clip.srt").write_text("1\n00:00:00,500 --> 00:00:04,500\nNow we are going to whisk the eggs.\n")
    run_videos([str(clip)], str(tmp_path / "run"), RunConfig(annotate=AnnotateConfig(model=ExtractiveConfig(), rounds=2, efforts=(), nodes="all")))
    pack(tmp_path / "run", tmp_path / "data.parquet", history=tmp_path / "rounds.jsonl")
    (record,) = read_records(tmp_path / "data.parquet")
    node = next(node for node in record.tree.nodes if node.annotation)
    with open_server(tmp_path / "data.parquet", videos=[str(tmp_path)], history=str(tmp_path / "rounds.jsonl")) as served:
        page = browse(f"{served.address}/video/clip#node={node.id}")
        page.page.locator(".rounds").wait_for()
        assert node.annotation.action.detailed in page.page.locator(".rounds").inner_text()
        wait_for_film(page)
        page.close()


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("whisk the eggs", "whisk three eggs", [["same", "whisk "], ["gone", "the"], ["new", "three"], ["same", " eggs"]]),
        ("a b c", "a b c", [["same", "a b c"]]),
        ("", "new", [["new", "new"]]),
        ("gone", "", [["gone", "gone"]]),
        ("cut it", "cut it slowly", [["same", "cut it"], ["new", " slowly"]]),
        ("big red pan", "small blue pan", [["gone", "big red"], ["new", "small blue"], ["same", " pan"]]),
        ("x " * 3000, "y " * 3000, [["gone", "x " * 2999 + "x"], ["new", "y " * 2999 + "y"], ["same", " "]]),
    ],
)
def test_words_are_compared_one_by_one(browser, before, after, expected):
    page = browser.new_page()
    script = resources.files("action100m.viewer").joinpath("page", "diff.js").read_text()
    assert page.evaluate(f"([before, after]) => {{ {script}\nreturn compareWords(before, after); }}", [before, after]) == expected
    page.close()
