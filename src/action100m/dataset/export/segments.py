"""What every format is made of: videos, each with the segments that have a text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, get_args

from action100m.dataset.io import read_records
from action100m.dataset.samples import holds_samples, read_samples
from action100m.dataset.source import DataFile, Source, find_files
from action100m.errors import DataSetError
from action100m.record import Record, Sample, TextField, read_text

ANNOTATION_FIELDS: Final[tuple[TextField, ...]] = ("brief_action", "detailed_action", "actor", "brief_caption", "detailed_caption")
"""What the annotation holds; a node that has one of them has them all."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a video and what is said about it."""

    node: str
    start: float
    end: float
    """Seconds; the stretch is [start, end)."""
    texts: Mapping[str, str]
    """`TextField` -> text, at least one; the first is the label, where a format has one only."""
    level: int | None = None
    """In the tree; None for Samples, which do not tell."""

    @property
    def label(self) -> str:
        """The first text."""
        return next(iter(self.texts.values()))


@dataclass(frozen=True, slots=True)
class VideoSegments:
    """One video to export."""

    uid: str
    duration: float
    """Seconds: by the provenance, else the end of the tree, else (for Samples) of the last segment."""
    segments: tuple[Segment, ...]
    """Sorted by level where it is known, then start."""
    record: Record | None = None
    """None for Samples."""


def read_segments(source: Source, fields: Sequence[TextField] | None, *, on_error: Callable[[DataSetError], None]) -> Iterator[VideoSegments]:
    """Yield the videos of a data set, or of Samples, with the segments that have one of the texts.

    fields: None takes those of the annotation from a data set, and all that there are from Samples.
    on_error: called for each record or file that has to be left out, and the others go on.

    Raises:
        DataSetError: nothing is there (at once).
    """
    files = find_files(source)
    if _holds_samples(files[0]):
        return _group(_read_samples(files, on_error), fields or get_args(TextField))
    return (_from_record(record, fields or ANNOTATION_FIELDS) for record in read_records(source, on_error=on_error))


def _holds_samples(file: DataFile) -> bool:
    try:
        return holds_samples(file)
    except DataSetError:  # told when its turn comes
        return False


def _read_samples(files: Iterable[DataFile], on_error: Callable[[DataSetError], None]) -> Iterator[Sample]:
    for file in files:
        try:
            yield from read_samples(file)
        except DataSetError as error:
            on_error(error)


def _group(samples: Iterable[Sample], fields: Sequence[TextField]) -> Iterator[VideoSegments]:
    """Yield the videos of Samples, which stand together by video. Those of one node are one segment, and one drawn several times counts once."""
    for uid, group in groupby(samples, key=lambda sample: sample.uid):
        segments = tuple(_segments_of([sample for sample in group if sample.field in fields], fields))
        yield VideoSegments(uid, max((segment.end for segment in segments), default=0.0), segments)


def _from_record(record: Record, fields: Sequence[TextField]) -> VideoSegments:
    segments = []
    for node in record.tree.nodes:
        texts: dict[str, str] = {field: text for field in fields if (text := read_text(node, field)) is not None}
        if texts:
            segments.append(Segment(node.id, node.start, node.end, texts, node.level))
    duration = record.provenance.duration if record.provenance else record.tree.root.end
    return VideoSegments(record.uid, duration, tuple(segments), record)


def _segments_of(samples: Iterable[Sample], fields: Sequence[TextField]) -> Iterator[Segment]:
    by_node: dict[tuple[float, float, str], dict[str, str]] = {}
    for sample in samples:
        by_node.setdefault((sample.start, sample.end, sample.node), {})[sample.field] = sample.text
    for (start, end, node), texts in sorted(by_node.items(), key=lambda item: item[0]):
        yield Segment(node, start, end, {field: texts[field] for field in fields if field in texts})
