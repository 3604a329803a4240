"""Asking a data set: where its index is kept, what is an index, and what is told instead of being done silently."""

from __future__ import annotations

import os

import numpy as np
import pytest

from action100m.dataset.search.search import find_index_folder, open_index, search
from action100m.dataset.search.settings import SEARCHED, SearchFilter
from action100m.errors import ConfigError, DataSetError, SearchIndexError
from action100m.run.pack import pack
from action100m.run.presets import preview
from action100m.run.run import run_videos
from support.clips import write_clip
from support.records import record_to_row, write_rows
from support.search_sets import KITCHEN, make_told_record, write_actions
from support.sentences import ToyTextEncoder


@pytest.fixture
def data(tmp_path):
    return write_actions(tmp_path / "data.parquet")


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_the_first_search_makes_the_index_in_the_cache(data, tmp_path):
    told = []
    (hit,) = search(data, "whisk eggs", limit=1, on_progress=lambda *step: told.append(step))
    assert hit.text == "Whisk the eggs"
    assert told
    told.clear()
    assert search(data, "whisk eggs", limit=1, on_progress=lambda *step: told.append(step)) == [hit]
    assert told == []
    assert (find_index_folder(data) / "search-index.json").is_file()
    assert find_index_folder(data).is_relative_to(tmp_path / "cache")


def test_each_data_set_and_choice_of_fields_has_an_index_of_its_own(data, tmp_path):
    other = write_actions(tmp_path / "other.parquet")
    folders = {find_index_folder(data), find_index_folder(other), find_index_folder([data, other]), find_index_folder(data, ["actor"])}
    assert len(folders) == 4
    assert find_index_folder(data) == find_index_folder(os.path.relpath(data)) == find_index_folder([data])


def test_data_that_change_are_found_as_they_are(data):
    search(data, "whisk")
    write_actions(data, {"tea": ("Make tea", "Boil water", "Pour")})
    assert [hit.uid for hit in search(data, "boil someone whisk", limit=100)] == ["tea"] * 3


def test_an_index_is_searched_as_it_is(data, tmp_path):
    search(data, "whisk", index=tmp_path / "index")
    (hit,) = search(tmp_path / "index", "whisk", limit=1, filter=SearchFilter(uids=("eggs",)))
    assert hit.text == "Whisk the eggs"
    assert search([tmp_path / "index"], "whisk", limit=1) == [hit]
    data.unlink()  # an index may outlive its data
    assert search(tmp_path / "index", "whisk", limit=1) == [hit]


def test_an_index_whose_data_have_changed_is_an_error(data, tmp_path):
    search(data, "whisk", index=tmp_path / "index")
    write_actions(data, {"tea": ("Make tea", "Boil water", "Pour")})
    with pytest.raises(SearchIndexError, match=r"data.parquet has changed since the index .*index was made"):
        search(tmp_path / "index", "whisk")


def test_an_index_of_another_encoder_is_an_error(data, tmp_path):
    search(data, "whisk", index=tmp_path / "index", encoder=ToyTextEncoder())
    with pytest.raises(SearchIndexError, match="made by 'toy words', not by 'another'"):
        search(tmp_path / "index", "whisk", encoder=ToyTextEncoder("another"))
    search(data, "whisk", index=tmp_path / "words")
    with pytest.raises(SearchIndexError, match="are not there, not by 'toy words'"):
        search(tmp_path / "words", "whisk", encoder=ToyTextEncoder())


@pytest.mark.parametrize("mode", ["vector", "hybrid"])
def test_meaning_is_never_replaced_by_words(data, tmp_path, mode):
    with pytest.raises(ConfigError, match="needs a text encoder, such as minilm"):
        search(data, "whisk", mode=mode)
    assert not (tmp_path / "cache").exists()


def test_searching_by_words_asks_no_encoder(data):
    encoder = ToyTextEncoder()
    assert search(data, "whisk", mode="text", encoder=encoder)
    assert encoder.asked == []


def test_an_empty_query_is_refused_before_the_index_is_made(data, tmp_path):
    with pytest.raises(ConfigError, match="at least one word"):
        search(data, " ")
    assert not (tmp_path / "cache").exists()


def test_every_search_tells_what_is_left_out(tmp_path):
    rows = [record_to_row(make_told_record(uid, texts)) for uid, texts in KITCHEN.items()]
    rows[1]["nodes"] = None
    data = write_rows(tmp_path / "data.parquet", rows)
    for _ in range(2):
        left_out = []
        search(data, "whisk", on_error=left_out.append)
        assert [type(error) for error in left_out] == [DataSetError]
        assert "row 1 ('bread')" in str(left_out[0])


def test_the_index_opened_once_answers_many(data):
    index = open_index(data, encoder=ToyTextEncoder())
    assert [index.query(text)[0].text for texts in KITCHEN.values() for text in texts] == [text for texts in KITCHEN.values() for text in texts]


def test_what_is_said_in_a_set_of_our_engine_is_found(tmp_path):
    colours = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (220, 220, 220)]
    clip = write_clip(tmp_path / "clip.mp4", [np.full((120, 160, 3), colours[number // 24], np.uint8) for number in range(96)], fps=12)
    (tmp_path / "clip.srt").write_text("1\n00:00:04,200 --> 00:00:05,800\nNow we are going to whisk the eggs.\n")
    run_videos([clip], tmp_path / "run", preview())
    pack(tmp_path / "run", tmp_path / "data.parquet")
    (hit, *_) = search(tmp_path / "data.parquet", "whisk the eggs", encoder=ToyTextEncoder(), fields=["clip_caption"], limit=1)
    assert (hit.uid, hit.title, hit.field) == ("clip", "clip", "clip_caption")
    assert "whisk the eggs" in hit.text
    assert hit.start < 5.8
    assert hit.end > 4.2
    assert search(tmp_path / "data.parquet", "picture of colours", encoder=ToyTextEncoder())[0].field in SEARCHED
