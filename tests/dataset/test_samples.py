"""Samples are read as they were written."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from action100m.dataset.io import write_records
from action100m.dataset.samples import SAMPLE_SCHEMA, holds_samples, read_samples, write_samples
from action100m.dataset.source import find_files
from action100m.errors import DataSetError
from action100m.record import Sample
from support.records import make_record

SAMPLE = Sample("clip", "n", 0.1, 2.5, "brief_action", "Whisk the eggs 🍳\x00")


def test_samples_are_read_as_they_were_written(tmp_path):
    samples = [replace(SAMPLE, start=number / 7, node=str(number)) for number in range(25_000)]
    assert write_samples(iter(samples), tmp_path / "a" / "samples.parquet") == 25_000
    assert list(read_samples(tmp_path / "a")) == samples
    assert pq.ParquetFile(tmp_path / "a" / "samples.parquet").num_row_groups == 3
    write_samples(samples, "memory://samples.parquet")
    assert list(read_samples("memory://samples.parquet")) == samples


def test_the_same_samples_give_the_same_bytes_and_none_a_readable_file(tmp_path):
    for name in "ab":
        write_samples([SAMPLE], tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert write_samples([], tmp_path / "none.parquet") == 0
    assert list(read_samples(tmp_path / "none.parquet")) == []


def test_a_break_leaves_what_was_there_before(tmp_path):
    write_samples([SAMPLE], tmp_path / "a.parquet")

    def broken():
        yield SAMPLE
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_samples(broken(), tmp_path / "a.parquet")
    assert list(read_samples(tmp_path / "a.parquet")) == [SAMPLE]
    assert [file.name for file in tmp_path.iterdir()] == ["a.parquet"]


def test_samples_and_a_data_set_are_told_apart(tmp_path):
    write_samples([SAMPLE], tmp_path / "a.parquet")
    write_records([make_record()], tmp_path / "b.parquet")
    assert [holds_samples(file) for file in find_files(tmp_path)] == [True, False]
    with pytest.raises(DataSetError, match=r"b\.parquet holds no samples: the column uid is missing"):
        list(read_samples(tmp_path / "b.parquet"))


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"text": None}, "row 1: text is null"),
        ({"field": "title"}, "row 1: field is 'title', expected one of brief_action"),
    ],
)
def test_a_bad_sample_is_named(tmp_path, row, told):
    good = {"uid": "u", "node": "n", "start": 0.0, "end": 1.0, "field": "actor", "text": "t"}
    pq.write_table(pa.Table.from_pylist([good, good | row], schema=SAMPLE_SCHEMA), tmp_path / "a.parquet")
    with pytest.raises(DataSetError, match=told):
        list(read_samples(tmp_path / "a.parquet"))


def test_what_pandas_makes_of_samples_is_read(tmp_path):
    table = pa.table({"uid": pa.array(["u"], pa.large_string()), "node": ["n"], "start": pa.array([0.0], pa.float32()), "end": [1.0]})
    table = table.append_column("field", pa.array(["actor"]).dictionary_encode()).append_column("text", [["a cook"]]).append_column("more", [[1]])
    pq.write_table(table, tmp_path / "a.parquet")
    assert list(read_samples(tmp_path / "a.parquet")) == [Sample("u", "n", 0.0, 1.0, "actor", "a cook")]
