"""Marks survive everything: a restart, a crash in the midst of a line, a second writer."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Thread

import pytest

from action100m.errors import ConfigError, DataSetError
from action100m.viewer.review import Mark, Review, find_review_path

KEEP = Mark("a", "n1", None, "keep", who="ann")
EDIT = Mark("a", "n1", "brief_action", "edit", "Beat the eggs", "ann")


def said(review: Review, uid: str = "a") -> set[tuple[str | None, str | None, str | None, str | None]]:
    return {(mark.node, mark.field, mark.mark, mark.text) for mark in review.of(uid)}


def test_marks_are_there_after_a_restart(tmp_path):
    path = tmp_path / "data.review.jsonl"
    review = Review(path)
    review.add(KEEP)
    review.add(EDIT)
    for one in (review, Review(path)):
        assert said(one) == {("n1", None, "keep", None), ("n1", "brief_action", "edit", "Beat the eggs")}
        assert dict(one.count("a")) == {"keep": 1, "edit": 1}
        assert one.of("b") == []
    first = json.loads(path.read_text().splitlines()[0])
    assert {name: first[name] for name in ("uid", "node", "field", "mark", "who")} == {
        "uid": "a",
        "node": "n1",
        "field": None,
        "mark": "keep",
        "who": "ann",
    }
    assert first["time"].endswith("Z")


def test_the_last_mark_of_a_place_counts_and_null_takes_it_back(tmp_path):
    review = Review(tmp_path / "marks")
    for kind in ("keep", "reject"):
        review.add(Mark("a", "n1", None, kind))
    assert said(review) == {("n1", None, "reject", None)}
    review.add(Mark("a", "n1", None, None))
    assert said(review) == set()
    assert len((tmp_path / "marks").read_text().splitlines()) == 3, "and nothing was overwritten"


def test_two_servers_of_one_file_lose_nothing(tmp_path):
    first, second = Review(tmp_path / "marks"), Review(tmp_path / "marks")
    first.add(Mark("a", "n1", None, "keep"))
    second.add(Mark("a", "n2", None, "reject"))
    for review in (first, second):
        assert said(review) == {("n1", None, "keep", None), ("n2", None, "reject", None)}


def test_many_writers_at_once_lose_nothing(tmp_path):
    reviews = [Review(tmp_path / "marks") for _ in range(2)]
    jobs = [Thread(target=lambda k=k: [reviews[k % 2].add(Mark("a", f"{k}-{n}", None, "keep", "x" * 999)) for n in range(10)]) for k in range(8)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert len(Review(tmp_path / "marks").of("a")) == len(reviews[0].of("a")) == 80


def test_a_line_that_a_crash_cut_off_does_not_take_the_next_one_with_it(tmp_path):
    path = tmp_path / "marks"
    Review(path).add(KEEP)
    with path.open("ab") as file:
        file.write(b'{"uid": "a", "no')
    review = Review(path)
    assert said(review) == {("n1", None, "keep", None)}
    review.add(EDIT)
    again = Review(path)
    assert len(again.of("a")) == 2
    (problem,) = again.problems
    assert "line 2 is no mark" in problem


@pytest.mark.parametrize(
    "line", ["[]", "{}", '"x"', '{"uid": 1}', "9" * 5000, "[" * 5000, json.dumps({**dict.fromkeys(Mark.__slots__), "uid": "a", "mark": "no"})]
)
def test_a_line_that_is_no_mark_is_told_and_left_alone(tmp_path, line):
    path = tmp_path / "marks"
    path.write_text(line + "\n")
    review = Review(path)
    assert len(review.problems) == 1
    review.add(KEEP)
    assert path.read_text().startswith(line)
    assert said(Review(path)) == {("n1", None, "keep", None)}


def test_texts_that_no_file_can_hold_are_kept_all_the_same(tmp_path):
    Review(tmp_path / "marks").add(Mark("a", "n1", "actor", "edit", "line\nbreak, NUL \x00, half \ud83c, \u2028"))
    assert said(Review(tmp_path / "marks")) == {("n1", "actor", "edit", "line\nbreak, NUL \x00, half \ud83c, \u2028")}


def test_a_file_that_was_emptied_is_read_anew(tmp_path):
    review = Review(tmp_path / "marks")
    review.add(KEEP)
    (tmp_path / "marks").write_text("")
    assert said(review) == set()
    (tmp_path / "marks").unlink()
    assert said(review) == set()


def test_what_cannot_be_written_is_said(tmp_path, monkeypatch):
    review = Review(tmp_path / "marks")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.open", refuse)
    with pytest.raises(DataSetError, match=r"not kept: .*marks cannot be written \(Permission denied\); start with --review"):
        review.add(KEEP)


def test_marks_of_remote_data_need_a_place():
    assert find_review_path("hf://datasets/x/y") is None
    with pytest.raises(DataSetError, match="--review FILE"):
        Review(None).add(KEEP)
    assert Review(None).of("a") == []


def test_marks_lie_beside_the_data(tmp_path):
    assert find_review_path(tmp_path / "mine.parquet") == tmp_path / "mine.review.jsonl"
    assert find_review_path(tmp_path) == tmp_path / "review.jsonl"
    assert find_review_path([tmp_path / "b.parquet", tmp_path / "a.parquet"]) == tmp_path / "b.review.jsonl"
    assert find_review_path("data.parquet") == Path("data.review.jsonl")


@pytest.mark.parametrize(
    "wrong",
    [
        {"mark": "maybe"},
        {"field": "title"},
        {"field": "actor", "node": None},
        {"mark": "edit", "field": None},
        {"mark": "edit", "field": "actor"},
        {"node": 3},
    ],
)
def test_what_is_no_mark_is_refused(wrong):
    with pytest.raises(ConfigError):
        Mark(**{"uid": "a", "node": "n1", "field": None, "mark": "keep", **wrong})
