"""FiftyOne's temporal detections, against the layout that its importer documents; by the importer itself where fiftyone is installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from action100m.dataset.export.export import export
from action100m.dataset.io import write_records
from support.clips import time_code_pictures, write_clip
from support.records import make_record

LAYOUT = {
    "type": "object",
    "required": ["classes", "labels"],
    "additionalProperties": False,
    "properties": {
        "classes": {"type": ["array", "null"]},
        "labels": {
            "type": "object",
            "additionalProperties": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["label", "timestamps"],
                    "properties": {
                        "label": {"type": "string"},
                        "timestamps": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
                        "attributes": {"type": "object"},
                    },
                    "additionalProperties": False,
                },
            },
        },
    },
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An export of two videos that are there, one that is missing and one that is broken."""
    write_records([make_record(uid) for uid in ("one", "a.b", "gone", "noise")], tmp_path / "mine.parquet")
    clip = write_clip(tmp_path / "clip.mp4", time_code_pictures([k / 10 for k in range(160)], width=160, height=120), fps=10)
    (tmp_path / "noise.mp4").write_bytes(b"no video" * 99)
    videos = {"one": str(clip), "a.b": str(clip), "noise": str(tmp_path / "noise.mp4")}
    report = export(tmp_path / "mine.parquet", tmp_path / "out", format="fiftyone", fields=["brief_action", "actor"], videos=videos)
    assert [(one.uid, one.cause) for one in report.failures] == [("gone", "MissingVideoError"), ("noise", "NotAVideoError")]
    assert (report.videos, report.segments) == (2, 6)
    return tmp_path / "out"


def test_the_layout_is_as_documented(folder: Path) -> None:
    labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    jsonschema.validate(labels, LAYOUT)
    assert list(labels["labels"]) == ["one", "a%2Eb"]  # the importer takes what follows a point for a file's ending
    assert labels["labels"]["one"][1] == {
        "label": "Whisk the eggs",
        "timestamps": [0.0, 10.0],
        "attributes": {"node": make_record("one").tree.nodes[1].id, "level": 1, "actor": "a cook"},
    }


def test_every_labelled_video_is_found(folder: Path) -> None:
    data = json.loads((folder / "data.json").read_text())
    assert data.keys() == json.loads((folder / "labels.json").read_text())["labels"].keys()
    assert all(Path(path).is_absolute() and Path(path).exists() for path in data.values())


def test_without_videos_only_labels_are_written(tmp_path: Path) -> None:
    write_records([make_record("one")], tmp_path / "mine.parquet")
    report = export(tmp_path / "mine.parquet", tmp_path / "out", format="fiftyone")
    assert (report.ok, [path.name for path in (tmp_path / "out").iterdir()]) == (True, ["labels.json"])


IMPORT = """
import sys
from fiftyone.utils.data.importers import FiftyOneTemporalDetectionDatasetImporter as Importer
with Importer(dataset_dir=sys.argv[1], data_path="data.json") as importer:
    for path, _, label, _ in importer:
        print(path, [(one.label, list(one.support), one.actor) for one in label.detections], sep="\\t")
"""


def test_fiftyone_imports_it(folder: Path) -> None:
    """Its importer needs no database; a whole `Dataset` does, and a server for that is on no package index.

    FIFTYONE_PYTHON names an interpreter that has fiftyone, where this one, as the tests install it, has not.
    """
    python = os.environ.get("FIFTYONE_PYTHON", sys.executable)
    if subprocess.run([python, "-c", "import importlib.util as u, sys; sys.exit(not u.find_spec('fiftyone'))"], check=False).returncode:
        pytest.skip("fiftyone is not installed; FIFTYONE_PYTHON may name an interpreter that has it")
    done = subprocess.run([python, "-c", IMPORT, str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = [line.split("\t") for line in done.stdout.splitlines() if "\t" in line]
    assert len(lines) == 2  # of 160 frames; a time is a frame number to it, rounded
    assert lines[0][1] == "[('Whisk the eggs', [1, 160], 'a cook'), ('Whisk the eggs', [1, 100], 'a cook'), ('Whisk the eggs', [100, 160], 'a cook')]"
