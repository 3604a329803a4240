"""Indices are made once, whole or not at all, and made anew when what they are of has changed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import action100m.dataset.search.build as build_module
import action100m.dataset.search.index as index_module
from action100m.dataset.search.build import build_index
from action100m.dataset.search.index import SearchIndex
from action100m.dataset.search.settings import SearchFilter
from action100m.errors import ConfigError, DataSetError, MissingPackageError, SearchIndexError
from support.records import make_record, record_to_row, write_rows
from support.search_sets import KITCHEN, make_told_record, write_actions
from support.sentences import ToyTextEncoder


@pytest.fixture
def data(tmp_path):
    return write_actions(tmp_path / "data.parquet")


def steps_of(source, folder, **settings):
    """Build, and return the index and the steps that were made."""
    told = []
    index = build_index(source, folder, on_progress=lambda step, done, total: told.append(step), **settings)
    return index, list(dict.fromkeys(told))


def test_an_index_is_made_once(data, tmp_path):
    first, made = steps_of(data, tmp_path / "index", encoder=ToyTextEncoder())
    assert made == ["read", "embed", "write", "index words", "index videos", "index durations", "index levels"]
    encoder = ToyTextEncoder()
    again, made = steps_of(data, tmp_path / "index", encoder=encoder)
    assert (made, encoder.asked) == ([], [])
    assert again.query("eggs") == first.query("eggs")
    assert sorted(path.name for path in (tmp_path / "index").iterdir()) == ["lock", "search-index.json", f"{first.manifest.table}.lance"]


def test_progress_counts_segments(data, tmp_path):
    told = []
    build_index(data, tmp_path / "index", encoder=ToyTextEncoder(), on_progress=lambda *step: told.append(step))
    assert told[0] == ("read", 9, 0)
    assert told[-1] == ("index levels", 9, 9)
    assert ("embed", 9, 9) in told


def test_texts_that_come_again_are_encoded_once(tmp_path):
    data = write_actions(tmp_path / "data.parquet", {"a": ("Stir",) * 3, "b": ("Stir",) * 3})
    encoder = ToyTextEncoder()
    build_index(data, tmp_path / "index", encoder=encoder)
    assert sorted(encoder.asked) == ["Someone is seen here: Stir.", "Stir", "Stir with care."]


@pytest.mark.parametrize("change", ["data", "fields", "encoder", "time"])
def test_what_changed_makes_it_anew(data, tmp_path, change):
    first, _ = steps_of(data, tmp_path / "index", encoder=ToyTextEncoder())
    settings = {"encoder": ToyTextEncoder("another" if change == "encoder" else "toy words")}
    if change == "fields":
        settings["fields"] = ("actor",)
    elif change == "data":
        write_actions(data, {**KITCHEN, "tea": ("Make tea", "Boil water", "Pour")})
    elif change == "time":
        os.utime(data, ns=(1, 1))
    index, made = steps_of(data, tmp_path / "index", **settings)
    assert "index words" in made
    assert index.manifest != first.manifest
    assert len(list((tmp_path / "index").glob("segments-*.lance"))) == 1
    if change == "data":
        assert index.query("boil water", mode="text")[0].uid == "tea"


def test_words_alone_use_an_index_that_has_vectors_and_not_the_other_way(data, tmp_path):
    build_index(data, tmp_path / "index", encoder=ToyTextEncoder())
    assert steps_of(data, tmp_path / "index")[1] == []
    words, _ = steps_of(data, tmp_path / "other")
    assert words.manifest.encoder is None
    assert "embed" in steps_of(data, tmp_path / "other", encoder=ToyTextEncoder())[1]


@pytest.mark.parametrize("damage", ["table", "data file", "manifest"])
def test_a_damaged_index_is_made_anew(data, tmp_path, damage):
    index = build_index(data, tmp_path / "index")
    table = index.folder / f"{index.manifest.table}.lance"
    if damage == "table":
        shutil.rmtree(table)
    elif damage == "data file":
        shutil.rmtree(table / "_versions")
    else:
        (index.folder / "search-index.json").write_text("{")
    with pytest.raises(SearchIndexError):
        SearchIndex(index.folder)
    assert build_index(data, tmp_path / "index").query("whisk")[0].uid == "eggs"


def test_another_version_is_made_anew(data, tmp_path):
    notes = build_index(data, tmp_path / "index").folder / "search-index.json"
    notes.write_text(json.dumps(json.loads(notes.read_text()) | {"format": 0}))
    with pytest.raises(SearchIndexError, match="another version"):
        SearchIndex(tmp_path / "index")
    assert steps_of(data, tmp_path / "index")[1] != []


def test_an_index_that_is_removed_while_it_is_open_says_so(data, tmp_path):
    index = build_index(data, tmp_path / "index")
    shutil.rmtree(index.folder)
    with pytest.raises(SearchIndexError, match="remove the folder, and it is built anew"):
        index.query("eggs")


class Breaks(ToyTextEncoder):
    def encode(self, texts):
        raise KeyboardInterrupt


def test_a_broken_build_leaves_no_index_and_the_next_one_makes_it(data, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        build_index(data, tmp_path / "index", encoder=Breaks())
    with pytest.raises(SearchIndexError, match="not whole"):
        SearchIndex(tmp_path / "index")
    assert len(build_index(data, tmp_path / "index", encoder=ToyTextEncoder())) == 9


def test_a_build_that_is_killed_while_it_writes_is_never_taken_for_whole(data, tmp_path):
    code = """
        import os, signal, sys
        from action100m.dataset.search.build import build_index
        def told(step, done, total):
            if step == "index videos":
                os.kill(os.getpid(), signal.SIGKILL)
        build_index(sys.argv[1], sys.argv[2], on_progress=told)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code), str(data), str(tmp_path / "index")], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert list((tmp_path / "index").glob("segments-*.lance"))
    with pytest.raises(SearchIndexError, match="not whole"):
        SearchIndex(tmp_path / "index")
    index, made = steps_of(data, tmp_path / "index")
    assert "write" in made
    assert len(index.query("someone", limit=100)) == 9


