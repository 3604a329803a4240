"""The folder as a whole: its files, its list, what happens to videos that cannot be shown."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from action100m.errors import DataSetError
from action100m.viewer.report import write_report
from support.clips import time_code_picture, write_clip
from support.records import make_record


def test_every_record_has_a_page_and_the_list_comes_first(tmp_path):
    index, *pages = write_report(map(make_record, ["one", "two"]), str(tmp_path / "a" / "page"))
    assert index == tmp_path / "a" / "page" / "index.html"
    assert [re.sub("-[0-9a-f]{8}", "", page.name) for page in pages] == ["one.html", "two.html"]
    assert all(page.stat().st_size > 10_000 for page in pages)


def test_the_same_records_make_the_same_bytes(tmp_path):
    first = write_report(map(make_record, ["one", "two"]), tmp_path / "a")
    second = write_report(map(make_record, ["one", "two"]), tmp_path / "b")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_nothing_is_loaded_from_elsewhere(tmp_path):
    for page in write_report([make_record()], tmp_path):
        text = page.read_text()
        assert re.findall(r"(?:src|href)=\"(?!index\.html|clip-)[^\"]*", text) == []
        assert re.findall(r"url\(|@import|\bimport\s|fetch\(|XMLHttpRequest|WebSocket", text) == []
        assert set(re.findall(r"https?://[^\s\"'`/]*", text)) <= {"https://www.youtube.com"}


def test_a_video_comes_along(tmp_path, visit):
    video = write_clip(tmp_path / "my film.mp4", [time_code_picture(index / 30) for index in range(30)])
    _, page = write_report([make_record("film")], tmp_path / "page", videos={"film": str(video), "unused": "nowhere.mp4"})
    video.unlink()
    (tmp_path / "page").rename(tmp_path / "moved")
    opened = visit(tmp_path / "moved" / page.name)
    assert opened.page.evaluate("document.querySelector('video').videoWidth") == 320


def test_a_video_that_cannot_be_shown_is_said_and_the_others_go_on(tmp_path, visit):
    _, first, second = write_report(map(make_record, ["one", "two"]), tmp_path, videos={"one": str(tmp_path / "gone.mp4")})
    assert "no such file" in visit(first).page.locator(".absent").inner_text()
    assert "without the video file" in visit(second).page.locator(".absent").inner_text()


def test_a_file_that_the_browser_refuses_is_said(tmp_path, visit):
    video = write_clip(tmp_path / "film.mp4", [time_code_picture(index / 30) for index in range(30)])
    _, page = write_report([make_record("film")], tmp_path / "page", videos={"film": str(video)})
    video.write_bytes(b"overwritten in place, which changes the link too")
    assert visit(page).page.locator(".absent").inner_text() == "This browser cannot play the video file."


def test_a_uid_given_twice_is_refused(tmp_path):
    with pytest.raises(DataSetError, match="'one'"):
        write_report(map(make_record, ["one", "two", "one"]), tmp_path)


def test_the_list_tells_what_there_is_and_filters(tmp_path, visit):
    records = [make_record("one"), replace(make_record("two"), metadata=replace(make_record().metadata, title="Soup & Bread"))]
    index, first, second = write_report(records, tmp_path)
    page = visit(index).page
    assert "2 videos · 0:32 · 14 segments · 6 annotated" in page.locator("header").inner_text()
    rows = page.locator("a.video")
    assert [text.split("\n\n") for text in rows.all_inner_texts()] == [
        ["Omelette 🍳", "0:16 · 7 segments · 3 annotated", "one"],
        ["Soup & Bread", "0:16 · 7 segments · 3 annotated", "two"],
    ]
    assert rows.first.locator("path").count() == 3, "one shape for segments that look alike"
    page.locator("#query").fill("SOUP &")
    assert [row.is_visible() for row in rows.all()] == [False, True]
    assert page.locator("#hits").inner_text() == "1 of 2"
    rows.last.click()
    assert page.url.startswith(second.as_uri())
    page.get_by_label("All videos").click()
    assert page.url == index.as_uri()
    assert first.exists()


def test_no_records_make_an_empty_list(tmp_path, visit):
    (index,) = write_report([], tmp_path)
    assert "0 videos" in visit(index).page.locator("header").inner_text()
