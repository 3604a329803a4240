import pyarrow as pa
import pytest

from action100m.dataset.conform import conform_batch, find_differences
from action100m.dataset.schema import PUBLISHED_SCHEMA, SCHEMA
from action100m.errors import DataSetError
from support.records import make_record, record_to_row


def widened(type: pa.DataType) -> pa.DataType:
    """The type that other writers give the same values: large, 64 bits, fields in reverse order."""
    if pa.types.is_struct(type):
        return pa.struct([pa.field(field.name, widened(field.type)) for field in reversed(list(type))])
    if pa.types.is_list(type):
        return pa.large_list(widened(type.value_type))
    return {pa.string(): pa.large_string(), pa.int16(): pa.int64(), pa.float32(): pa.float64(), pa.int64(): pa.float64()}.get(type, type)


def batch_of(*rows: dict, schema: pa.Schema = SCHEMA) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(list(rows), schema=schema)


def rows() -> list[dict]:
    """A full row, rows with nulls and with an empty list, and one with provenance."""
    bare = record_to_row(make_record("bare")) | {"metadata": None}
    bare["nodes"] = [*bare["nodes"][:1], None]
    silent = record_to_row(make_record("silent"))
    silent["metadata"]["transcript"] = []
    mute = record_to_row(make_record("mute"))
    mute["metadata"]["transcript"] = None
    return [record_to_row(make_record("full")), bare, silent, mute, record_to_row(make_record("ours", provenance=True))]


def test_the_published_types_pass_as_they_are():
    batch = batch_of(*rows())
    assert conform_batch(batch).equals(batch)
    assert list(find_differences(SCHEMA)) == list(find_differences(PUBLISHED_SCHEMA)) == []


def test_wider_types_and_another_order_are_brought_back():
    wide = pa.schema([pa.field(field.name, widened(field.type)) for field in reversed(list(SCHEMA))])
    batch = batch_of(*rows(), schema=wide)
    assert batch.schema.types != SCHEMA.types
    assert conform_batch(batch).equals(batch_of(*rows()))


def test_a_slice_of_wider_types_is_brought_back():
    wide = pa.schema([pa.field(field.name, widened(field.type)) for field in SCHEMA])
    assert conform_batch(batch_of(*rows(), schema=wide).slice(1, 2)).equals(batch_of(*rows()[1:3]))


def test_columns_of_nothing_but_null_lose_their_type_in_other_writers():
    row = record_to_row(make_record())
    row["metadata"] |= {"transcript": None, "view_count": None}
    untyped = pa.RecordBatch.from_pylist([row])  # the types that pyarrow guesses
    assert untyped.schema.field("provenance").type == pa.null()
    assert conform_batch(untyped).equals(batch_of(row))


def test_dictionaries_of_strings_are_decoded():
    batch = batch_of(*rows(), schema=PUBLISHED_SCHEMA)
    encoded = batch.set_column(0, "video_uid", batch.column("video_uid").dictionary_encode())
    assert conform_batch(encoded).column("video_uid").equals(batch.column("video_uid"))


def test_additional_columns_and_fields_are_passed_over():
    row = record_to_row(make_record())
    extra = pa.RecordBatch.from_pylist([row | {"shard": 3, "metadata": row["metadata"] | {"channel": "cooks"}}])
    assert conform_batch(extra).equals(batch_of(row))


@pytest.mark.parametrize(
    ("path", "remove"),
    [
        ("video_uid", lambda row: row.pop("video_uid")),
        ("metadata.title", lambda row: row["metadata"].pop("title")),
        ("nodes.llama3_caption", lambda row: [node.pop("llama3_caption") for node in row["nodes"]]),
        ("nodes.gpt.action.actor", lambda row: [node["gpt"]["action"].pop("actor") for node in row["nodes"] if node["gpt"]]),
    ],
)
def test_a_missing_column_is_named(path, remove):
    row = record_to_row(make_record())
    remove(row)
    with pytest.raises(DataSetError, match=rf"column {path} is missing: .*"):
        conform_batch(pa.RecordBatch.from_pylist([row]))


def test_a_value_that_the_published_type_cannot_hold_is_refused():
    row = record_to_row(make_record())
    row["nodes"][0]["level"] = 70_000
    with pytest.raises(DataSetError, match=r"nodes\.level is int64 and does not fit int16"):
        conform_batch(pa.RecordBatch.from_pylist([row]))


def test_a_column_of_another_kind_is_refused():
    row = record_to_row(make_record()) | {"nodes": "see the other file"}
    with pytest.raises(DataSetError, match="column nodes is string"):
        conform_batch(pa.RecordBatch.from_pylist([row]))


def test_large_strings_and_lists_are_no_difference_in_a_file():
    assert list(find_differences(pa.schema([("video_uid", pa.large_string()), *list(PUBLISHED_SCHEMA)[1:]]))) == []


def test_differences_name_path_and_both_types():
    odd = pa.schema([("video_uid", pa.int64()), PUBLISHED_SCHEMA.field("metadata")])
    assert [str(difference) for difference in find_differences(odd)] == [
        "video_uid is int64, the published type is string",
        f"nodes is missing, the published type is {PUBLISHED_SCHEMA.field('nodes').type}",
    ]
