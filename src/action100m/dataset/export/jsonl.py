"""JSON Lines: a record, a segment or a sample on each line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from action100m.dataset.export.rows import RowKind, check_kind, rows_of
from action100m.dataset.export.segments import VideoSegments
from action100m.dataset.export.tally import Tally
from action100m.dataset.whole import open_whole


@dataclass(frozen=True, slots=True)
class JsonLines:
    """One UTF-8 file."""

    row: RowKind = "record"
    """"record": a whole video, with the columns of the data set. "segment": uid, node, level, start, end and a key for each text. "sample": the
    fields of `Sample`, one text each."""

    def __post_init__(self) -> None:
        check_kind(self.row)


def write_jsonl(videos: Iterable[VideoSegments], out: str, config: JsonLines, *, tally: Tally) -> list[str]:
    """Write the file `out`, a path or fsspec URL, and return its name.

    Raises:
        ConfigError: records are asked for, and Samples given.
        DataSetError: it cannot be written.
    """
    with open_whole(out) as file:
        for video in videos:
            for row in rows_of(video, config.row):
                file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
            tally.add(len(video.segments))
    return [out]
