import json
import re
from dataclasses import fields
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from action100m.dataset.io import read_records, write_records
from action100m.dataset.schema import NODE_COLUMNS, PUBLISHED_SCHEMA, RECORD_COLUMNS, REQUIRED_NODE_FIELDS, SCHEMA
from action100m.record import Provenance, Record
from action100m.tree import Node
from support.records import make_record, record_to_row


def test_the_published_schema_is_that_of_the_released_file(shared):
    released = pq.read_schema(shared / "data/action100m/examples.parquet").remove_metadata()
    assert released.equals(PUBLISHED_SCHEMA)
    assert released.to_string(truncate_metadata=False) == PUBLISHED_SCHEMA.to_string(
        truncate_metadata=False
    )  # equals() overlooks names of list items
    assert str(released.field("nodes").type) == str(PUBLISHED_SCHEMA.field("nodes").type)
    assert str(released.field("metadata").type) == str(PUBLISHED_SCHEMA.field("metadata").type)


def test_ours_adds_provenance_and_nothing_else():
    assert SCHEMA.names == [*PUBLISHED_SCHEMA.names, "provenance"]


def test_the_names_map_every_field_to_a_column_and_back():
    assert {field.name for field in fields(Node)} == set(NODE_COLUMNS)
    assert [field.name for field in SCHEMA.field("nodes").type.value_type] == list(NODE_COLUMNS.values())
    assert {field.name for field in fields(Record)} == {"tree" if name == "nodes" else name for name in RECORD_COLUMNS}
    assert SCHEMA.names == list(RECORD_COLUMNS.values())
    assert set(REQUIRED_NODE_FIELDS) < set(NODE_COLUMNS)


def test_the_column_provenance_has_the_fields_of_provenance():
    assert {field.name for field in SCHEMA.field("provenance").type} == {field.name for field in fields(Provenance)}


@pytest.fixture
def documentation() -> str:
    return (Path(__file__).parents[2] / "docs/schema.md").read_text(encoding="utf-8")


def test_the_code_in_the_documentation_runs(documentation, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_records([make_record(provenance=True)], "mine.parquet")
    for code in re.findall(r"```python\n(.*?)```", documentation, flags=re.DOTALL):
        exec(code, {})
    assert capsys.readouterr().out.splitlines() == [
        "   0.00   16.00 Whisk the eggs",
        "   0.00   10.00   Whisk the eggs",
        "  10.00   16.00   Whisk the eggs",
    ]
    assert list(read_records("long.parquet")) == []


def test_the_examples_in_the_documentation_fit_the_schema(documentation):
    node, provenance = map(json.loads, re.findall(r"```json\n(.*?)```", documentation, flags=re.DOTALL))
    assert node == record_to_row(make_record())["nodes"][0]
    assert set(provenance) == {field.name for field in fields(Provenance)}
