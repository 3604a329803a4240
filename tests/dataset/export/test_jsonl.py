"""JSON Lines, read back by `datasets` and by this package."""

from __future__ import annotations

import json
from pathlib import Path

import datasets
import pytest

from action100m.dataset.export.export import export
from action100m.dataset.export.jsonl import JsonLines
from action100m.dataset.io import read_records, write_records
from action100m.errors import ConfigError
from action100m.record import Sample
from support.records import make_record, record_to_row


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_records([make_record("one"), make_record("two")], tmp_path / "mine.parquet")
    return tmp_path / "mine.parquet"


def test_a_line_is_a_row_of_the_data_set(data: Path, tmp_path: Path) -> None:
    report = export(data, tmp_path / "out.jsonl", format="jsonl")
    assert (report.videos, report.segments, report.files, report.ok) == (2, 6, (str(tmp_path / "out.jsonl"),), True)
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    rows = [record_to_row(record) for record in read_records(data)]
    assert lines == [{name: value for name, value in row.items() if name != "provenance"} for row in rows]


def test_provenance_comes_along(tmp_path: Path) -> None:
    record = make_record("one", provenance=True)
    write_records([record], tmp_path / "mine.parquet")
    export(tmp_path / "mine.parquet", tmp_path / "out.jsonl", format="jsonl")
    assert json.loads((tmp_path / "out.jsonl").read_text(encoding="utf-8")) == record_to_row(record)


def test_samples_are_read_back_as_they_are(data: Path, tmp_path: Path) -> None:
    export(data, tmp_path / "out.jsonl", format=JsonLines(row="sample"), fields=["brief_action", "actor"])
    samples = [Sample(**json.loads(line)) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(samples) == 2 * 3 * 2
    root = make_record("one").tree.root
    assert samples[:2] == [
        Sample("one", root.id, 0.0, 16.0, "brief_action", "Whisk the eggs"),
        Sample("one", root.id, 0.0, 16.0, "actor", "a cook"),
    ]


def test_datasets_loads_segments(data: Path, tmp_path: Path) -> None:
    export(data, tmp_path / "out.jsonl", format=JsonLines(row="segment"), fields=["clip_action", "brief_action"])
    loaded = datasets.load_dataset("json", data_files=str(tmp_path / "out.jsonl"), split="train", cache_dir=str(tmp_path / "cache"))
    assert loaded.num_rows == 14
    assert loaded[0] == {
        "uid": "one",
        "node": make_record("one").tree.root.id,
        "level": 0,
        "start": 0.0,
        "end": 16.0,
        "clip_action": "Cooking",
        "brief_action": "Whisk the eggs",
    }
    assert sum(text is None for text in loaded["brief_action"]) == 8  # leaves


def test_an_unknown_row_is_refused() -> None:
    with pytest.raises(ConfigError, match="got 'node'"):
        JsonLines(row="node")  # type: ignore[arg-type]
