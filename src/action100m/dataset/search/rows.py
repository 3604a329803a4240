"""The segments of a data set, one row each with all its searched texts, on the disk: what is in memory does not grow with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from action100m.dataset.columns import ColumnBatch, read_columns
from action100m.dataset.search.passages import join_texts
from action100m.dataset.source import Source
from action100m.errors import DataSetError
from action100m.record import TextField

ROW_SCHEMA: Final = pa.schema(
    [
        ("uid", pa.string()),
        ("title", pa.string()),
        ("node", pa.string()),
        ("level", pa.int16()),
        ("start", pa.float64()),
        ("end", pa.float64()),
        ("seconds", pa.float64()),
        ("texts", pa.list_(pa.string())),
    ]
)
"""`texts` are in the order of the searched fields; null where the node lacks one."""

OnError = Callable[[DataSetError], None]


class Segments:
    """Rows of a file, memory-mapped. With `__len__` and `__getitem__` it is what `embed_texts` reads."""

    def __init__(self, path: Path) -> None:
        with pa.memory_map(str(path)) as file:
            self.table: pa.Table = pa.ipc.open_file(file).read_all()

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, part: slice) -> Sequence[str]:
        """Return the passages of some segments."""
        return [join_texts(texts) for texts in self.table.column("texts")[part].to_pylist()]


def write_segments(source: Source, path: Path, fields: Sequence[TextField], *, on_error: OnError, on_progress: Callable[[int], None]) -> Segments:
    """Write the nodes that have one of the texts to an Arrow file.

    on_error: called for each record or file that has to be left out; so is a second record of a video, whose segments would be found twice.
    on_progress: called with the number of segments so far.
    """
    seen, count = set[str](), 0
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, ROW_SCHEMA) as writer:
        for batch in read_columns(source, videos=["title"], nodes=["id", "level", "start", "end", *fields], on_error=on_error):
            rows = _make_rows(batch, fields, _find_new(batch, seen, on_error))
            writer.write_batch(rows)
            count += len(rows)
            on_progress(count)
    return Segments(path)


def _find_new(batch: ColumnBatch, seen: set[str], on_error: OnError) -> pa.Array:
    """Tell which videos of a batch were not met before."""
    new = []
    for row, uid in zip(batch.videos["row"].to_pylist(), batch.videos["uid"].to_pylist(), strict=True):
        new.append(uid not in seen)
        if uid in seen:
            on_error(DataSetError(f"{batch.file}, row {row}: the video {uid!r} was met before"))
        seen.add(uid)
    return pa.array(new, pa.bool_())


def _make_rows(batch: ColumnBatch, fields: Sequence[TextField], new: pa.Array) -> pa.RecordBatch:
    nodes = batch.nodes
    texts = [_without_blanks(nodes[field]) for field in fields]
    wanted = new.take(nodes["video"]).to_numpy(zero_copy_only=False)
    has_text = np.logical_or.reduce([text.is_valid().to_numpy(zero_copy_only=False) for text in texts])
    start, end = (pc.round(nodes[name].cast(pa.float64()), 3) for name in ("start", "end"))  # they are kept as float32
    columns = {
        "uid": batch.videos["uid"].take(nodes["video"]),
        "title": batch.videos["title"].take(nodes["video"]),
        "node": nodes["id"],
        "level": nodes["level"],
        "start": start,
        "end": end,
        "seconds": pc.round(pc.subtract(end, start), 3),
        "texts": _interleave(texts),
    }
    return pa.record_batch(columns, schema=ROW_SCHEMA).filter(pa.array(wanted & has_text))


def _without_blanks(texts: pa.Array) -> pa.Array:
    blank = pc.equal(pc.utf8_trim_whitespace(texts), "")
    return pc.if_else(blank, pa.scalar(None, pa.string()), texts)


def _interleave(columns: Sequence[pa.Array]) -> pa.ListArray:
    """Return the lists whose items are the values of a row."""
    rows, width = len(columns[0]), len(columns)
    places = np.arange(rows)[:, None] + rows * np.arange(width)
    values = pa.concat_arrays(list(columns)).take(pa.array(places.ravel()))
    return pa.ListArray.from_arrays(pa.array(np.arange(rows + 1, dtype=np.int32) * width), values)


def read_batches(segments: Segments, rows: int) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield the rows in batches of at most so many, each with the number of its first row."""
    start = 0
    for batch in segments.table.to_batches(max_chunksize=rows):
        yield start, batch
        start += len(batch)
