"""SubRip and WebVTT: a file of subtitles for each video, named so that players find it beside the video."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

from action100m.dataset.export.segments import Segment, VideoSegments
from action100m.dataset.export.tally import Tally
from action100m.dataset.whole import open_whole
from action100m.errors import ConfigError
from action100m.video.video import file_stem

SubtitleFormat = Literal["srt", "vtt"]

_EXACT_TIME: Final = re.compile(r"(:\d\d:\d\d)[.,](?=\d)")
"""pysubs2 takes any line with two of them for the times of a subtitle."""


@dataclass(frozen=True, slots=True)
class Subtitles:
    """A folder with `UID.srt` or `UID.vtt` for each video."""

    ending: SubtitleFormat = "srt"

    def __post_init__(self) -> None:
        if self.ending not in get_args(SubtitleFormat):
            raise ConfigError(f"subtitles are {' or '.join(get_args(SubtitleFormat))}, got {self.ending!r}")


def write_subtitles(videos: Iterable[VideoSegments], out: Path, config: Subtitles, *, tally: Tally) -> list[str]:
    """Write a file for each video that has segments, and return their names.

    A subtitle is a segment's first text, sorted by start, longer ones first. Segments of several levels overlap, and players show them together:
    cut the tree with `select` to have one at a time.

    Raises:
        DataSetError: a file cannot be written.
    """
    files = []
    for video in videos:
        if not video.segments:
            continue
        name = str(out / f"{file_stem(video.uid)}.{config.ending}")
        segments = sorted(video.segments, key=lambda one: (one.start, -one.end))
        with open_whole(name) as file:
            file.write((_srt(segments) if config.ending == "srt" else _vtt(segments)).encode())
        files.append(name)
        tally.add(len(segments))
    return files


def _srt(segments: Iterable[Segment]) -> str:
    cues = enumerate(segments, start=1)
    return "".join(f"{number}\n{_time(one.start, ',')} --> {_time(one.end, ',')}\n{_one_line(one.label)}\n\n" for number, one in cues)


def _vtt(segments: Iterable[Segment]) -> str:
    """Text between tags is escaped; SubRip knows no escapes."""
    cues = (f"{_time(one.start, '.')} --> {_time(one.end, '.')}\n{html.escape(_one_line(one.label), quote=False)}\n\n" for one in segments)
    return "WEBVTT\n\n" + "".join(cues)


def _time(seconds: float, point: str) -> str:
    """Hours, minutes, seconds and milliseconds: 01:02:03,004."""
    rest, milliseconds = divmod(round(seconds * 1000), 1000)
    return f"{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}{point}{milliseconds:03d}"


def _one_line(text: str) -> str:
    """An empty line would end the subtitle, an arrow or a pair of exact times start another, and an empty subtitle confuses readers."""
    printable = "".join(" " if char.isspace() else char for char in text if char.isspace() or char.isprintable())
    return _EXACT_TIME.sub(r"\1 ", re.sub(" +", " ", printable).strip().replace("-->", "->")) or "-"
