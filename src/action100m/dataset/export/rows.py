"""What a line or a table row may be: a whole record, a segment with all its texts, or a sample, which is one text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal, get_args

import pyarrow as pa

from action100m.dataset.convert import record_to_batch
from action100m.dataset.export.segments import VideoSegments
from action100m.dataset.schema import PUBLISHED_SCHEMA, SCHEMA
from action100m.errors import ConfigError
from action100m.record import Record, TextField

RowKind = Literal["record", "segment", "sample"]

_PLACE: Final = [("uid", pa.string()), ("node", pa.string())]
_TIMES: Final = [("start", pa.float64()), ("end", pa.float64())]
_TEXTS: Final[tuple[TextField, ...]] = get_args(TextField)

SEGMENT_SCHEMA: Final = pa.schema([*_PLACE, ("level", pa.int16()), *_TIMES, *((field, pa.string()) for field in _TEXTS)])
"""Of a segment's row. Texts that it lacks are null."""


def check_kind(kind: RowKind) -> None:
    """Refuse what is no kind of row.

    Raises:
        ConfigError: see there.
    """
    if kind not in get_args(RowKind):
        raise ConfigError(f"a row is a {' or a '.join(get_args(RowKind))}, got {kind!r}")


def whole_record(video: VideoSegments) -> Record:
    """Return a video's record.

    Raises:
        ConfigError: it is made of Samples.
    """
    if video.record is None:
        raise ConfigError("Samples hold no whole records: give the data set, or make each row a segment or a sample")
    return video.record


def rows_of(video: VideoSegments, kind: RowKind) -> Iterator[dict[str, Any]]:
    """Yield a video's rows as JSON values. A record has the columns of the data set, and `provenance` only where it has some.

    Raises:
        ConfigError: records are asked for, and Samples given.
    """
    match kind:
        case "record":
            record = whole_record(video)
            yield record_to_batch(record, PUBLISHED_SCHEMA if record.provenance is None else SCHEMA).to_pylist()[0]
        case "segment":
            for one in video.segments:
                yield {"uid": video.uid, "node": one.node, "level": one.level, "start": one.start, "end": one.end, **one.texts}
        case "sample":
            for one in video.segments:
                for field, text in one.texts.items():
                    yield {"uid": video.uid, "node": one.node, "start": one.start, "end": one.end, "field": field, "text": text}
