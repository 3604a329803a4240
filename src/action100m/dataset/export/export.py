"""Write a data set, or Samples that `select` drew from one, in the forms that other tools read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import assert_never

from action100m.dataset.export.activitynet import ActivityNet, write_activitynet
from action100m.dataset.export.fiftyone import FiftyOne, write_fiftyone
from action100m.dataset.export.huggingface import HuggingFace, write_huggingface
from action100m.dataset.export.jsonl import JsonLines, write_jsonl
from action100m.dataset.export.segments import VideoSegments, read_segments
from action100m.dataset.export.settings import ExportConfig, ExportFormat, make_config
from action100m.dataset.export.subtitles import Subtitles, write_subtitles
from action100m.dataset.export.tally import ExportReport, Tally
from action100m.dataset.export.webdataset import WebDataset, write_webdataset
from action100m.dataset.fields import make_fields
from action100m.dataset.source import Source
from action100m.errors import ConfigError, DataSetError
from action100m.record import TextField


def export(
    source: Source,
    out: str | os.PathLike[str],
    *,
    format: ExportFormat | ExportConfig,
    fields: Sequence[TextField] | None = None,
    videos: Mapping[str, str] | None = None,
) -> ExportReport:
    """Write a data set or Samples in another format, and return what was written and what was left out.

    A record that cannot be read, and for formats with pictures a video that is missing or broken, is counted in the report; the others go on.

    Args:
        source: A data set, or the Samples that `select` wrote.
        out: A file (a path or fsspec URL) for "jsonl" and "activitynet", a folder for the others.
        format: A format with its usual settings, by name; or its settings, such as `WebDataset(media="frames")`.
        fields: Texts to export; None takes those of the annotation from a data set, and all that there are from Samples. Nodes that have none of
            them are left out; the first that a node has is its label, where a format has one only.
        videos: uid -> path of the video file. Needed by "webdataset"; "fiftyone" links to them.

    Raises:
        ConfigError: the format does not fit the rest; or the folder holds something else.
        DataSetError: the source cannot be found, or a file cannot be written.
    """
    config = make_config(format) if isinstance(format, str) else format
    tally = Tally()
    texts = None if fields is None else make_fields(fields)
    found = _once(read_segments(source, texts, on_error=tally.fail), tally)
    return tally.report(_write(found, out, config, videos, tally))


def _once(videos: Iterable[VideoSegments], tally: Tally) -> Iterator[VideoSegments]:
    """Leave out what would be written over an earlier video."""
    met: set[str] = set()
    for video in videos:
        if video.uid in met:
            error = DataSetError(f"the video {video.uid!r} comes again: give each record once, and Samples sorted by uid")
            tally.fail(error, uid=video.uid)
        else:
            met.add(video.uid)
            yield video


def _write(
    found: Iterable[VideoSegments], out: str | os.PathLike[str], config: ExportConfig, videos: Mapping[str, str] | None, tally: Tally
) -> list[str]:
    match config:
        case JsonLines():
            return write_jsonl(found, _file(out), config, tally=tally)
        case ActivityNet():
            return write_activitynet(found, _file(out), config, tally=tally)
        case Subtitles():
            return write_subtitles(found, Path(out), config, tally=tally)
        case HuggingFace():
            return write_huggingface(found, Path(out), config, tally=tally)
        case FiftyOne():
            return write_fiftyone(found, Path(out), locations=videos, tally=tally)
        case WebDataset():
            if videos is None:
                raise ConfigError("clips are cut from the videos: say where they are (videos=, or --videos DIR)")
            return write_webdataset(found, Path(out), config, locations=videos, tally=tally)
    assert_never(config)


def _file(out: str | os.PathLike[str]) -> str:
    path = os.fspath(out)
    if Path(path).is_dir():
        raise ConfigError(f"{path} is a folder; this format is one file, name it")
    return path
