"""Columns read without making records hold what records hold."""

from __future__ import annotations

import math
from typing import get_args

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from action100m.dataset import columns as module
from action100m.dataset.columns import NodeColumn, VideoColumn, read_columns
from action100m.dataset.io import read_records, write_records
from action100m.dataset.schema import NODE_COLUMNS, TEXT_COLUMNS
from action100m.errors import DataSetError
from action100m.record import TextField, read_text
from support.records import make_record, record_to_row, write_rows

TEXTS = get_args(TextField)
NODES = tuple(name for part in get_args(NodeColumn) for name in (get_args(part) or (part,)))


def _read(*args, **kwargs):
    """All batches as two lists of dictionaries; the nodes carry the uid of their video."""
    videos, nodes = [], []
    for batch in read_columns(*args, **kwargs):
        found = batch.videos.to_pylist()
        videos += found
        nodes += [node | {"video": found[node["video"]]["uid"]} for node in batch.nodes.to_pylist()]
    return videos, nodes


def _expected(record, names):
    for node in record.tree.nodes:
        row = {"video": record.uid, "annotated": node.annotation is not None} | {name: read_text(node, name) for name in TEXTS}
        row |= {name: getattr(node, name) for name in ("id", "parent", "level", "start", "end")}
        yield {name: row[name] for name in ("video", *names)}


def test_the_columns_of_the_official_records_are_those_of_their_records(shared):
    path = shared / "data" / "action100m" / "examples.parquet"
    videos, nodes = _read(path, videos=["title", "duration"], nodes=NODES)
    records = list(read_records(path))
    assert [video["title"] for video in videos] == [record.metadata.title for record in records]
    assert [video["row"] for video in videos] == list(range(10))
    assert len(nodes) == 4480
    assert nodes == [row for record in records for row in _expected(record, NODES)]


def test_names_of_texts_lead_to_the_published_columns():
    assert set(TEXT_COLUMNS) == set(TEXTS)
    assert {path[0] for path in TEXT_COLUMNS.values()} < set(NODE_COLUMNS.values())


@pytest.mark.parametrize("name", NODES)
def test_each_column_can_be_read_alone(tmp_path, name):
    record = make_record("a", provenance=True)
    write_records([record], tmp_path / "a.parquet")
    assert _read(tmp_path / "a.parquet", nodes=[name]) == ([{"row": 0, "uid": "a"}], list(_expected(record, [name])))


def test_every_column_of_a_video_can_be_read(tmp_path):
    write_records([make_record("a")], tmp_path / "a.parquet")
    (video,), nodes = _read(tmp_path / "a.parquet", videos=get_args(VideoColumn))
    assert (video["title"], video["like_count"], len(video["transcript"]), nodes) == ("Omelette 🍳", None, 2, [])


def test_batches_know_their_file_and_row(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_MOST_ROWS", 2)
    for name in "ab":
        write_records([make_record(f"{name}{number}") for number in range(3)], tmp_path / f"{name}.parquet")
    batches = list(read_columns(tmp_path, nodes=["level"]))
    assert [(batch.file[-9:], batch.videos["row"].to_pylist()) for batch in batches] == [
        ("a.parquet", [0, 1]),
        ("a.parquet", [2]),
        ("b.parquet", [0, 1]),
        ("b.parquet", [2]),
    ]
    assert batches[0].nodes["video"].to_pylist() == [0] * 7 + [1] * 7


def test_only_the_columns_asked_for_are_read_from_the_file(tmp_path):
    row = record_to_row(make_record())
    row["nodes"][0]["plm_caption"] = "x" * 60_000_000
    path = write_rows(tmp_path / "a.parquet", [row])
    read = []
    opened = module.open_parquet

    def watch(file):
        class Watched:
            def open(self, *args):
                stream = file.filesystem.open(*args)
                inner = stream.read
                stream.read = lambda size=-1: read.append(size) or inner(size)
                return stream

        return opened(module.DataFile(file.name, Watched(), file.path))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "open_parquet", watch)
        _read(path, nodes=["brief_action"])
    assert read
    assert sum(read) < 2_000_000


def test_memory_does_not_follow_the_row_group(tmp_path):
    """One row group of 200 videos with 1 MB of text each."""
    row = record_to_row(make_record())
    rng = np.random.default_rng(0)
    schema = pq.read_schema(write_rows(tmp_path / "schema.parquet", [row]))
    with pq.ParquetWriter(tmp_path / "a.parquet", schema, compression="none", use_dictionary=False) as writer:
        tables = []
        for _ in range(200):
            row["nodes"][0]["plm_caption"] = rng.bytes(500_000).hex()
            tables.append(pa.Table.from_pylist([row], schema=schema))
        writer.write_table(pa.concat_tables(tables).combine_chunks(), row_group_size=1000)
    del tables
    assert pq.ParquetFile(tmp_path / "a.parquet").num_row_groups == 1
    sizes = [batch.nodes.nbytes for batch in read_columns(tmp_path / "a.parquet", nodes=["clip_caption"])]
    assert sum(sizes) > 200_000_000
    assert max(sizes) < 40_000_000


