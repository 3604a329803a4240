"""Make the index of a data set, once: rows, their vectors, the table, and its indices.

data set --> rows on the disk --> vectors (kept by a killed build) --> table --> full-text index, vector index, indices of what filters look at
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from action100m.dataset.search.database import connect, load_lancedb, telling
from action100m.dataset.search.index import SearchIndex
from action100m.dataset.search.manifest import Manifest, is_index, look_at, read_manifest, write_manifest
from action100m.dataset.search.passages import PassageEncoder
from action100m.dataset.search.rows import ROW_SCHEMA, Segments, read_batches, write_segments
from action100m.dataset.search.settings import SEARCHED
from action100m.dataset.source import Source, find_files
from action100m.errors import ConfigError, DataSetError, SearchIndexError
from action100m.models.base import TextEncoder
from action100m.models.text.vectors import embed_texts
from action100m.record import TextField

if TYPE_CHECKING:
    from lancedb.table import Table

OnProgress = Callable[[str, int, int], None]
"""Told what is being done, how many segments are done, and of how many; 0 where that is not known."""

FEWEST_FOR_VECTOR_INDEX: Final = 50_000
"""Fewer vectors are compared one by one, which is exact and takes some 20 ms."""
_MOST_PARTITIONS: Final = 4_096
"""Of the vector index. LanceDB learns each from 256 vectors, which are in memory: 1.6 GB for 4,096 partitions of MiniLM's vectors."""
_BATCH_ROWS: Final = 4_096
_FTS_MEMORY: Final = 512
"""MiB, for making the full-text index."""
_TOLD: Final = 20
"""Reasons for leaving out that are kept."""


def build_index(
    source: Source,
    folder: str | os.PathLike[str],
    *,
    encoder: TextEncoder | None = None,
    fields: Sequence[TextField] = SEARCHED,
    on_progress: OnProgress | None = None,
) -> SearchIndex:
    """Return the index of a data set, making it where there is none yet, or where data, fields or encoder are others than its own.

    folder: a local folder of its own; it holds nothing else. A build that is killed leaves no index, and the next one goes on with its vectors.
    encoder: of the vectors. Without one, segments are found by words only; an index that has vectors is then used as it is.
    A record that cannot be read is left out; `left_out` of the index says why.

    Raises:
        ConfigError: there are no fields, or the folder holds something else.
        DataSetError: nothing is there, or no segment has one of the texts.
        MissingPackageError: LanceDB is not installed.
        ModelError: the encoder fails.
        SearchIndexError: the index cannot be written.
    """
    load_lancedb()  # missing, it is told before anything is read
    wanted = describe_source(source, fields, None if encoder is None else encoder.name)
    place = Path(folder)
    _claim(place, wanted)
    if (ready := _open_ready(place, wanted, encoder)) is not None:
        return ready
    with _lock(place):
        if (ready := _open_ready(place, wanted, encoder)) is None:  # else another process has made it meanwhile
            _build(source, place, wanted, encoder, on_progress or (lambda step, done, total: None))
    return ready or SearchIndex(place, encoder=encoder)


def describe_source(source: Source, fields: Sequence[TextField], encoder: str | None) -> Manifest:
    """Return what an index of a data set would be of, as it is now.

    Raises:
        ConfigError: there are no fields.
        DataSetError: nothing is there.
    """
    if not fields or len(set(fields)) < len(fields):
        raise ConfigError(f"fields to search are one text or several different ones, got {', '.join(fields) or 'none'}")
    try:
        files = tuple(map(look_at, find_files(source)))
    except OSError as error:
        raise DataSetError(f"{source} cannot be read: {error}") from error
    return Manifest(files, tuple(fields), encoder)


def _claim(folder: Path, wanted: Manifest) -> None:
    """Make the folder ours, so that nothing of others is ever removed from it."""
    folder.mkdir(parents=True, exist_ok=True)
    if is_index(folder):
        return
    if others := sorted(path.name for path in folder.iterdir() if not path.name.startswith("search-index.json.")):
        raise ConfigError(f"an index needs a folder of its own; {folder} holds {others[0]!r}")
    write_manifest(folder, wanted)