def test_a_folder_of_others_is_left_alone(data, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.txt").write_text("mine")
    with pytest.raises(ConfigError, match=r"needs a folder of its own; .*home holds 'thesis.txt'"):
        build_index(data, tmp_path / "home")
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("fields", [(), ("actor", "actor")])
def test_fields_are_different_ones(data, tmp_path, fields):
    with pytest.raises(ConfigError, match="fields to search"):
        build_index(data, tmp_path / "index", fields=fields)


def test_data_without_the_texts_are_told(data, tmp_path):
    bare = write_actions(tmp_path / "bare.parquet", {"a": ("  ", "\n", "")})
    with pytest.raises(DataSetError, match="has one of the texts brief_action"):
        build_index(bare, tmp_path / "index", fields=("brief_action",))
    with pytest.raises(DataSetError, match="no such file"):
        build_index(tmp_path / "nowhere.parquet", tmp_path / "index")


def test_a_record_that_cannot_be_read_is_left_out_and_told(tmp_path):
    rows = [record_to_row(make_told_record(uid, texts)) for uid, texts in KITCHEN.items()]
    rows[1]["nodes"][0]["start"] = None
    rows.append(rows[0])
    data = write_rows(tmp_path / "data.parquet", rows)
    index = build_index(data, tmp_path / "index")
    assert len(index) == 6
    assert index.manifest.left_out_count == 2
    assert [message.partition(", ")[2] for message in index.left_out] == [
        "row 1 ('bread'): nodes.start is null",
        "row 3: the video 'eggs' was met before",
    ]
    assert len(index.query("whisk eggs", limit=100, filter=SearchFilter(uids=("eggs",)))) > 0


def test_broken_files_are_told_and_the_others_are_searched(data, tmp_path):
    (tmp_path / "cut.parquet").write_bytes(data.read_bytes()[:-100])
    index = build_index(tmp_path, tmp_path.parent / f"{tmp_path.name}-index")
    assert len(index) == 9
    assert "cut.parquet is not a whole Parquet file" in index.left_out[0]
    with pytest.raises(DataSetError, match="not a whole Parquet file"):
        build_index(tmp_path / "cut.parquet", tmp_path / "index")


def test_texts_of_10_mb_are_searched(tmp_path):
    data = write_actions(tmp_path / "data.parquet", {"long": ("needle " + "straw " * 1_750_000, "Stir", "Pour")})
    index = build_index(data, tmp_path / "index")
    (hit,) = index.query("needle", limit=1, mode="text")
    assert (hit.uid, len(hit.text)) == ("long", len("needle ") + 6 * 1_750_000)


def test_nodes_without_an_annotation_are_found_by_their_captions(tmp_path):
    data = write_rows(tmp_path / "data.parquet", [record_to_row(make_record())])
    index = build_index(data, tmp_path / "index", fields=("frame_caption", "clip_caption"))
    assert len(index) == 7
    hits = index.query("stove pan", limit=100)
    assert {hit.field for hit in hits[:4]} == {"frame_caption"}  # leaves
    assert {hit.field for hit in hits[4:]} == {"clip_caption"}


def test_other_file_systems_are_read(data, tmp_path):
    import fsspec

    fsspec.filesystem("memory").pipe("/search/data.parquet", data.read_bytes())
    index, made = steps_of("memory://search", tmp_path / "index")
    assert (len(index), bool(made)) == (9, True)
    assert steps_of("memory://search", tmp_path / "index")[1] == []
    fsspec.filesystem("memory").pipe("/search/data.parquet", data.read_bytes())
    assert steps_of("memory://search", tmp_path / "index")[1] != []


def test_a_vector_index_finds_what_comparing_all_finds(tmp_path, monkeypatch):
    monkeypatch.setattr(build_module, "FEWEST_FOR_VECTOR_INDEX", 500)
    words = [f"word{number}" for number in range(40)]
    rng = np.random.default_rng(0)
    data = write_actions(tmp_path / "data.parquet", {f"video{n}": [" ".join(rng.choice(words, 3)) for _ in range(3)] for n in range(200)})
    index, made = steps_of(data, tmp_path / "index", encoder=ToyTextEncoder())
    assert "index vectors" in made
    exact = build_index(data, tmp_path / "exact", encoder=ToyTextEncoder("toy words"))
    monkeypatch.undo()
    for query in ("word1 word2", "word7 word8 word9"):
        found, expected = ({hit.node for hit in one.query(query, mode="vector", limit=10)} for one in (index, exact))
        assert len(found & expected) >= 8
    monkeypatch.setattr(index_module, "_PROBES", 1)
    for uid in ("video7", "video190"):  # wherever in the index the vectors of a video are
        hits = index.query("word1", mode="vector", limit=10, filter=SearchFilter(uids=(uid,)))
        assert [hit.uid for hit in hits] == [uid] * 3


def test_without_lancedb_the_error_names_the_extra_before_anything_is_made(data, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "lancedb", None)
    with pytest.raises(MissingPackageError, match=r"action100m\[search\]"):
        build_index(data, tmp_path / "index")
    assert not (tmp_path / "index").exists()


def test_the_database_brings_no_torch(data, tmp_path):
    code = "import sys; from action100m.dataset.search.search import search; search(*sys.argv[1:3], index=sys.argv[3]); print(*sys.modules)"
    call = [sys.executable, "-c", code, str(data), "eggs", str(tmp_path / "index")]
    loaded = subprocess.run(call, capture_output=True, text=True, check=True, cwd=Path(sys.executable).parent).stdout.split()
    assert "lancedb" in loaded
    assert {"torch", "transformers", "sentence_transformers"}.isdisjoint(loaded)
