import random
import string
import tracemalloc
from dataclasses import replace
from itertools import islice

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from action100m.annotation import Action, Annotation, Summary
from action100m.dataset.io import read_records, write_records
from action100m.dataset.schema import PUBLISHED_SCHEMA, SCHEMA
from action100m.errors import DataSetError
from action100m.record import Record
from action100m.tree import Node, Tree, node_id
from action100m.video.video import Cue, VideoMetadata
from support.records import make_annotation, make_record, record_to_row, write_rows


@pytest.fixture(scope="module")
def released(shared):
    return shared / "data/action100m/examples.parquet"


@pytest.fixture
def memory():
    """An object store that lives in this process."""
    filesystem = fsspec.filesystem("memory")
    yield "memory://shelf"
    filesystem.rm("/shelf", recursive=True)


def uids(source, **options) -> list[str]:
    return [record.uid for record in read_records(source, **options)]


def with_root(record: Record, **changes) -> Record:
    return replace(record, tree=record.tree.update(lambda node: replace(node, **changes) if node.level == 0 else node))


def round_trip(record: Record) -> Record:
    write_records([record], "memory://round_trip.parquet")
    (back,) = read_records("memory://round_trip.parquet")
    return back


# The released records


def test_the_released_records_are_rewritten_equal_column_by_column(released, tmp_path):
    assert write_records(read_records(released), tmp_path / "ours.parquet") == 10
    theirs, ours = pq.read_table(released), pq.read_table(tmp_path / "ours.parquet")
    assert ours.column_names == theirs.column_names == PUBLISHED_SCHEMA.names
    for name in theirs.column_names:
        assert ours[name].type == theirs[name].type
        assert ours[name].equals(theirs[name])
    assert ours.schema.equals(theirs.schema, check_metadata=True)


def test_the_rewritten_file_is_of_the_released_kind(released, tmp_path):
    write_records(read_records(released), tmp_path / "ours.parquet")
    theirs, ours = pq.ParquetFile(released), pq.ParquetFile(tmp_path / "ours.parquet")
    assert str(ours.schema).splitlines()[1:] == str(theirs.schema).splitlines()[1:]
    assert ours.metadata.format_version == theirs.metadata.format_version == "2.6"
    assert ours.metadata.row_group(0).column(0).compression == theirs.metadata.row_group(0).column(0).compression == "SNAPPY"


def test_the_released_trees_can_be_walked(released):
    trees = [record.tree for record in read_records(released)]
    assert [len(tree) for tree in trees] == [355, 311, 117, 731, 325, 611, 255, 577, 917, 281]
    assert all(sum(1 for _ in tree.walk()) == len(tree) for tree in trees)
    assert sum(node.annotation is not None for tree in trees for node in tree.walk()) == 1237


def test_the_text_of_transcript_times_is_kept(released):
    first = next(read_records(released))
    assert first.metadata.transcript[0] == Cue("1.92", "webmarshals  proudly  sponsors  this")


# Our records


@pytest.mark.parametrize("provenance", [True, False])
def test_a_record_comes_back_equal(provenance, tmp_path):
    record = make_record(provenance=provenance)
    assert write_records([record], tmp_path / "ours.parquet") == 1
    assert list(read_records(tmp_path / "ours.parquet")) == [record]


@pytest.mark.parametrize(
    "metadata",
    [
        VideoMetadata(),
        VideoMetadata(title="", description=None, transcript=()),
        VideoMetadata(title=None, description="", transcript=None, view_count=0),
        VideoMetadata(transcript=(Cue("0.0", ""), Cue("soon", "  "))),
    ],
)
def test_null_empty_and_zero_are_told_apart(metadata):
    assert round_trip(replace(make_record(), metadata=metadata)).metadata == metadata


@pytest.mark.parametrize(
    "annotation",
    [
        None,
        Annotation(Summary("seen", None), Action(None, "", "N/A")),
        Annotation(Summary("seen", "seen in full"), Action(None, None, None)),
        Annotation(Summary(None, None), Action(None, None, None)),
    ],
)
def test_partial_annotations_come_back(annotation):
    assert round_trip(with_root(make_record(), annotation=annotation)).tree.root.annotation == annotation


def test_half_an_annotation_stays_null_in_the_file(tmp_path):
    write_records([with_root(make_record(), annotation=replace(make_annotation(), action=Action(None, None, None)))], tmp_path / "a.parquet")
    gpt = pq.read_table(tmp_path / "a.parquet")["nodes"][0][0]["gpt"].as_py()
    assert gpt["action"] is None
    assert gpt["summary"]["brief"] == "A cook whisks eggs in a bowl."


