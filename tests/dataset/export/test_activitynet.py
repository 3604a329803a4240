"""ActivityNet's JSON, against a schema of what its readers ask for. Its evaluation reads it in tests/dataset/compare."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from action100m.dataset.export.activitynet import ActivityNet
from action100m.dataset.export.export import export
from action100m.dataset.io import write_records
from action100m.errors import ConfigError
from support.records import make_record

SEGMENT = {"type": "array", "items": {"type": "number", "minimum": 0}, "minItems": 2, "maxItems": 2}
SCHEMA = {
    "type": "object",
    "required": ["database", "taxonomy", "version"],
    "properties": {
        "database": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["duration", "subset", "annotations"],
                "properties": {
                    "duration": {"type": "number", "exclusiveMinimum": 0},
                    "subset": {"enum": ["training", "validation", "testing"]},
                    "annotations": {
                        "type": "array",
                        "items": {"type": "object", "required": ["segment"], "properties": {"segment": SEGMENT, "label": {"type": "string"}}},
                    },
                },
            },
        }
    },
}


def _export(tmp_path: Path, config: ActivityNet, **options: object) -> dict[str, dict[str, object]]:
    write_records([make_record("one"), make_record('tw"o')], tmp_path / "mine.parquet")
    export(tmp_path / "mine.parquet", tmp_path / "out.json", format=config, **options)  # type: ignore[arg-type]
    written = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    jsonschema.validate(written, SCHEMA)
    database: dict[str, dict[str, object]] = written["database"]
    return database


def test_annotations_are_segments_with_labels(tmp_path: Path) -> None:
    database = _export(tmp_path, ActivityNet())
    assert list(database) == ["one", 'tw"o']
    assert database["one"] == {
        "duration": 16.0,
        "subset": "validation",
        "annotations": [
            {"segment": [0.0, 16.0], "label": "Whisk the eggs"},
            {"segment": [0.0, 10.0], "label": "Whisk the eggs"},
            {"segment": [10.0, 16.0], "label": "Whisk the eggs"},
        ],
    }


def test_sentences_are_numbered(tmp_path: Path) -> None:
    database = _export(tmp_path, ActivityNet(subset="training", key="sentence"), fields=["brief_caption"])
    assert database["one"]["subset"] == "training"
    assert database["one"]["annotations"][1] == {  # type: ignore[index]
        "segment": [0.0, 10.0],
        "id": 1,
        "sentence": "A cook whisks eggs in a bowl.",
    }


def test_an_empty_selection_is_valid(tmp_path: Path) -> None:
    write_records([], tmp_path / "none.parquet")
    export(tmp_path / "none.parquet", tmp_path / "out.json", format="activitynet")
    assert json.loads((tmp_path / "out.json").read_text())["database"] == {}


@pytest.mark.parametrize("wrong", [{"subset": "val"}, {"key": "text"}])
def test_unknown_words_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong.values()))):
        ActivityNet(**wrong)  # type: ignore[arg-type]


def test_the_official_records_are_written_in_full(shared: Path, tmp_path: Path) -> None:
    report = export(shared / "data/action100m/examples.parquet", tmp_path / "out.json", format="activitynet")
    database = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["database"]
    assert (len(database), report.segments) == (10, 1237)
    assert sum(len(one["annotations"]) for one in database.values()) == 1237
