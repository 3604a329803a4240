"""FiftyOne's temporal detections: `labels.json` with the segments, and `data.json` that says where the videos are.

fo.Dataset.from_dir("folder", dataset_type=fo.types.FiftyOneTemporalDetectionDataset, data_path="data.json")
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from action100m.dataset.export.segments import Segment, VideoSegments
from action100m.dataset.export.tally import Tally
from action100m.dataset.whole import open_whole
from action100m.errors import MissingVideoError, VideoError
from action100m.video.source import choose_video_stream, open_container
from action100m.video.video import file_stem


@dataclass(frozen=True, slots=True)
class FiftyOne:
    """A folder with `labels.json` and `data.json`. The videos stay where they are."""


def write_fiftyone(videos: Iterable[VideoSegments], out: Path, *, locations: Mapping[str, str] | None, tally: Tally) -> list[str]:
    """Write the folder and return the names of its files.

    A segment's first text is the label, the others are attributes. With `locations` a video that is missing or cannot be opened is left out: the
    importer would stop at it. Without, only the labels are written, for an importer that is given `data_path`, a folder of videos named as the
    keys are (`file_stem`).

    Raises:
        DataSetError: a file cannot be written.
    """
    labels, data = str(out / "labels.json"), str(out / "data.json")
    kept: dict[str, str] = {}
    with _open_labels(labels) as file:
        for video in videos:
            try:
                path = _find(video.uid, locations)
            except VideoError as error:
                tally.fail(error, uid=video.uid)
                continue
            key = file_stem(video.uid).replace(".", "%2E")  # the importer takes what follows the last point for a file's ending
            entry = f"{json.dumps(key)}: {json.dumps([_detection(one) for one in video.segments], ensure_ascii=False)}"
            file.write((",\n" if kept else "\n").encode() + entry.encode())
            kept[key] = path
            tally.add(len(video.segments))
    if locations is None:
        return [labels]
    with open_whole(data) as file:
        file.write(json.dumps(kept, indent=0).encode())
    return [labels, data]


@contextmanager
def _open_labels(path: str) -> Iterator[BinaryIO]:
    with open_whole(path) as file:
        file.write(b'{"classes": null, "labels": {')
        yield file
        file.write(b"\n}}\n")


def _find(uid: str, locations: Mapping[str, str] | None) -> str:
    """Return the path of a video that can be opened; "" where none is asked for."""
    if locations is None:
        return ""
    if uid not in locations:
        raise MissingVideoError(f"{uid}: no file for this video; name it by its uid in the folder of the videos")
    with open_container(locations[uid]) as container:
        choose_video_stream(container, locations[uid])
    return str(Path(locations[uid]).absolute())


def _detection(segment: Segment) -> dict[str, Any]:
    _, *others = segment.texts.items()
    place = {"node": segment.node} if segment.level is None else {"node": segment.node, "level": segment.level}
    return {"label": segment.label, "timestamps": [segment.start, segment.end], "attributes": {**place, **dict(others)}}
