"""Choose nodes and texts of a data set, and write them as Samples or as a smaller data set. It reads columns and makes no record."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, get_args

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from action100m.dataset.columns import ColumnBatch, flatten_batch, read_batches, read_columns
from action100m.dataset.samples import SAMPLE_SCHEMA, write_sample_batches
from action100m.dataset.schema import PUBLISHED_SCHEMA, RECORD_COLUMNS, SCHEMA
from action100m.dataset.select.choices import OutputKind
from action100m.dataset.select.conditions import SelectConfig, choose_nodes, choose_texts
from action100m.dataset.select.flags import FlagTable
from action100m.dataset.select.prune import keep_texts
from action100m.dataset.select.split import find_split
from action100m.dataset.source import Source, find_files, read_schema
from action100m.dataset.whole import open_whole
from action100m.errors import ConfigError, DataSetError
from action100m.record import TextField

FIELDS: Final[tuple[TextField, ...]] = get_args(TextField)
_GROUP_ROWS: Final = 32
"""As `write_records` has it."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What was chosen of what was read."""

    videos_read: int
    nodes_read: int
    videos: int
    """With at least one text that was taken."""
    nodes: int
    """Chosen, with text or without."""
    without_text: int
    """Of those, the nodes of which no text was taken."""
    texts: int
    """Taken: the number of samples."""


def select(
    source: Source,
    out: str | os.PathLike[str],
    config: SelectConfig = SelectConfig(),
    *,
    kind: OutputKind = "samples",
    on_error: Callable[[DataSetError], None] | None = None,
) -> Selection:
    """Write what is chosen to a Parquet file or fsspec URL, which appears when it is complete.

    kind: "samples" writes a `Sample` for each text that is taken, by video, node and field. "records" writes the videos with at least one such text
    as a data set in the published schema: their trees stay whole, and the texts that are not taken become null.
    on_error: called for each record or file that has to be left out, and the others go on. Without it the first one is raised.

    Raises:
        ConfigError: `kind` is none.
        DataSetError: nothing is there, a file or record cannot be read, the table of flags is of other data, or `out` cannot be written.
    """
    if kind not in get_args(OutputKind):
        raise ConfigError(f"kind is one of {', '.join(get_args(OutputKind))}, got {kind!r}")
    selector = _Selector(config, config.fields or (FIELDS if kind == "records" else ("brief_action",)), on_error or _raise)
    if kind == "samples":
        columns = tuple(dict.fromkeys(("id", *config.columns, *selector.fields)))
        write_sample_batches(selector.make_samples(read_columns(source, nodes=columns, on_error=on_error)), out)
    else:
        _write_records(selector, source, out, on_error)
    return Selection(**selector.counts)


class _Selector:
    """Chooses batch by batch, and counts."""

    def __init__(self, config: SelectConfig, fields: tuple[TextField, ...], on_error: Callable[[DataSetError], None]) -> None:
        self.config = config
        self.fields = fields
        self.flags = None if config.flags is None else FlagTable(config.flags, on_error)
        self.counts = dict.fromkeys(("videos_read", "nodes_read", "videos", "nodes", "without_text", "texts"), 0)

    def make_samples(self, batches: Iterable[ColumnBatch]) -> Iterator[pa.RecordBatch]:
        """Yield what is taken as samples, batch by batch."""
        yield from map(self._make_samples, batches)
        self.finish()

    def _make_samples(self, batch: ColumnBatch) -> pa.RecordBatch:
        taken = self.take(batch)
        numbers, kinds = np.nonzero(np.stack([taken[name] for name in self.fields], axis=1))  # by node, then by field
        nodes = batch.nodes.take(pa.array(numbers))
        texts = pa.chunked_array([batch.nodes[name] for name in self.fields], pa.string()).take(pa.array(kinds * len(batch.nodes) + numbers))
        columns = {
            "uid": batch.videos["uid"].take(nodes["video"]),
            "node": nodes["id"],
            "start": nodes["start"].cast(pa.float64()),
            "end": nodes["end"].cast(pa.float64()),
            "field": pa.array(self.fields).take(pa.array(kinds)),
            "text": texts.combine_chunks() if texts.num_chunks != 1 else texts.chunk(0),
        }
        return pa.RecordBatch.from_pydict(columns, schema=SAMPLE_SCHEMA)

    def take(self, batch: ColumnBatch) -> dict[TextField, NDArray[np.bool_]]:
        """Tell for each field which texts are taken, and count."""
        config, videos = self.config, batch.nodes["video"].to_numpy()
        part = np.array([config.split in (None, self._split(uid)) for uid in batch.videos["uid"].to_pylist()], bool)
        findings = None if self.flags is None else self.flags.join(batch)
        chosen = choose_nodes(batch.nodes, config, findings) & part[videos]
        taken = {name: texts & chosen for name, texts in choose_texts(batch.nodes, self.fields, config, findings).items()}
        with_text = np.logical_or.reduce(list(taken.values()))
        for name, count in {
            "videos_read": len(batch.videos),
            "nodes_read": len(batch.nodes),
            "videos": len(np.unique(videos[with_text])),
            "nodes": int(chosen.sum()),
            "without_text": int((chosen & ~with_text).sum()),
            "texts": sum(int(texts.sum()) for texts in taken.values()),
        }.items():
            self.counts[name] += count
        return taken

    def finish(self) -> None:
        """End the last batch, before what was written appears.

        Raises:
            DataSetError: the flags are of other data.
        """
        if self.flags is not None:
            self.flags.finish()

    def _split(self, uid: str) -> str | None:
        return None if self.config.split is None else find_split(uid, shares=self.config.splits, salt=self.config.salt)


def _write_records(selector: _Selector, source: Source, out: str | os.PathLike[str], on_error: Callable[[DataSetError], None] | None) -> None:
    schema = SCHEMA if any(_tells_provenance(source)) else PUBLISHED_SCHEMA
    columns = tuple(dict.fromkeys((*selector.config.columns, *FIELDS)))
    with open_whole(os.fspath(out)) as stream, pq.ParquetWriter(stream, schema, compression="snappy", version="2.6") as writer:
        for file, batch in read_batches(source, schema, on_error=on_error):
            flat = flatten_batch(batch, file, nodes=columns)
            taken = selector.take(flat)
            rows = np.unique(flat.nodes["video"].to_numpy()[np.logical_or.reduce(list(taken.values()))])
            pruned = keep_texts(batch.column(RECORD_COLUMNS["nodes"]), {name: taken.get(name, np.zeros(len(flat.nodes), bool)) for name in FIELDS})
            kept = batch.select(schema.names).set_column(
                schema.get_field_index(RECORD_COLUMNS["nodes"]), schema.field(RECORD_COLUMNS["nodes"]), pruned
            )
            writer.write_table(pa.Table.from_batches([kept.take(pa.array(rows))]), row_group_size=_GROUP_ROWS)
        selector.finish()


def _raise(error: DataSetError) -> None:
    raise error


def _tells_provenance(source: Source) -> Iterator[bool]:
    for file in find_files(source):
        try:
            yield RECORD_COLUMNS["provenance"] in read_schema(file).names
        except DataSetError:
            yield False  # told when it is read