def test_times_become_float32_and_still_tile():
    tenth, seventh = 10.0 + 1 / 10, 20.0 + 1 / 7
    spans = [("", 0.0, seventh), ("0", 0.0, tenth), ("1", tenth, seventh)]
    tree = Tree(tuple(Node(node_id("x", path), node_id("x", path[:-1]) if path else None, len(path), *span) for path, *span in spans))
    root, left, right = round_trip(Record("x", VideoMetadata(), tree)).tree.nodes
    assert root.end == right.end == pytest.approx(seventh, abs=1e-6)
    assert right.end != seventh
    assert left.end == right.start


def test_the_schema_does_not_hold_the_ends_of_cues():
    record = replace(make_record(), metadata=VideoMetadata(transcript=(Cue("1.5", "whisk", end=2.5),)))
    assert round_trip(record).metadata.transcript == (Cue("1.5", "whisk"),)


def test_half_a_surrogate_pair_becomes_the_replacement_character_and_a_whole_one_its_emoji():
    record = replace(make_record(), metadata=VideoMetadata(title="cut off \ud83c", description="\ud83c\udf73"))
    assert round_trip(record).metadata == VideoMetadata(title="cut off \ufffd", description="🍳")


texts = st.none() | st.text(st.characters(codec="utf-8"), max_size=20)


@settings(max_examples=40, deadline=None)
@given(
    uid=st.text(string.printable, min_size=1),
    metadata=st.builds(
        VideoMetadata,
        title=texts,
        description=texts,
        view_count=st.none() | st.integers(-(2**63), 2**63 - 1),
        duration=st.none() | st.integers(0, 2**40),
        upload_date=texts,
        transcript=st.none() | st.lists(st.builds(Cue, st.text(max_size=5), st.text(st.characters(codec="utf-8"), max_size=9))).map(tuple),
    ),
    caption=texts,
)
def test_any_text_and_number_comes_back(uid, metadata, caption):
    record = with_root(replace(make_record(), uid=uid, metadata=metadata), clip_caption=caption)
    assert round_trip(record) == record


# Writing


