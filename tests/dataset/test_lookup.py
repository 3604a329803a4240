"""Any record is found by its file and row, whatever the row groups."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from action100m.dataset.io import read_records, write_records
from action100m.dataset.lookup import RecordLookup
from action100m.dataset.schema import SCHEMA
from action100m.dataset.source import find_files
from action100m.errors import DataSetError
from support.records import make_record, record_to_row, write_rows


@pytest.mark.parametrize("group", [1, 3, 100])
def test_every_row_is_found_in_any_order(tmp_path, group):
    records = [make_record(f"clip-{number}", provenance=True) for number in range(23)]
    table = pa.Table.from_pylist([record_to_row(record) for record in records], schema=SCHEMA)
    pq.write_table(table, tmp_path / "data.parquet", row_group_size=group)
    lookup = RecordLookup(find_files(tmp_path))
    for number in (22, 0, 7, 8, 9, 16, 1):
        assert lookup.read(0, number, uid=f"clip-{number}") == next(r for r in read_records(tmp_path) if r.uid == f"clip-{number}")


def test_the_file_decides_too(tmp_path):
    for name in "ab":
        write_records([make_record(name)], tmp_path / f"{name}.parquet")
    lookup = RecordLookup(find_files(tmp_path))
    assert [lookup.read(file, 0).uid for file in (1, 0)] == ["b", "a"]


def test_the_official_records_are_found(shared):
    path = shared / "data/action100m/examples.parquet"
    expected = list(read_records(path))
    lookup = RecordLookup(find_files(path))
    assert [lookup.read(0, number) for number in range(10)] == expected


def test_a_row_that_is_not_there_is_told(tmp_path):
    write_records([make_record()], tmp_path / "data.parquet")
    with pytest.raises(DataSetError, match=r"data\.parquet has 1 rows, there is no row 1"):
        RecordLookup(find_files(tmp_path)).read(0, 1)


def test_a_file_that_was_replaced_is_told(tmp_path):
    path = tmp_path / "data.parquet"
    write_records([make_record("a")], path)
    lookup = RecordLookup(find_files(path))
    assert lookup.read(0, 0, uid="a").uid == "a"
    write_records([make_record("b")], path)
    with pytest.raises(DataSetError, match=r"data\.parquet"):
        lookup.read(0, 0, uid="a")


def test_a_row_that_is_no_tree_is_named(tmp_path):
    row = record_to_row(make_record())
    row["nodes"][3]["level"] = 7
    write_rows(tmp_path / "data.parquet", [row])
    with pytest.raises(DataSetError, match=r"row 0 \(clip\): the nodes are no tree"):
        RecordLookup(find_files(tmp_path)).read(0, 0)


def test_a_file_cut_short_is_named(tmp_path):
    path = tmp_path / "data.parquet"
    write_records([make_record()], path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataSetError, match=r"data\.parquet is not a whole Parquet file"):
        RecordLookup(find_files(path)).read(0, 0)
