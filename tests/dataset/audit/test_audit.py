"""The report over a data set, its table, and what is left out."""

from __future__ import annotations

import json
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from action100m.dataset.audit.audit import audit
from action100m.dataset.audit.measures import flags
from action100m.dataset.audit.reading import Reading
from action100m.dataset.audit.refinement import RoundChange, measure_rounds
from action100m.dataset.audit.table import TABLE_SCHEMA
from action100m.dataset.io import read_records, write_records
from action100m.dataset.rounds import Round, write_rounds
from action100m.errors import DataSetError
from action100m.record import Record
from support.records import make_annotation, make_record, record_to_row, write_rows

HOSTILE = ("../../x", "a/b", "CON", "a\x00b", "<script>alert(1)</script>")


@pytest.fixture(scope="module")
def released(shared):
    return str(shared / "data" / "action100m" / "examples.parquet")


def test_the_released_records_are_counted_per_level_and_in_all(released, tmp_path):
    report = audit(released, out=str(tmp_path / "flags.parquet"))
    assert (report.videos, report.total.nodes, report.total.annotated, report.left_out) == (10, 4480, 1237, ())
    assert sum(sums.nodes for sums in report.levels.values()) == 4480
    assert sum(sums.flagged for sums in report.levels.values()) == report.total.flagged
    assert report.total.flags["missing"] == 6  # clip captions that are null
    assert 5 <= report.total.flags["looping"] <= 10
    assert report.total.flagged < 0.2 * 4480
    assert all(0 <= report.total.scores[name] <= 1 for name in ("coverage", "support"))
    table = pq.read_table(tmp_path / "flags.parquet")
    assert table.schema.equals(TABLE_SCHEMA)
    assert sum(bool(found) for found in table["flags"].to_pylist()) == report.total.flagged
    first = next(iter(read_records(released)))
    rows = [row for row in table.to_pylist() if row["uid"] == first.uid]
    assert [row["node"] for row in rows] == [node.id for node in first.tree.nodes]
    assert {row["node"]: tuple(row["flags"]) for row in rows if row["flags"]} == flags(first)
    assert all({found["flag"] for found in row["findings"]} == set(row["flags"]) for row in rows)


def test_the_same_data_give_the_same_report_and_table(tmp_path):
    data = tmp_path / "data.parquet"
    write_records([make_record(uid) for uid in HOSTILE], data)
    reports = [audit(str(data), out=str(tmp_path / name)) for name in ("a.parquet", "b.parquet")]
    assert reports[0] == reports[1]
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert {example.uid for example in reports[0].examples} <= set(HOSTILE)
    assert json.loads(reports[0].to_json())["videos"] == len(HOSTILE)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.parquet", "b.parquet", "data.parquet"]


def test_the_rows_of_many_videos_share_a_group(tmp_path, monkeypatch):
    """A group of its own for each video would make the footer larger than the rows."""
    monkeypatch.setattr("action100m.dataset.audit.table._GROUP_ROWS", 20)
    write_records([make_record(str(number)) for number in range(10)], tmp_path / "data.parquet")
    audit(str(tmp_path / "data.parquet"), out=str(tmp_path / "flags.parquet"))
    groups = pq.ParquetFile(tmp_path / "flags.parquet").metadata
    assert [groups.row_group(number).num_rows for number in range(groups.num_row_groups)] == [21, 21, 21, 7]
    assert pq.read_table(tmp_path / "flags.parquet")["uid"].to_pylist() == [str(number) for number in range(10) for _ in range(7)]


def test_a_bad_record_is_told_and_the_others_go_on(tmp_path):
    bad = record_to_row(make_record("bad"))
    bad["nodes"][1]["end"] = 1.0
    write_rows(tmp_path / "data.parquet", [bad, record_to_row(make_record("good"))])
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 but not really")
    report = audit([str(tmp_path / "broken.parquet"), str(tmp_path / "data.parquet")])
    assert report.videos == 1
    assert report.left_out_count == 2
    assert "broken.parquet" in report.left_out[0]
    assert "row 0 (bad)" in report.left_out[1]


def test_nothing_there_is_an_error_and_leaves_no_table(tmp_path):
    with pytest.raises(DataSetError, match=r"nowhere\.parquet"):
        audit(str(tmp_path / "nowhere.parquet"), out=str(tmp_path / "flags.parquet"))
    assert list(tmp_path.iterdir()) == []


def reply(record: Record, number: int, action: str, brief: str = "A cook stands.") -> Round:
    annotation = make_annotation(action)
    annotation = replace(annotation, summary=replace(annotation.summary, brief=brief))
    return Round(record.uid, record.tree.root.id, number, 1, json.dumps(annotation.to_dict()))


def test_what_a_round_adds_and_removes_is_counted():
    record = make_record()
    replies = [
        reply(record, 1, "Whisk", "A cook whisks beside a walrus."),
        replace(reply(record, 2, "x"), text="not JSON", problem="not JSON"),
        reply(record, 3, "Whisk", "A cook whisks at a stove."),
        replace(reply(record, 3, "Whisk"), node="unknown"),
    ]
    assert measure_rounds(Reading(record), replies) == (RoundChange(3, 1, changed=1, added=1, removed=1, unsupported_removed=1),)


def test_rounds_are_summed_over_the_data_set(tmp_path):
    records = [make_record(uid) for uid in ("a", "b")]
    write_records(records, tmp_path / "data.parquet")
    rounds = [reply(record, number, action) for record in records for number, action in ((1, "Whisk"), (2, "Whisk"), (3, "Pour"))]
    write_rounds(rounds, str(tmp_path / "rounds.jsonl"))
    report = audit(str(tmp_path / "data.parquet"), rounds=str(tmp_path / "rounds.jsonl"))
    assert [(one.round, one.nodes, one.changed, one.added) for one in report.rounds] == [(2, 2, 0, 0), (3, 2, 2, 2)]
    with pytest.raises(DataSetError, match=r"nowhere\.jsonl"):
        audit(str(tmp_path / "data.parquet"), rounds=str(tmp_path / "nowhere.jsonl"))
