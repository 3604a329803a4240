"""Read only the columns that are asked for, as Arrow arrays: what counts over a whole data set need not make a Python object of every node.

    for batch in read_columns("mine.parquet", videos=["title"], nodes=["start", "end", "brief_action"]):

    batch.videos   row uid title          batch.nodes   video start  end  brief_action
                   0   a   Omelette                     0     0.0   16.0  Cook an omelette
                   1   b   Toast                        0     0.0   10.0  Whisk the eggs
                                                        1     0.0    4.2  Slice bread

Names are those of `Record`, not those of the file. Neither row groups nor the number of videos decide how much is in memory: a batch is as many
videos as make up about 16 MB. A record is left out where what is read of it is null, no time or no level, or it has no nodes. Whether the nodes
make a tree is not checked; `read_records` does that.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from action100m.dataset.conform import conform_batch
from action100m.dataset.schema import NODE_COLUMNS, PUBLISHED_SCHEMA, RECORD_COLUMNS, REQUIRED_NODE_FIELDS, TEXT_COLUMNS
from action100m.dataset.source import DataFile, Source, find_files, next_batch, open_parquet
from action100m.errors import DataSetError
from action100m.record import TextField

VideoColumn = Literal["title", "description", "view_count", "like_count", "duration", "upload_date", "transcript"]
"""What can be asked for of a video; `row` and `uid` are always there."""
NodeColumn = Literal["id", "parent", "level", "start", "end", "annotated"] | TextField
"""What can be asked for of a node; `video` is always there. `annotated` tells whether it has an annotation, whatever is in it."""

_BATCH_BYTES: Final = 16 << 20
_MOST_ROWS: Final = 64
"""What a file stores can be much smaller than what it holds: the same text over and over."""

_VIDEO_PATHS: Final = {"uid": (RECORD_COLUMNS["uid"],)} | {
    field.name: (RECORD_COLUMNS["metadata"], field.name) for field in PUBLISHED_SCHEMA.field(RECORD_COLUMNS["metadata"]).type
}
_NODE_PATHS: Final = (
    {name: (column,) for name, column in NODE_COLUMNS.items() if name != "annotation"}
    | dict(TEXT_COLUMNS)
    | {"annotated": TEXT_COLUMNS["brief_action"]}  # a part tells whether the whole is there, and this is the shortest
)


@dataclass(frozen=True, slots=True)
class ColumnBatch:
    """Some videos of one file, column by column."""

    file: str
    videos: pa.RecordBatch
    """One row per video: `row` int64, its number in the file from 0; `uid`; the columns asked for."""
    nodes: pa.RecordBatch
    """One row per node, those of a video together and in order: `video` int64, the index of its row in `videos`; the columns asked for."""


def read_columns(
    source: Source | DataFile,
    *,
    videos: Sequence[VideoColumn] = (),
    nodes: Sequence[NodeColumn] = (),
    on_error: Callable[[DataSetError], None] | None = None,
) -> Generator[ColumnBatch]:
    """Yield the columns of a Parquet file, a folder of them, an fsspec URL of either, or several of these, in order.

    on_error: called for each record or file that has to be left out, and the others go on. Without it the first one is raised.

    Raises:
        DataSetError: nothing is there (at once); a file cannot be read, a column is missing, a required value is null, or a time or level is none
            (when it is met). The message names the file, and the row and column where there is one.
    """
    batches = read_batches(source, _schema_of(videos, nodes), on_error=on_error)
    return (flatten_batch(batch, file, videos=videos, nodes=nodes) for file, batch in batches)


def read_batches(
    source: Source | DataFile, schema: pa.Schema, *, on_error: Callable[[DataSetError], None] | None = None
) -> Generator[tuple[DataFile, pa.RecordBatch]]:
    """Yield batches in the types of a schema, which is `SCHEMA` or a part of it, and beside its columns `row`, the number in the file from 0.

    Raises:
        DataSetError: as `read_columns`.
    """
    return _read_files(find_files(source), schema, on_error or _raise)


def flatten_batch(batch: pa.RecordBatch, file: DataFile, *, videos: Sequence[VideoColumn] = (), nodes: Sequence[NodeColumn] = ()) -> ColumnBatch:
    """Return some columns of what `read_batches` yields."""
    return ColumnBatch(file.name, _make_videos(batch, tuple(videos)), _make_nodes(batch, tuple(nodes)))


def _raise(error: DataSetError) -> None:
    raise error


def _read_files(files: list[DataFile], schema: pa.Schema, on_error: Callable[[DataSetError], None]) -> Generator[tuple[DataFile, pa.RecordBatch]]:
    for file in files:
        try:
            for batch, first in _read_batches(file, schema):
                yield file, _leave_out(batch, file, first, on_error)
        except DataSetError as error:
            on_error(error)


def _schema_of(videos: Sequence[str], nodes: Sequence[str]) -> pa.Schema:
    """Return the part of the published schema that holds some columns."""
    wanted = [_VIDEO_PATHS[name] for name in ("uid", *videos)]
    wanted += [(RECORD_COLUMNS["nodes"], *_NODE_PATHS[name]) for name in nodes]
    whole = pa.struct(list(PUBLISHED_SCHEMA))
    return pa.schema(list(_prune(whole, wanted)))


def _prune(type: pa.DataType, paths: Sequence[tuple[str, ...]]) -> pa.DataType:
    """Return a type with only those of its fields that a path leads to. A path that ends keeps all that is below it."""
    if () in paths:
        return type
    if pa.types.is_list(type):
        return pa.list_(type.value_field.with_type(_prune(type.value_type, paths)))
    below = {field.name: [path[1:] for path in paths if path[0] == field.name] for field in type}
    return pa.struct([field.with_type(_prune(field.type, below[field.name])) for field in type if below[field.name]])


def _read_batches(file: DataFile, schema: pa.Schema) -> Iterator[tuple[pa.RecordBatch, int]]:
    """Yield batches in the types of the schema, each with the number of its first row."""
    first = 0
    with open_parquet(file) as parquet:
        leaves = _find_leaves(parquet, schema)
        kept = pa.schema([field for field in parquet.schema_arrow if field.name in schema.names])
        _conform(pa.RecordBatch.from_pylist([], schema=kept), schema, file, first)  # a missing column is told also when there is no row
        batches = parquet.iter_batches(batch_size=_count_rows(parquet, leaves), columns=leaves)
        while (batch := next_batch(batches, file, first)) is not None:
            yield _conform(batch, schema, file, first), first
            first += len(batch)


def _conform(batch: pa.RecordBatch, schema: pa.Schema, file: DataFile, first: int) -> pa.RecordBatch:
    try:
        conformed = conform_batch(batch, schema)
    except DataSetError as error:
        raise DataSetError(f"{file.name}: {error}") from error
    try:
        conformed.validate(full=True)
    except pa.ArrowInvalid as error:
        raise DataSetError(f"{file.name}: a text in rows {first} to {first + len(batch) - 1} is not UTF-8 ({error})") from error
    return conformed


def _find_leaves(parquet: pq.ParquetFile, schema: pa.Schema) -> list[str]:
    """Return the columns of the file that the schema needs. Each writer has its own names for lists and their items, which stand between ours."""
    wanted = list(_leaf_paths(pa.struct(list(schema))))
    columns = [parquet.schema.column(index).path for index in range(len(parquet.schema))]
    leaves = [column for column in columns if any(_leads_to(column.split("."), path) for path in wanted)]
    found = {leaf.split(".")[0] for leaf in leaves}
    return leaves + [name for name in schema.names if name not in found and name in parquet.schema_arrow.names]


def _leaf_paths(type: pa.DataType) -> Iterator[tuple[str, ...]]:
    if pa.types.is_list(type):
        yield from _leaf_paths(type.value_type)
    elif pa.types.is_struct(type):
        yield from ((field.name, *path) for field in type for path in _leaf_paths(field.type))
    else:
        yield ()


def _leads_to(column: list[str], path: tuple[str, ...]) -> bool:
    """Tell whether a column of the file is at the end of a path, or at a struct on the way of which nothing but nulls was stored."""
    met = [part for part in column if part in path]
    return column[0] == path[0] and (tuple(met) == path or (column[-1] == met[-1] and tuple(met) == path[: len(met)]))


def _count_rows(parquet: pq.ParquetFile, leaves: Sequence[str]) -> int:
    """Return how many videos a batch holds."""
    metadata = parquet.metadata
    if not metadata.num_rows:
        return 1
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    chosen = [index for index in range(metadata.num_columns) if parquet.schema.column(index).path in leaves]
    most = max(sum(group.column(index).total_uncompressed_size for index in chosen) / group.num_rows for group in groups if group.num_rows)
    return int(np.clip(_BATCH_BYTES / max(most, 1), 1, _MOST_ROWS))


def _leave_out(batch: pa.RecordBatch, file: DataFile, first: int, on_error: Callable[[DataSetError], None]) -> pa.RecordBatch:
    """Return the rows in which nothing that was read is wrong, with their numbers as the column `row`."""
    batch = batch.append_column("row", pa.array(np.arange(first, first + len(batch))))
    bad = np.zeros(len(batch), bool)
    for fault, rows in chain(_find_nulls(batch), _find_misfits(batch)):
        for row in np.unique(rows[~bad[rows]]):
            uid = batch.column(RECORD_COLUMNS["uid"])[row].as_py()
            on_error(DataSetError(f"{file.name}, row {first + row} ({repr(uid) if uid else 'no uid'}): {fault}"))
        bad[rows] = True
    return batch.filter(pa.array(~bad)) if bad.any() else batch


def _find_nulls(batch: pa.RecordBatch) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Yield what is null and must not be, and the rows that it is in."""
    for name in (RECORD_COLUMNS["uid"], RECORD_COLUMNS["nodes"]):
        if name in batch.schema.names and batch.column(name).null_count:
            yield f"{name} is null", np.flatnonzero(batch.column(name).is_null())
    if RECORD_COLUMNS["nodes"] not in batch.schema.names:
        return
    nodes = batch.column(RECORD_COLUMNS["nodes"])
    parents, items = pc.list_parent_indices(nodes), nodes.flatten()
    for column in [""] + [NODE_COLUMNS[name] for name in REQUIRED_NODE_FIELDS if _holds(items, name)]:
        values = pc.struct_field(items, [column]) if column else items
        if values.null_count:
            yield f"nodes{'.' * bool(column)}{column} is null", parents.filter(values.is_null()).to_numpy()


