"""The nodes of two data sets, video by video, joined by uid."""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from action100m.dataset.columns import ColumnBatch, read_columns
from action100m.dataset.source import Source
from action100m.errors import DataSetError
from action100m.record import TextField


@dataclass(frozen=True, slots=True)
class VideoNodes:
    """The nodes of one video, breadth first."""

    uid: str
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    level: NDArray[np.int64]
    texts: dict[str, list[str | None]]
    """`TextField` -> a text, or None, for each node."""

    def __len__(self) -> int:
        return len(self.start)


@dataclass(frozen=True, slots=True)
class Lone:
    """A video that one side has and the other has not."""

    uid: str
    of_a: bool


def read_nodes(source: Source, fields: Sequence[TextField], *, on_error: Callable[[DataSetError], None]) -> Iterator[VideoNodes]:
    """Yield the nodes of each video. What is no tree in time is told and left out."""
    for batch in read_columns(source, nodes=["start", "end", "level", *fields], on_error=on_error):
        for video in _split(batch, fields):
            fault = _find_fault(video)
            if fault is None:
                yield video
            else:
                on_error(DataSetError(f"{batch.file} ({video.uid}): {fault}"))


def join_videos(
    a: Iterator[VideoNodes], b: Iterator[VideoNodes], *, on_error: Callable[[DataSetError], None]
) -> Iterator[tuple[VideoNodes, VideoNodes] | Lone]:
    """Yield the videos that both have, as soon as both are met, and in the end those that one has.

    Read side by side: in sets of the same order nothing waits. What waits does so in a temporary database, which goes to disk when it grows.
    """
    with closing(sqlite3.connect("")) as waiting:
        waiting.execute("CREATE TABLE waiting (uid TEXT, of_a INTEGER, nodes BLOB, PRIMARY KEY (uid, of_a)) WITHOUT ROWID")
        waiting.execute("CREATE TABLE met (uid TEXT, of_a INTEGER, PRIMARY KEY (uid, of_a)) WITHOUT ROWID")
        for pair in zip_longest(a, b):
            for video, of_a in zip(pair, (True, False), strict=True):
                if video is None:
                    continue
                if not waiting.execute("INSERT OR IGNORE INTO met VALUES (?, ?)", (video.uid, of_a)).rowcount:
                    on_error(DataSetError(f"{'A' if of_a else 'B'} has the uid {video.uid!r} again; the first record with it counts"))
                    continue
                other = _take(waiting, video.uid, of_a=not of_a)
                if other is None:
                    waiting.execute("INSERT INTO waiting VALUES (?, ?, ?)", (video.uid, of_a, pickle.dumps(video)))
                else:
                    yield (video, other) if of_a else (other, video)
        for uid, of_a in waiting.execute("SELECT uid, of_a FROM waiting ORDER BY uid"):
            yield Lone(uid, bool(of_a))


def _take(waiting: sqlite3.Connection, uid: str, *, of_a: bool) -> VideoNodes | None:
    row = waiting.execute("DELETE FROM waiting WHERE uid = ? AND of_a = ? RETURNING nodes", (uid, of_a)).fetchone()
    if row is None:
        return None
    video: VideoNodes = pickle.loads(row[0])  # we wrote it
    return video


def _split(batch: ColumnBatch, fields: Sequence[TextField]) -> Iterator[VideoNodes]:
    start, end, level = (_numbers(batch.nodes, name) for name in ("start", "end", "level"))
    bounds = np.searchsorted(batch.nodes.column("video").to_numpy(), np.arange(len(batch.videos) + 1))
    for number, uid in enumerate(batch.videos.column("uid").to_pylist()):
        part = slice(bounds[number], bounds[number + 1])
        texts: dict[str, list[str | None]] = {name: batch.nodes.column(name)[part.start : part.stop].to_pylist() for name in fields}
        yield VideoNodes(uid, start[part].astype(np.float64), end[part].astype(np.float64), level[part].astype(np.int64), texts)


def _numbers(nodes: pa.RecordBatch, name: str) -> NDArray[np.generic]:
    numbers: NDArray[np.generic] = nodes.column(name).to_numpy()
    return numbers


def _find_fault(video: VideoNodes) -> str | None:
    """Only what the measures rest on and `read_columns` does not check: `validate` tells the rest."""
    if (video.level == 0).sum() != 1 or video.level[0] != 0:
        return "expected one node of level 0, the first"
    if video.start.min() < video.start[0] or video.end.max() > video.end[0]:
        return "a node lies outside the first"
    return None
