"""Which nodes and texts the table of `audit --out` flags, joined to the data while both go by.

    data    a a a   b b b   c c   d d d        the table has a row for each node, in the order of the data, so each video takes the rows that come
    table   a a a           c c   d d d        next. Where another video comes next, the audit had left this one out (b)

So neither is ever held in memory. A table whose next video is never met is of other data, or of files in another order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from action100m.dataset.audit.finding import Flag
from action100m.dataset.audit.table import TABLE_SCHEMA
from action100m.dataset.columns import ColumnBatch
from action100m.dataset.conform import conform_batch
from action100m.dataset.source import DataFile, Source, find_files, next_batch, open_parquet
from action100m.errors import DataSetError
from action100m.record import TextField

_JOINED: Final = pa.schema([TABLE_SCHEMA.field(name) for name in ("uid", "node", "findings")])
_BATCH_ROWS: Final = 4_096
"""Rows read at once: some 2 MB."""
_MOST_MISSED: Final = 1_000
"""Videos in a row without flags from which the table is taken to be of other data. Their uids are what is remembered."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What the table says about the nodes of a batch."""

    known: NDArray[np.bool_]
    """Nodes of videos that were audited."""
    lists: pa.ListArray
    """Of each node (flag, field, message); null where it is not known."""

    def flagged(self, flags: Sequence[Flag], field: TextField | None = None) -> NDArray[np.bool_]:
        """Tell which nodes have one of some flags, in a field or in any."""
        items = self.lists.flatten()
        hits = pc.is_in(pc.struct_field(items, ["flag"]), value_set=pa.array(flags, pa.string()))
        if field is not None:
            hits = pc.and_(hits, pc.equal(pc.struct_field(items, ["field"]), field))
        found = np.zeros(len(self.lists), bool)
        found[np.asarray(pc.list_parent_indices(self.lists).filter(hits))] = True
        return found


class FlagTable:
    """Reads the table beside the data, once and forwards.

    on_error: called for each video that the audit left out.
    """

    def __init__(self, source: Source, on_error: Callable[[DataSetError], None]) -> None:
        self._name = str(source)
        self._on_error = on_error
        self._batches = (batch for file in find_files(source) for batch in _read(file))
        self._rows: pa.Table = _JOINED.empty_table()
        self._missed: list[str] = []

    def join(self, batch: ColumnBatch) -> Findings:
        """Return what is said about the next videos. `batch.nodes` has the column `id`.

        Raises:
            DataSetError: the table is of other data.
        """
        counts = np.bincount(batch.nodes["video"].to_numpy(), minlength=len(batch.videos))
        starts = np.cumsum(counts) - counts
        uids = batch.videos["uid"].to_pylist()
        found = [self._take(uid, batch.nodes["id"].slice(start, count)) for uid, start, count in zip(uids, starts, counts, strict=True)]
        known = np.repeat(np.array([one is not None for one in found], bool), counts)
        kind = _JOINED.field("findings").type
        lists = [pa.nulls(count, kind) if one is None else one for one, count in zip(found, counts, strict=True)]
        return Findings(known, pa.concat_arrays([pa.array([], kind), *lists]))

    def finish(self) -> None:
        """End the join.

        Raises:
            DataSetError: videos of the table were never met.
        """
        self._fill(1)
        if len(self._rows):
            self._refuse()
        self._tell_missed()

    def _take(self, uid: str, ids: pa.Array) -> pa.ListArray | None:
        """Return the findings of a video's nodes, or None where the table goes on with another video."""
        self._fill(max(len(ids), 1))
        if not len(self._rows) or self._rows["uid"][0].as_py() != uid:
            self._missed.append(uid)
            if len(self._missed) >= _MOST_MISSED:
                self._refuse()
            return None
        rows, self._rows = self._rows[: len(ids)].combine_chunks(), self._rows[len(ids) :]
        if rows["node"].to_pylist() != ids.to_pylist() or pc.count_distinct(rows["uid"]).as_py() > 1:
            raise DataSetError(f"{self._name}: the video {uid!r} has other nodes in the data: audit these files again")
        self._tell_missed()
        findings = rows["findings"]
        return findings.chunk(0) if findings.num_chunks else findings.combine_chunks()

    def _fill(self, count: int) -> None:
        """Have at least so many rows waiting, or all that are left."""
        while len(self._rows) < count and (batch := next(self._batches, None)) is not None:
            self._rows = pa.concat_tables([self._rows, pa.Table.from_batches([batch])])

    def _tell_missed(self) -> None:
        """Now that the table goes on behind them, they are known to have been left out."""
        for uid in self._missed:
            self._on_error(DataSetError(f"{self._name} has no flags for the video {uid!r}: the audit left it out, or was of fewer files"))
        self._missed.clear()

    def _refuse(self) -> None:
        coming = repr(self._rows["uid"][0].as_py()) if len(self._rows) else "nothing"
        there = repr(self._missed[0]) if self._missed else "nothing"
        raise DataSetError(
            f"{self._name} is of another data set, or of files in another order: it has {coming} where the data have {there}; audit these files again"
        )


def _read(file: DataFile) -> Iterator[pa.RecordBatch]:
    with open_parquet(file) as parquet:
        yield _conform(pa.RecordBatch.from_pylist([], schema=parquet.schema_arrow), file)  # a missing column is told also when there is no row
        batches, row = parquet.iter_batches(batch_size=_BATCH_ROWS, columns=_JOINED.names), 0
        while (batch := next_batch(batches, file, row)) is not None:
            yield _conform(batch, file)
            row += len(batch)


def _conform(batch: pa.RecordBatch, file: DataFile) -> pa.RecordBatch:
    try:
        return conform_batch(batch, _JOINED)
    except DataSetError as error:
        raise DataSetError(f"{file.name} is no table that `audit --out` wrote: {str(error).partition(': ')[0]}") from error
