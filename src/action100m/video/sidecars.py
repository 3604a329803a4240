"""What is known about a video from the files beside it, as yt-dlp writes them: `clip.info.json` and `clip.en.vtt` for `clip.mp4`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from action100m.errors import SidecarError
from action100m.text import mend
from action100m.video.discover import VIDEO_ENDINGS
from action100m.video.transcript import read_text, read_transcript
from action100m.video.video import VideoMetadata

_LARGEST: Final = 2**63 - 1
"""Counts are 64-bit integers in the data set."""
_LANGUAGE: Final = re.compile(r"(?:\.(?P<language>[a-z]{2,3}(?:[-_][a-z0-9]+)*))?\.(?P<kind>vtt|srt)", re.IGNORECASE)
"""What follows the video's stem in the name of a transcript."""


def read_metadata(path: str) -> tuple[str | None, VideoMetadata]:
    """Return the id in a video's info file (None without one), and what the files beside the video tell; all None where there are none.

    Raises:
        SidecarError: a file beside the video cannot be read; the message names the file and the field.
    """
    video = Path(path)
    info_file = video.with_name(f"{video.stem}.info.json")
    info = _read_info(info_file) if info_file.is_file() else _Info(info_file, {})
    transcript = find_transcript(video)
    metadata = VideoMetadata(
        title=info.text("title"),
        description=info.text("description"),
        view_count=info.count("view_count"),
        like_count=info.count("like_count"),
        duration=info.count("duration"),
        upload_date=info.date("upload_date"),
        transcript=None if transcript is None else read_transcript(transcript),
    )
    return info.text("id") or None, metadata


def find_transcript(video: Path) -> Path | None:
    """Return the transcript beside a video: the one without a language, else English, else the first by name; WebVTT before SubRip.

    Beside `cut.raw.mp4`, `cut.raw.srt` is that video's transcript, not one of `cut.mp4` in a language called "raw".
    """
    found: list[tuple[int, str, str, str]] = []
    beside = list(video.parent.iterdir()) if video.parent.is_dir() else []
    others = {entry.stem for entry in beside if entry.suffix.lower() in VIDEO_ENDINGS} - {video.stem}
    for name in (entry.name for entry in beside if entry.stem not in others):
        match = _LANGUAGE.fullmatch(name.removeprefix(video.stem)) if name.startswith(video.stem) else None
        if match is not None:
            language = (match["language"] or "").lower()
            rank = 0 if not language else 1 if re.match("eng?(?![a-z])", language) else 2
            found.append((rank, language, "vtt srt".replace(match["kind"].lower(), ""), name))
    return video.with_name(min(found)[-1]) if found else None


class _Info:
    """The fields of an info file, checked."""

    def __init__(self, path: Path, fields: dict[str, Any]) -> None:
        self._path = path
        self._fields = fields

    def text(self, name: str) -> str | None:
        value = self._fields.get(name)
        if value is None or isinstance(value, str):
            return None if value is None else mend(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        raise self._error(name, "text")

    def count(self, name: str) -> int | None:
        value = self._fields.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LARGEST:
            raise self._error(name, "a number from 0 to 2^63 - 1")
        return round(value)

    def date(self, name: str) -> str | None:
        value = self.text(name)
        if value is None or re.fullmatch(r"\d{8}", value):
            return value
        raise self._error(name, "a date as YYYYMMDD")

    def _error(self, name: str, expected: str) -> SidecarError:
        return SidecarError(f"{self._path}: expected {name} to be {expected}, got {self._fields[name]!r:.100}; correct or remove it")


def _read_info(path: Path) -> _Info:
    try:
        fields = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise SidecarError(f"{path}: not JSON ({error}); correct or remove it") from error
    if not isinstance(fields, dict):
        raise SidecarError(f"{path}: expected a JSON object, got {type(fields).__name__}; correct or remove it")
    return _Info(path, fields)