def _open_ready(folder: Path, wanted: Manifest, encoder: TextEncoder | None) -> SearchIndex | None:
    try:
        return SearchIndex(folder, encoder=encoder) if read_manifest(folder).serves(wanted) else None
    except SearchIndexError:  # damaged, or of another version: made anew
        return None


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Let one process at a time build. SQLite's locks exist on every system, and end with the process that holds them."""
    with closing(sqlite3.connect(folder / "lock", timeout=86_400, isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        yield


def _build(source: Source, folder: Path, wanted: Manifest, encoder: TextEncoder | None, told: OnProgress) -> None:
    work = folder / "work"
    work.mkdir(exist_ok=True)
    left_out: list[str] = []
    segments = write_segments(
        source,
        work / "rows.arrow",
        wanted.fields,
        on_error=lambda error: left_out.append(str(error)),
        on_progress=lambda count: told("read", count, 0),
    )
    if not len(segments):
        reason = f"; left out: {left_out[0]}" if left_out else ": choose other fields"
        raise DataSetError(f"no segment that could be read of {source} has one of the texts {', '.join(wanted.fields)}{reason}")
    vectors = None
    if encoder is not None:
        passages = PassageEncoder(encoder)
        vectors = embed_texts(segments, work / "vectors.npy", encoder=passages, on_progress=lambda *counts: told("embed", *counts))
    name = f"segments-{_digest(wanted)}"
    with telling(folder):
        shutil.rmtree(folder / f"{name}.lance", ignore_errors=True)  # of a build that was killed
        _write_table(folder, name, segments, vectors, told)
    made = replace(wanted, table=name, rows=len(segments), left_out=tuple(left_out[:_TOLD]), left_out_count=len(left_out))
    write_manifest(folder, made)
    del segments, vectors  # Windows removes no file that is mapped
    for old in (work, *(path for path in folder.glob("segments-*.lance") if path.stem != name)):
        shutil.rmtree(old, ignore_errors=True)


def _digest(wanted: Manifest) -> str:
    return hashlib.sha256(json.dumps(asdict(wanted), sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _write_table(folder: Path, name: str, segments: Segments, vectors: NDArray[np.float32] | None, told: OnProgress) -> None:
    schema = ROW_SCHEMA if vectors is None else ROW_SCHEMA.append(pa.field("vector", pa.list_(pa.float32(), vectors.shape[1])))
    batches = _add_vectors(segments, vectors, schema, told)
    table = connect(folder).create_table(name, pa.RecordBatchReader.from_batches(schema, batches))
    for step, make in _plan_indices(table, vectors):
        told(step, 0, len(segments))
        make()
        told(step, len(segments), len(segments))


def _add_vectors(segments: Segments, vectors: NDArray[np.float32] | None, schema: pa.Schema, told: OnProgress) -> Iterator[pa.RecordBatch]:
    for start, batch in read_batches(segments, _BATCH_ROWS):
        columns = list(batch.columns)
        if vectors is not None:
            flat = pa.array(np.ascontiguousarray(vectors[start : start + len(batch)]).ravel())
            columns.append(pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1]))
        yield pa.record_batch(columns, schema=schema)
        told("write", start + len(batch), len(segments))


def _plan_indices(table: Table, vectors: NDArray[np.float32] | None) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield the indices to make, by the names of the steps."""
    from lancedb.index import FTS, Bitmap, BTree, IvfSq

    yield "index words", lambda: table.create_index("texts", config=FTS(base_tokenizer="icu/split", memory_limit=_FTS_MEMORY))
    if vectors is not None and len(vectors) >= FEWEST_FOR_VECTOR_INDEX:
        kind = IvfSq(distance_type="dot", num_partitions=min(round(len(vectors) ** 0.5), _MOST_PARTITIONS))
        yield "index vectors", lambda: table.create_index("vector", config=kind)
    yield "index videos", lambda: table.create_index("uid", config=BTree())
    yield "index durations", lambda: table.create_index("seconds", config=BTree())
    yield "index levels", lambda: table.create_index("level", config=Bitmap())
