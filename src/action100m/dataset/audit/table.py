"""The audit of every node as a Parquet file: what `select` filters by, and what a notebook plots."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol, get_args

import pyarrow as pa
import pyarrow.parquet as pq

from action100m.dataset.audit.finding import ScoreName
from action100m.dataset.audit.measures import Audited
from action100m.dataset.whole import open_whole
from action100m.record import Record

TABLE_SCHEMA: Final = pa.schema(
    [
        ("uid", pa.string()),
        ("node", pa.string()),
        ("level", pa.int16()),
        ("start", pa.float32()),
        ("end", pa.float32()),
        ("flags", pa.list_(pa.string())),
        *((name, pa.float32()) for name in get_args(ScoreName)),
        ("findings", pa.list_(pa.struct([("flag", pa.string()), ("field", pa.string()), ("message", pa.string())]))),
    ]
)
"""One row per node, in the order of the data."""

_GROUP_ROWS: Final = 10_000
"""Rows that are written at once. A group for each video would make the footer of a large table larger than its rows."""


class TableWriter(Protocol):
    """Takes what was found record by record."""

    def __call__(self, record: Record, audited: Audited) -> None:
        """Write the rows of one record."""


@contextmanager
def open_table(path: str | None) -> Iterator[TableWriter]:
    """Open a table for writing, or nothing for None. It appears when the block ends without an error.

    Raises:
        DataSetError: it cannot be written.
    """
    if path is None:
        yield lambda record, audited: None
        return
    with open_whole(path) as file, pq.ParquetWriter(file, TABLE_SCHEMA, compression="snappy", version="2.6") as writer:
        waiting: list[pa.Table] = []

        def write(record: Record, audited: Audited) -> None:
            waiting.append(_rows(record, audited))
            if sum(map(len, waiting)) >= _GROUP_ROWS:
                writer.write_table(pa.concat_tables(waiting))
                waiting.clear()

        yield write
        writer.write_table(pa.concat_tables([TABLE_SCHEMA.empty_table(), *waiting]))


def _rows(record: Record, audited: Audited) -> pa.Table:
    found: dict[str, list[dict[str, str]]] = {node.id: [] for node in record.tree.nodes}
    for finding in audited.findings:
        found[finding.node].append({"flag": finding.flag, "field": finding.field, "message": finding.message})
    flags = audited.flags
    rows = [
        {"uid": record.uid, "node": node.id, "level": node.level, "start": node.start, "end": node.end}
        | {"flags": flags.get(node.id, ()), "findings": found[node.id]}
        | {name: scores.get(node.id) for name, scores in audited.scores.items()}
        for node in record.tree.nodes
    ]
    return pa.Table.from_pylist(rows, schema=TABLE_SCHEMA)