def _find_misfits(batch: pa.RecordBatch) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Yield what no tree has, as far as it shows in one node, and the rows that it is in."""
    if RECORD_COLUMNS["nodes"] not in batch.schema.names:
        return
    nodes = batch.column(RECORD_COLUMNS["nodes"])
    parents, items = pc.list_parent_indices(nodes).to_numpy(), nodes.flatten()
    yield "there are no nodes", np.flatnonzero(pc.fill_null(pc.equal(pc.list_value_length(nodes), 0), False))
    if _holds(items, "start") and _holds(items, "end"):
        start, end = (pc.struct_field(items, [NODE_COLUMNS[name]]).to_numpy(zero_copy_only=False) for name in ("start", "end"))
        yield "a node has no finite times 0 <= start < end", parents[~((start >= 0) & (start < end) & np.isfinite(end))]
    if _holds(items, "level"):
        yield (
            "a level is below 0",
            parents[pc.fill_null(pc.less(pc.struct_field(items, [NODE_COLUMNS["level"]]), 0), False).to_numpy(zero_copy_only=False)],
        )


def _holds(items: pa.StructArray, name: str) -> bool:
    """Tell whether a field of `Node` was read."""
    return bool(items.type.get_field_index(NODE_COLUMNS[name]) >= 0)


def _make_videos(batch: pa.RecordBatch, names: tuple[str, ...]) -> pa.RecordBatch:
    columns = {"row": batch.column("row")} | {name: _get(batch, _VIDEO_PATHS[name]) for name in ("uid", *names)}
    return pa.RecordBatch.from_pydict(columns)


def _make_nodes(batch: pa.RecordBatch, names: tuple[str, ...]) -> pa.RecordBatch:
    if not names:
        return pa.RecordBatch.from_pydict({"video": pa.array([], pa.int64())})
    nodes = batch.column(RECORD_COLUMNS["nodes"])
    items = nodes.flatten()
    columns = {"video": pc.list_parent_indices(nodes)}
    for name in names:
        path = _NODE_PATHS[name]
        columns[name] = pc.struct_field(items, [path[0]]).is_valid() if name == "annotated" else pc.struct_field(items, list(path))
    return pa.RecordBatch.from_pydict(columns)


def _get(batch: pa.RecordBatch, path: tuple[str, ...]) -> pa.Array:
    column = batch.column(path[0])
    return pc.struct_field(column, list(path[1:])) if path[1:] else column
