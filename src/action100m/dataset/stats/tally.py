"""Count how often each text comes, exactly, however many different texts there are.

The counts are one Arrow table while it is small. One that has grown to a limit goes to a temporary file, cut by a hash of the text into parts, and a
new one begins. In the end each part is joined over all files by itself: equal texts have equal hashes, so they meet in the same part.
Memory is that of the table, and of one part; the disk holds each different text once a file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_SCHEMA: Final = pa.schema([("text", pa.large_string()), ("count", pa.int64())])
_PARTS: Final = 256
_MOST_TEXTS: Final = 400_000
_MOST_BYTES: Final = 24 << 20
"""Limits of the table. Joining needs some times as much for a moment."""


@dataclass(frozen=True, slots=True)
class TextGroups:
    """How often texts come. A group is all that are the same, letter by letter."""

    total: int
    """Texts."""
    distinct: int
    """Different texts."""
    repeated: int
    """Different texts that come more than once."""
    in_repeated: int
    """Texts that are the same as another one."""
    top: tuple[tuple[str, int], ...]
    """The largest groups, (text, how often), the largest first, and of equals in the order of their letters."""


@dataclass
class TextTally:
    """Counts of texts so far."""

    folder: Path
    """Where files may be written; it is made when it is needed, and left to its owner."""
    most_texts: int = _MOST_TEXTS
    most_bytes: int = _MOST_BYTES
    _table: pa.Table = field(default_factory=_SCHEMA.empty_table)
    _pending: list[pa.Table] = field(default_factory=list)
    _files: list[Path] = field(default_factory=list)

    def add(self, texts: pa.Array, counts: pa.Array | None = None) -> None:
        """Count texts, each once, or as often as `counts` says. Nulls are not counted."""
        counts = pa.repeat(pa.scalar(1, pa.int64()), len(texts)) if counts is None else counts
        added = pa.table([texts.cast(pa.large_string()), counts], schema=_SCHEMA)
        added = added.filter(texts.is_valid()) if texts.null_count else added
        self._pending.append(_join([added]))
        waiting = sum(table.num_rows for table in self._pending), sum(table.nbytes for table in self._pending)
        if waiting[0] > max(self._table.num_rows, self.most_texts // 8) or waiting[1] > self.most_bytes // 2:
            self._settle()

    def tables(self) -> Iterator[pa.Table]:
        """Yield tables of the columns `text` and `count`. Every text is in one of them, once."""
        self._settle()
        if not self._files:
            yield self._table
            return
        self._spill()
        for part in range(_PARTS):
            yield _join([_read_part(file, part) for file in self._files])

    def groups(self, top: int) -> TextGroups:
        """Return the sums, and the `top` largest groups."""
        total = distinct = repeated = in_repeated = 0
        largest = _SCHEMA.empty_table()
        for table in self.tables():
            more = table.filter(pc.greater(table["count"], 1))
            total += pc.sum(table["count"], min_count=0).as_py()
            distinct += table.num_rows
            repeated += more.num_rows
            in_repeated += pc.sum(more["count"], min_count=0).as_py()
            largest = _largest(pa.concat_tables([largest, _largest(table, top)]), top)
        return TextGroups(total, distinct, repeated, in_repeated, tuple(zip(*largest.to_pydict().values(), strict=True)))

    def _settle(self) -> None:
        if self._pending:
            self._table, self._pending = _join([self._table, *self._pending]), []
        if self._table.num_rows > self.most_texts or self._table.nbytes > self.most_bytes:
            self._spill()

    def _spill(self) -> None:
        """Write the table to a file, one record batch for each part."""
        from action100m.dataset.stats.text_kernel import hash_bytes, text_buffers

        self.folder.mkdir(parents=True, exist_ok=True)
        whole = self._table.combine_chunks()
        texts = whole["text"].chunk(0) if whole.num_rows else pa.array([], pa.large_string())
        parts = hash_bytes(*text_buffers(texts)) % np.uint64(_PARTS)
        path = self.folder / str(len(self._files))
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, _SCHEMA) as writer:
            for part in range(_PARTS):
                chosen = whole.filter(pa.array(parts == part)).combine_chunks()
                writer.write_batch(pa.RecordBatch.from_arrays([_one_chunk(chosen[name], name) for name in _SCHEMA.names], schema=_SCHEMA))
        self._files.append(path)
        self._table = _SCHEMA.empty_table()


def _one_chunk(column: pa.ChunkedArray, name: str) -> pa.Array:
    return column.chunk(0) if column.num_chunks else pa.array([], _SCHEMA.field(name).type)


def _read_part(path: Path, part: int) -> pa.Table:
    with pa.OSFile(str(path), "rb") as source, pa.ipc.open_file(source) as reader:
        return pa.Table.from_batches([reader.get_batch(part)])


def _join(tables: list[pa.Table]) -> pa.Table:
    joined = pa.concat_tables(tables).group_by("text").aggregate([("count", "sum")])
    return joined.select(["text", "count_sum"]).rename_columns(["text", "count"])


def _largest(table: pa.Table, top: int) -> pa.Table:
    if table.num_rows > 4 * top:  # sorting by text is slow: only those that can be among the largest
        least = pc.min(pc.take(table["count"], pc.select_k_unstable(table, top, [("count", "descending")])))
        table = table.filter(pc.greater_equal(table["count"], least))
    return table.sort_by([("count", "descending"), ("text", "ascending")]).slice(0, top)