def test_the_same_records_give_the_same_bytes(tmp_path):
    records = [make_record(f"clip{number}", provenance=True) for number in range(40)]
    write_records(records, tmp_path / "a.parquet")
    write_records(iter(records), tmp_path / "b.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_records_are_written_in_small_row_groups_as_they_come(tmp_path):
    record = make_record()
    write_records((replace(record, uid=str(number)) for number in range(70)), tmp_path / "a.parquet")
    metadata = pq.read_metadata(tmp_path / "a.parquet")
    assert [metadata.row_group(index).num_rows for index in range(metadata.num_row_groups)] == [32, 32, 6]
    assert uids(tmp_path / "a.parquet") == [str(number) for number in range(70)]


def test_no_records_make_a_file_of_the_published_schema(tmp_path):
    assert write_records([], tmp_path / "none.parquet") == 0
    assert pq.read_schema(tmp_path / "none.parquet").equals(PUBLISHED_SCHEMA)
    assert list(read_records(tmp_path / "none.parquet")) == []


def test_a_break_leaves_the_file_that_was_there(tmp_path):
    path = tmp_path / "a.parquet"
    write_records([make_record("old")], path)

    def breaking():
        yield from (make_record(str(number)) for number in range(40))
        assert uids(path) == ["old"]
        raise RuntimeError("the engine stops")

    with pytest.raises(RuntimeError, match="the engine stops"):
        write_records(breaking(), path)
    assert uids(path) == ["old"]
    assert [found.name for found in tmp_path.iterdir()] == ["a.parquet"]


def test_a_file_may_be_rewritten_while_it_is_read(tmp_path):
    path = tmp_path / "a.parquet"
    write_records([make_record(str(number)) for number in range(40)], path)
    assert write_records((record for record in read_records(path) if int(record.uid) % 2), path) == 20
    assert uids(path) == [str(number) for number in range(1, 40, 2)]


def test_folders_on_the_way_are_made(tmp_path):
    write_records([make_record("a")], tmp_path / "new/folder/a.parquet")
    assert uids(tmp_path / "new") == ["a"]


@pytest.mark.parametrize("path", ["", "folder.parquet", "nowhere://bucket/a.parquet"])
def test_a_path_that_cannot_be_written_is_named(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.parquet").mkdir()
    with pytest.raises(DataSetError, match=f"{path} cannot be written"):
        write_records([make_record()], path)


@pytest.mark.parametrize(
    ("choice", "known", "columns"),
    [
        ("auto", (True, True), SCHEMA),
        ("auto", (True, False), SCHEMA),
        ("auto", (False, False), PUBLISHED_SCHEMA),
        ("keep", (False, True), SCHEMA),
        ("drop", (True, False), PUBLISHED_SCHEMA),
    ],
)
def test_the_column_provenance_is_written_on_demand(choice, known, columns, tmp_path):
    records = [make_record(str(number), provenance=provenance) for number, provenance in enumerate(known)]
    write_records(records, tmp_path / "a.parquet", provenance=choice)
    assert pq.read_schema(tmp_path / "a.parquet").equals(columns)
    read = [record.provenance for record in read_records(tmp_path / "a.parquet")]
    assert read == [record.provenance if columns is SCHEMA else None for record in records]


def test_provenance_that_comes_late_is_not_dropped_silently(tmp_path):
    with pytest.raises(DataSetError, match="record b has provenance, the first one has none: pass provenance='keep' or 'drop'"):
        write_records([make_record("a"), make_record("b", provenance=True)], tmp_path / "a.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_number_that_does_not_fit_its_column_names_the_record(tmp_path):
    with pytest.raises(DataSetError, match="record clip does not fit the schema"):
        write_records([replace(make_record(), metadata=VideoMetadata(view_count=2**70))], tmp_path / "a.parquet")


# Reading


def test_a_folder_is_read_in_the_order_of_its_paths_without_hidden_files(tmp_path):
    for name in ("b", "a/z", "a/b", ".hidden", "_index", ".cache/c"):
        write_records([make_record(name)], tmp_path / f"{name}.parquet")
    (tmp_path / "notes.txt").write_text("not data")
    assert uids(tmp_path) == ["a/b", "a/z", "b"]


def test_several_sources_are_read_in_the_order_given(tmp_path):
    for name in "abc":
        write_records([make_record(name)], tmp_path / f"{name}.parquet")
    assert uids([str(tmp_path / "c.parquet"), tmp_path / "a.parquet"]) == ["c", "a"]


def test_urls_of_files_and_folders_are_read_and_written(memory):
    write_records([make_record("b")], f"{memory}/b.parquet")
    write_records([make_record("a")], f"{memory}/deep/a.parquet")
    assert uids(f"{memory}/b.parquet") == ["b"]
    assert uids(memory) == ["b", "a"]


def test_an_upload_that_breaks_leaves_nothing(memory):
    write_records([make_record("a")], f"{memory}/a.parquet")
    with pytest.raises(DataSetError):
        write_records([make_record("b"), make_record("c", provenance=True)], f"{memory}/b.parquet")
    assert uids(memory) == ["a"]


def test_files_of_other_writers_in_one_huge_row_group_are_read(tmp_path):
    rows = [record_to_row(make_record(str(number))) for number in range(50)]
    pq.write_table(pa.Table.from_pylist([{"shard": 1, **row} for row in rows]), tmp_path / "a.parquet", compression="zstd")
    assert list(read_records(tmp_path / "a.parquet")) == [make_record(str(number)) for number in range(50)]


def test_null_cues_metadata_and_captions_are_read(tmp_path):
    row = record_to_row(make_record()) | {"metadata": None}
    row["nodes"][0] |= {"gpt": {"summary": None, "action": {"brief": "Whisk"}}, "plm_caption": None, "plm_action": None}
    cues = record_to_row(make_record("cues"))
    cues["metadata"]["transcript"] = [None, {"time": None, "text": "hello"}]
    first, second = read_records(write_rows(tmp_path / "a.parquet", [row, cues]))
    assert first.metadata == VideoMetadata()
    assert first.tree.root.annotation == Annotation(Summary(None, None), Action("Whisk", None, None))
    assert first.tree.root.clip_caption is first.tree.root.clip_action is None
    assert second.metadata.transcript == (Cue("", ""), Cue("", "hello"))


def peak_bytes(path) -> int:
    """The most that Python and Arrow hold while the file is read and written again."""
    most_arrow = 0
    tracemalloc.start()

    def watched():
        nonlocal most_arrow
        for record in read_records(path):
            most_arrow = max(most_arrow, pa.total_allocated_bytes())
            yield record

    write_records(watched(), "memory://peak.parquet")
    peak = tracemalloc.get_traced_memory()[1] - fsspec.filesystem("memory").size("/peak.parquet")
    tracemalloc.stop()
    fsspec.filesystem("memory").rm("/peak.parquet")
    return peak + most_arrow


def test_memory_does_not_grow_with_the_number_of_records(tmp_path):
    chance = random.Random(0)

    def row(number: int) -> dict:
        caption = chance.randbytes(16_000).hex()  # 32 kB that hardly compress
        return record_to_row(with_root(make_record(str(number)), clip_caption=caption))

    write_rows(tmp_path / "short.parquet", map(row, range(256)))  # 8 MB: more than a column reads ahead
    write_rows(tmp_path / "long.parquet", map(row, range(1024)))
    assert pq.read_metadata(tmp_path / "long.parquet").num_row_groups == 1
    peak_bytes(tmp_path / "short.parquet")  # what is imported late is counted here
    assert peak_bytes(tmp_path / "long.parquet") < 1.25 * peak_bytes(tmp_path / "short.parquet")


# Refusals


def test_an_empty_folder_and_a_path_to_nowhere_are_named_at_once(tmp_path):
    with pytest.raises(DataSetError, match=r"holds no \.parquet file"):
        read_records(tmp_path)
    with pytest.raises(DataSetError, match="lost: there is no such file or folder"):
        read_records(tmp_path / "lost")
    with pytest.raises(DataSetError, match=r"nowhere://x cannot be read: .*nowhere"):
        read_records("nowhere://x")


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: b"uid,title\n1,a\n" * 9, lambda data: data[: len(data) // 2]])
def test_what_is_not_a_whole_parquet_file_is_named_with_the_cure(damage, tmp_path):
    write_records([make_record()], tmp_path / "a.parquet")
    (tmp_path / "a.parquet").write_bytes(damage((tmp_path / "a.parquet").read_bytes()))
    with pytest.raises(DataSetError, match=r"a\.parquet is not a whole Parquet file .*: download or write it again"):
        next(read_records(tmp_path / "a.parquet"))


def test_damage_inside_a_file_is_named_and_earlier_rows_are_kept(tmp_path):
    write_records([make_record(str(number)) for number in range(70)], tmp_path / "a.parquet")
    data = bytearray((tmp_path / "a.parquet").read_bytes())
    start = pq.read_metadata(tmp_path / "a.parquet").row_group(2).column(0).dictionary_page_offset
    data[start : start + 40] = b"\xff" * 40
    (tmp_path / "a.parquet").write_bytes(data)
    records = read_records(tmp_path / "a.parquet")
    assert [record.uid for record in islice(records, 64)] == [str(number) for number in range(64)]
    with pytest.raises(DataSetError, match=r"a\.parquet is damaged behind row 64"):
        next(records)


def test_a_missing_column_is_named_also_when_there_is_no_row(tmp_path):
    path = write_rows(tmp_path / "a.parquet", [], schema=pa.schema([PUBLISHED_SCHEMA.field("video_uid"), PUBLISHED_SCHEMA.field("metadata")]))
    with pytest.raises(DataSetError, match=r"a\.parquet: the column nodes is missing"):
        list(read_records(path))


def broken_row() -> dict:
    row = record_to_row(make_record("broken"))
    row["nodes"][1]["end"] = 9.0
    return row


def test_nodes_that_are_no_tree_name_file_row_uid_and_fault(tmp_path):
    path = write_rows(tmp_path / "a.parquet", [record_to_row(make_record("good")), broken_row()])
    records = read_records(path)
    assert next(records).uid == "good"
    with pytest.raises(DataSetError, match=r"a\.parquet, row 1 \(broken\): the nodes are no tree: cover: .*do not tile \[0\.0, 16\.0\)"):
        next(records)


@pytest.mark.parametrize("column", ["node_id", "level", "start", "end"])
def test_a_null_that_a_tree_cannot_do_without_is_named(column, tmp_path):
    row = record_to_row(make_record())
    row["nodes"][3][column] = None
    with pytest.raises(DataSetError, match=rf"row 0 \(clip\): nodes\[3\]\.{column} is null"):
        list(read_records(write_rows(tmp_path / "a.parquet", [row])))


def test_what_is_left_out_is_told_and_the_others_go_on(tmp_path):
    write_rows(tmp_path / "a.parquet", [record_to_row(make_record("first")), broken_row(), record_to_row(make_record("second"))])
    (tmp_path / "b.parquet").write_bytes(b"cut off")
    write_records([make_record("third")], tmp_path / "c.parquet")
    errors: list[DataSetError] = []
    assert uids(tmp_path, on_error=errors.append) == ["first", "second", "third"]
    assert ["row 1 (broken)" in str(errors[0]), "b.parquet is not a whole" in str(errors[1]), len(errors)] == [True, True, 2]
