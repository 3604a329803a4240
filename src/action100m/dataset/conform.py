"""Bring what other writers make of the published schema back to it.

pandas, Polars, DuckDB and `datasets` keep the names but not the types: large strings, wider integers and floats, dictionaries, columns of type null.
Names decide, order does not, and a value is cast only if it survives.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from action100m.dataset.schema import PUBLISHED_SCHEMA, RECORD_COLUMNS, SCHEMA
from action100m.errors import DataSetError


@dataclass(frozen=True, slots=True)
class Difference:
    """A column that is not as published."""

    path: str
    """Such as "nodes.gpt.summary"."""
    found: pa.DataType | None
    """None where the column is missing."""
    expected: pa.DataType

    def __str__(self) -> str:
        return f"{self.path} is {self.found or 'missing'}, the published type is {self.expected}"


def find_differences(found: pa.Schema) -> Iterator[Difference]:
    """Yield each column that is missing or has another type. Additional columns are none of our business, and `provenance` may be absent."""
    wanted = SCHEMA if "provenance" in found.names else PUBLISHED_SCHEMA
    yield from _differences(_as_struct(found), _as_struct(wanted), "")


def conform_batch(batch: pa.RecordBatch, schema: pa.Schema = SCHEMA) -> pa.RecordBatch:
    """Return the batch in the types of a schema (`SCHEMA`, or a part of it), with nulls for `provenance` where it is absent.

    Raises:
        DataSetError: a column is missing or a value does not survive the cast. The message names the column.
    """
    differences = _differences(_as_struct(batch.schema), _as_struct(schema), "")
    missing = [difference.path for difference in differences if difference.found is None and difference.path != RECORD_COLUMNS["provenance"]]
    if missing:
        raise DataSetError(f"the column {', '.join(missing)} is missing: select all published columns when you write the file")
    columns = [
        _conform(batch.column(field.name), field.type, field.name) if field.name in batch.schema.names else pa.nulls(len(batch), field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _as_struct(schema: pa.Schema) -> pa.DataType:
    return pa.struct(list(schema))


def _is_list(type: pa.DataType) -> bool:
    return bool(pa.types.is_list(type) or pa.types.is_large_list(type) or pa.types.is_fixed_size_list(type))


def _differences(found: pa.DataType, wanted: pa.DataType, path: str) -> Iterator[Difference]:
    if pa.types.is_struct(found) and pa.types.is_struct(wanted):
        for field in wanted:
            below, index = f"{path}.{field.name}".lstrip("."), found.get_field_index(field.name)
            if index < 0:
                yield Difference(below, None, field.type)
            else:
                yield from _differences(found.field(index).type, field.type, below)
    elif _is_list(found) and _is_list(wanted):
        yield from _differences(found.value_type, wanted.value_type, path)
    elif found != wanted and not (pa.types.is_large_string(found) and pa.types.is_string(wanted)):  # large is a hint: Parquet stores the same
        yield Difference(path, found, wanted)


def _conform(array: pa.Array, wanted: pa.DataType, path: str) -> pa.Array:
    found = array.type
    if found == wanted:
        return array
    if pa.types.is_null(found):
        return pa.nulls(len(array), wanted)
    if pa.types.is_dictionary(found):
        return _conform(array.dictionary_decode(), wanted, path)
    if pa.types.is_struct(found) and pa.types.is_struct(wanted):
        return _conform_struct(array, wanted, path)
    if _is_list(found) and _is_list(wanted):
        return _conform_list(array, wanted, path)
    try:
        return array.cast(wanted)
    except pa.ArrowException as error:
        raise DataSetError(f"the column {path} is {found} and does not fit {wanted}: {error}") from error


def _conform_struct(array: pa.StructArray, wanted: pa.DataType, path: str) -> pa.StructArray:
    found = dict(zip((field.name for field in array.type), array.flatten(), strict=True))
    columns = [_conform(found[field.name], field.type, f"{path}.{field.name}") for field in wanted]
    return pa.StructArray.from_arrays(columns, fields=list(wanted), mask=array.is_null())


def _conform_list(array: pa.Array, wanted: pa.DataType, path: str) -> pa.ListArray:
    """`flatten` drops what lies behind nulls and outside a slice, so the offsets are counted anew."""
    lengths = pc.fill_null(pc.list_value_length(array), 0)
    offsets = pa.concat_arrays([pa.array([0], pa.int64()), pc.cumulative_sum(lengths.cast(pa.int64()))]).cast(pa.int32())
    return pa.ListArray.from_arrays(offsets, _conform(array.flatten(), wanted.value_type, path), type=wanted, mask=array.is_null())
