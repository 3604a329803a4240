"""Samples and their distinct texts, of records or of files of Samples; what is broken is told and left out."""

import zipfile

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from action100m.dataset.io import read_records, write_records
from action100m.dataset.resample.collect import collect
from action100m.dataset.samples import SAMPLE_SCHEMA
from action100m.errors import DataSetError
from action100m.record import read_text
from support.records import make_record, record_to_row, write_rows
from support.samples import write_samples


def gather(source, folder, field="brief_action"):
    problems = []
    collected = collect(source, folder, field, on_error=problems.append)
    rows = collected.rows.to_pylist()
    texts = collected[0 : len(collected)]
    return [(row["uid"], row["node"], row["start"], row["end"], texts[row["text"]]) for row in rows], texts, problems


@pytest.mark.parametrize("field", ["brief_action", "frame_caption", "actor"])
def test_records_give_a_sample_for_each_node_with_the_text(tmp_path, field):
    write_records([make_record("a"), make_record("b")], tmp_path / "data.parquet")
    samples, texts, problems = gather(tmp_path / "data.parquet", tmp_path / "work", field)
    expected = [
        (record.uid, node.id, node.start, node.end, text)
        for record in read_records(tmp_path / "data.parquet")
        for node in record.tree.nodes
        if (text := read_text(node, field))
    ]
    assert len(expected) > 4
    assert samples == expected
    assert sorted(texts) == sorted(set(texts)) == sorted({text for *_, text in expected})
    assert problems == []


def test_the_official_records_have_the_texts_of_the_reference(shared, tmp_path):
    samples, texts, _ = gather(shared / "data/action100m/examples.parquet", tmp_path)
    assert len(samples) == 1237
    assert len(texts) == len({text for *_, text in samples}) == 917


def test_files_of_samples_are_read_as_they_are(tmp_path):
    file = write_samples(tmp_path / "samples.parquet", {"Whisk the eggs": 3, "Speak to camera": 5})
    samples, texts, _ = gather(file, tmp_path / "work")
    assert samples == [(row["uid"], row["node"], row["start"], row["end"], row["text"]) for row in pq.read_table(file).to_pylist()]
    assert len(texts) == 2


def test_other_fields_and_blank_texts_are_left_out(tmp_path):
    write_samples(tmp_path / "a.parquet", {"Whisk": 2, "": 1, " \n": 1})
    write_samples(tmp_path / "b.parquet", {"A cook": 2}, field="actor")
    assert gather([tmp_path / "a.parquet", tmp_path / "b.parquet"], tmp_path / "work")[1] == ["Whisk"]
    with pytest.raises(DataSetError, match="has the text 'clip_caption'"):
        gather(tmp_path / "a.parquet", tmp_path / "work", "clip_caption")


def test_urls_are_read(tmp_path):
    file = write_samples(tmp_path / "a.parquet", {"Whisk": 2})
    with fsspec.open("memory://resample/a.parquet", "wb") as copy:
        copy.write(file.read_bytes())
    assert len(gather("memory://resample/a.parquet", tmp_path / "work")[0]) == 2


def test_a_folder_in_an_archive_is_read(tmp_path):
    write_records([make_record("a")], tmp_path / "a.parquet")
    write_samples(tmp_path / "b.parquet", {"Whisk": 2})
    with zipfile.ZipFile(tmp_path / "packed.zip", "w") as archive:
        for name in ("a.parquet", "b.parquet"):
            archive.write(tmp_path / name, f"data/{name}")
    samples, texts, problems = gather(f"zip://data::{tmp_path / 'packed.zip'}", tmp_path / "work")
    assert problems == []
    assert texts == ["Whisk the eggs", "Whisk"]
    assert len(samples) == 3 + 2


def test_the_error_of_a_set_without_samples_tells_what_could_not_be_read(tmp_path):
    (tmp_path / "bad.parquet").write_text("no parquet")
    with pytest.raises(DataSetError, match=r"1 records or files could not be read, first .*bad\.parquet is not a whole Parquet file"):
        gather(tmp_path / "bad.parquet", tmp_path / "work")
    assert list((tmp_path / "work").iterdir()) == []


def test_texts_and_uids_of_any_kind_stay_as_they_are(tmp_path):
    odd = {"<script>alert(1)</script>": 1, "a\x00b\x1b[31m": 1, "Whisk ": 1, "Whisk": 1, "whisk": 1, "混ぜる 🥚": 1, "x" * 10_000_000: 1}
    table = pq.read_table(write_samples(tmp_path / "a.parquet", odd))
    uids = ["../../x", "a/b", "CON", "nul\x00", "", " ", "c:\\x"]
    pq.write_table(table.set_column(0, "uid", pa.array(uids)), tmp_path / "a.parquet")
    samples, texts, problems = gather(tmp_path / "a.parquet", tmp_path / "work")
    assert set(texts) == set(odd)
    assert [uid for uid, *_ in samples] == uids
    assert problems == []
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.parquet", "samples.arrow", "texts.arrow", "work"]


@pytest.mark.parametrize("start", [None, float("nan"), 99.0])
def test_a_broken_record_is_told_and_left_out(tmp_path, start):
    rows = [record_to_row(make_record(uid)) for uid in ("a", "b")]
    rows[0]["nodes"][0]["start"] = start
    write_rows(tmp_path / "data.parquet", rows)
    samples, _, problems = gather(tmp_path / "data.parquet", tmp_path / "work")
    assert {uid for uid, *_ in samples} == {"b"}
    assert len(problems) == 1
    assert "row 0 ('a')" in str(problems[0])


@pytest.mark.parametrize("fault", ["cut off", "no parquet", "another schema", "no time", "null uid", "times in words"])
def test_a_broken_file_is_told_and_left_out(tmp_path, fault):
    good, bad = (write_samples(tmp_path / f"{name}.parquet", {"Whisk": 2}) for name in ("good", "bad"))
    table = pq.read_table(bad)
    match fault:
        case "cut off":
            bad.write_bytes(bad.read_bytes()[:-100])
        case "no parquet":
            bad.write_text("uid,text")
        case "another schema":
            pq.write_table(pa.table({"id": [1]}), bad)
        case "no time":
            pq.write_table(table.drop(["start"]), bad)
        case "null uid":
            pq.write_table(table.set_column(0, SAMPLE_SCHEMA.field("uid"), pa.array([None, "a"])), bad)
        case "times in words":
            pq.write_table(table.set_column(2, "start", pa.array(["zero", "four"])), bad)
    samples, _, problems = gather([bad, good], tmp_path / "work")
    assert len(samples) == 2
    assert len(problems) == 1
    assert "bad.parquet" in str(problems[0])


def test_nothing_there_is_an_error(tmp_path):
    with pytest.raises(DataSetError, match="no such file"):
        gather(tmp_path / "none.parquet", tmp_path / "work")
