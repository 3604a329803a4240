"""The list that a server makes of a set: what is in it, sorted, found, and what is left out."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest

from action100m.dataset.io import read_records, write_records
from action100m.errors import DataSetError
from action100m.record import Record
from action100m.viewer.catalog import SORTINGS, Catalog
from action100m.viewer.picture import tree_shapes
from support.records import make_record, record_to_row, write_rows
from support.trees import split_tree


def titled(uid: str, title: str | None) -> Record:
    return replace(make_record(uid), metadata=replace(make_record().metadata, title=title))


@pytest.fixture
def catalog(tmp_path):
    """Four videos in two files; d is 8 s long and has one node."""
    write_records([titled("a", "Soup"), titled("b", "bread & 100% butter")], tmp_path / "1.parquet")
    write_records([titled("c", None), Record("d", make_record().metadata, split_tree(0, 8))], tmp_path / "2.parquet")
    made = Catalog(tmp_path)
    yield made
    made.close()


def uids(catalog, **options):
    entries, found = catalog.page(**options)
    return "".join(entry.uid for entry in entries), found


def test_it_counts_what_there_is(catalog):
    totals = catalog.totals
    assert (totals.videos, totals.seconds, totals.segments, totals.annotated) == (4, 56.0, 22, 9)
    assert (catalog.problems, catalog.problem_count) == ([], 0)


def test_every_record_is_read_back(catalog, tmp_path):
    expected = {record.uid: record for record in read_records(tmp_path)}
    assert {uid: catalog.read(catalog.find(uid)) for uid in "dacb"} == expected
    assert catalog.find("e") is None


@pytest.mark.parametrize(
    ("sort", "expected"),
    [("set", "abcd"), ("title", "bcda"), ("longest", "abcd"), ("shortest", "dcba"), ("segments", "abcd"), ("annotated", "abcd")],
)
def test_it_is_sorted(catalog, sort, expected):
    assert sort in SORTINGS
    assert uids(catalog, sort=sort) == (expected, 4)


def test_pages_follow_each_other(catalog):
    assert [uids(catalog, offset=offset, limit=2) for offset in (0, 2, 4)] == [("ab", 4), ("cd", 4), ("", 4)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [("SOUP", "a"), ("butter bread", "b"), ("100%", "b"), ("%", "b"), ("_", ""), ("'; --", ""), ("c", "c"), ("omelette", "d"), ("\x00", "")],
)
def test_all_words_are_found_in_titles_and_ids(catalog, query, expected):
    assert uids(catalog, query=query) == (expected, len(expected))


def test_letters_of_other_scripts_have_a_case_too(tmp_path):
    write_records([titled("a", "ÉCLAIRS ΣΟΥΠΑ")], tmp_path / "data.parquet")
    with closing(Catalog(tmp_path)) as catalog:
        assert uids(catalog, query="éclairs σουπα") == ("a", 1)


def test_the_neighbours_of_a_video_are_known(catalog):
    first = catalog.find("a")
    assert catalog.beside(first, -1) is None
    assert catalog.beside(first, 1).uid == "b"


def test_the_picture_is_that_of_the_tree(catalog):
    entry = catalog.find("a")
    assert entry.shapes().tolist() == tree_shapes(catalog.read(entry).tree).tolist()
    assert len(entry.shapes()) == 7


def test_what_cannot_be_read_is_told_and_the_others_go_on(tmp_path):
    write_records([make_record("a")], tmp_path / "1.parquet")
    (tmp_path / "2.parquet").write_bytes(b"PAR1 and no more")
    rows = [record_to_row(make_record(uid)) for uid in ("b", "a", "c", "d")]
    rows[2]["nodes"][1]["start"] = None
    rows[3]["nodes"] = []
    write_rows(tmp_path / "3.parquet", rows)
    with closing(Catalog(tmp_path)) as catalog:
        assert uids(catalog) == ("ab", 2)
        assert catalog.problem_count == 4
        assert catalog.read(catalog.find("b")).uid == "b"
    told = "\n".join(catalog.problems)
    assert "2.parquet is not a whole Parquet file" in told
    assert "3.parquet, row 1 (a): the video is there a second time" in told
    assert "3.parquet, row 2 ('c'): nodes.start is null" in told
    assert "3.parquet, row 3 ('d'): there are no nodes" in told


def test_times_that_are_no_times_do_not_stop_the_list(tmp_path):
    rows = [record_to_row(make_record(uid)) for uid in "abc"]
    rows[0]["nodes"][0]["end"] = float("nan")
    rows[1]["nodes"][0]["end"] = float("inf")
    rows[2]["nodes"] = [dict(node, start=5.0, end=5.0, level=-3) for node in rows[2]["nodes"]]
    write_rows(tmp_path / "data.parquet", rows)
    write_records([make_record("d")], tmp_path / "good.parquet")
    with closing(Catalog(tmp_path)) as catalog:
        entries, _ = catalog.page()
        assert catalog.problem_count == 3
    assert [(entry.uid, entry.seconds) for entry in entries] == [("d", 16.0)]


def test_ten_megabytes_of_title_take_a_thousand_characters(tmp_path):
    write_records([titled("a", "x" * 10_000_000)], tmp_path / "data.parquet")
    with closing(Catalog(tmp_path)) as catalog:
        (entry,), _ = catalog.page()
    assert entry.title == "x" * 1000


def test_nothing_there_is_an_error(tmp_path):
    with pytest.raises(DataSetError, match=r"holds no \.parquet file"):
        Catalog(tmp_path)
