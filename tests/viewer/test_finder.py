"""Texts are searched as soon as their index is there; until then, and without it, titles and ids are, and the list says so."""

from __future__ import annotations

import time
from threading import Event

from action100m.dataset.io import write_records
from action100m.errors import MissingPackageError
from action100m.viewer.finder import Finder
from support.records import make_record
from support.served import open_server


def settle(finder, wanted):
    deadline = time.monotonic() + 5
    while not wanted(finder.status):
        assert time.monotonic() < deadline, finder.status
        time.sleep(0.01)


class Toy:
    def query(self, query, *, limit=10):
        return [query, limit]


def test_it_tells_how_far_it_is_and_then_finds():
    go = Event()

    def open_index(tell):
        tell("3 of 9")
        go.wait(5)
        return Toy()

    finder = Finder(open_index)
    settle(finder, lambda status: status == "3 of 9")
    assert finder.find("eggs") == []
    go.set()
    settle(finder, lambda status: not status)
    assert finder.find("eggs", 5) == ["eggs", 5]
    assert finder.find("  ") == []
    assert len(finder.find("x" * 10_000)[0]) == 1_000


def test_where_there_is_none_it_says_why():
    def refuse(tell):
        raise MissingPackageError("lancedb", extra="search", needed_by="search")

    finder = Finder(refuse)
    settle(finder, lambda status: "pip install 'action100m[search]'" in status)
    assert finder.find("eggs") == []
    assert Finder(None).status == "Only titles and ids are searched."


def test_a_server_searches_the_texts_of_its_set(tmp_path):
    write_records([make_record("a"), make_record("b")], tmp_path / "data.parquet")
    with open_server(tmp_path / "data.parquet", search_texts=True, index=str(tmp_path / "index")) as served:
        found = served.wait("/?q=whisk", lambda reply: "segments below" in reply.text)
        assert '<a class="hit" href="/video/a#node=' in found.text
        assert "Whisk the eggs" in found.text
        nothing = served.get("/?q=zeppelin").text
        assert "0 videos with this in title or id" in nothing
        assert 'class="hit"' not in nothing


def test_an_index_that_is_removed_meanwhile_is_said_and_titles_are_found(tmp_path):
    import shutil

    write_records([make_record("whisk")], tmp_path / "data.parquet")
    with open_server(tmp_path / "data.parquet", search_texts=True, index=str(tmp_path / "index")) as served:
        served.wait("/?q=whisk", lambda reply: "segments below" in reply.text)
        shutil.rmtree(tmp_path / "index")
        reply = served.get("/?q=whisk")
        assert reply.status == 200
        assert "/video/whisk" in reply.text