@pytest.mark.parametrize("list_type", [pa.list_, pa.large_list])
def test_what_other_writers_make_of_the_types_is_read(tmp_path, list_type):
    row = record_to_row(make_record())
    node = [("level", pa.int64()), ("start", pa.float64()), ("gpt", pa.null()), ("plm_action", pa.dictionary(pa.int32(), pa.large_string()))]
    nodes = [{name: value[name] for name, _ in node} | {"gpt": None} for value in row["nodes"]]
    schema = pa.schema([("nodes", list_type(pa.field("item", pa.struct(node)))), ("video_uid", pa.large_string()), ("more", pa.int8())])
    pq.write_table(pa.Table.from_pylist([{"nodes": nodes, "video_uid": "a", "more": 1}], schema=schema), tmp_path / "a.parquet")
    videos, found = _read(tmp_path / "a.parquet", nodes=["level", "clip_action", "brief_action", "annotated"])
    assert videos == [{"row": 0, "uid": "a"}]
    assert [value["level"] for value in found] == [value["level"] for value in row["nodes"]]
    assert {(value["clip_action"], value["brief_action"], value["annotated"]) for value in found} == {("Cooking", None, False)}


def test_a_missing_column_is_named_and_only_when_it_is_asked_for(tmp_path):
    schema = pa.schema([("video_uid", pa.string()), ("nodes", pa.list_(pa.struct([("level", pa.int16())])))])
    pq.write_table(pa.Table.from_pylist([], schema=schema), tmp_path / "a.parquet")
    with pytest.raises(DataSetError, match=r"a\.parquet: the column nodes\.start is missing"):
        _read(tmp_path / "a.parquet", nodes=["level", "start"])
    with pytest.raises(DataSetError, match=r"the column metadata is missing"):
        _read(tmp_path / "a.parquet", videos=["title"])
    assert _read(tmp_path / "a.parquet", nodes=["level"]) == ([], [])


@pytest.mark.parametrize(
    ("plant", "told"),
    [
        (lambda row: row.update(video_uid=None), r"row 1 \(no uid\): video_uid is null"),
        (lambda row: row.update(nodes=None), r"row 1 \('b'\): nodes is null"),
        (lambda row: row["nodes"][3].update(start=None), r"row 1 \('b'\): nodes\.start is null"),
        (lambda row: row.update(nodes=[]), r"row 1 \('b'\): there are no nodes"),
        (lambda row: row["nodes"][3].update(start=math.nan), r"row 1 \('b'\): a node has no finite times 0 <= start < end"),
        (lambda row: row["nodes"][0].update(end=math.inf), "no finite times"),
        (lambda row: row["nodes"][3].update(start=-math.inf), "no finite times"),
        (lambda row: row["nodes"][3].update(end=row["nodes"][3]["start"]), "no finite times"),
        (lambda row: row["nodes"][3].update(level=-1), r"row 1 \('b'\): a level is below 0"),
        (lambda row: row["nodes"].insert(2, None), r"row 1 \('b'\): nodes is null"),
    ],
)
def test_a_bad_record_is_told_and_left_out(tmp_path, plant, told):
    rows = [record_to_row(make_record(name)) for name in "abc"]
    plant(rows[1])
    path = write_rows(tmp_path / "a.parquet", rows)
    errors = []
    videos, nodes = _read(path, nodes=["level", "start", "end"], on_error=errors.append)
    assert [(video["row"], video["uid"]) for video in videos] == [(0, "a"), (2, "c")]
    assert [node["video"] for node in nodes] == ["a"] * 7 + ["c"] * 7
    assert len(errors) == 1
    with pytest.raises(DataSetError, match=told):
        _read(path, nodes=["level", "start", "end"])


def test_control_characters_of_a_uid_are_not_passed_on(tmp_path):
    row = record_to_row(make_record("a\x1b[31m\n"))
    row["nodes"] = []
    with pytest.raises(DataSetError, match=r"\('a\\x1b\[31m\\n'\): there are no nodes"):
        _read(write_rows(tmp_path / "a.parquet", [row]), nodes=["level"])


def test_a_broken_file_is_told_and_the_others_go_on(tmp_path):
    write_records([make_record("a")], tmp_path / "a.parquet")
    (tmp_path / "b.parquet").write_bytes((tmp_path / "a.parquet").read_bytes()[:-100])
    write_records([make_record("c")], tmp_path / "c.parquet")
    errors = []
    videos, _ = _read(tmp_path, nodes=["level"], on_error=errors.append)
    assert [video["uid"] for video in videos] == ["a", "c"]
    assert "b.parquet is not a whole Parquet file" in str(errors[0])


def test_a_text_that_is_not_utf_8_is_an_error(tmp_path):
    row = record_to_row(make_record())
    row["nodes"][0]["plm_caption"] = "needle in utf eight"
    path = write_rows(tmp_path / "a.parquet", [row])
    table = path.read_bytes()
    assert b"needle" in table
    path.write_bytes(table.replace(b"needle", b"need\xff\xfe"))
    with pytest.raises(DataSetError, match=r"a\.parquet: a text in rows 0 to 0 is not UTF-8"):
        _read(path, nodes=["clip_caption"])


def test_a_folder_that_is_not_there_is_told_at_once(tmp_path):
    with pytest.raises(DataSetError, match="no such file or folder"):
        read_columns(tmp_path / "none")
