"""Bring a video file into the report's folder in a form that browsers play.

What they play is linked (copied where the file system cannot link); everything else is rendered once. Names are made of the file's content,
so that a report written again finds what it made before.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from av.container import InputContainer

from action100m.video.decode import SampleConfig, open_frames
from action100m.video.orientation import Orientation
from action100m.video.picture import Picture
from action100m.video.source import choose_video_stream, open_container
from action100m.viewer.render import render_h264

_EIGHT_BIT: Final = frozenset({"yuv420p", "yuvj420p"})
_TEN_BIT: Final = frozenset({"yuv420p10le"})
_PLAYED: Final = {
    ".mp4": {"h264": _EIGHT_BIT, "vp9": _EIGHT_BIT, "av1": _EIGHT_BIT | _TEN_BIT},
    ".webm": {"vp8": _EIGHT_BIT, "vp9": _EIGHT_BIT, "av1": _EIGHT_BIT | _TEN_BIT},
}
"""Container -> codec -> pixel formats that all of today's browsers play. HEVC, 10-bit H.264 and 4:4:4 play in some only."""


@dataclass(frozen=True, slots=True)
class PlayForm:
    """How browsers take a file."""

    suffix: str | None
    """The ending that tells them its container; None where they do not play it, and it has to be rendered."""
    offset: float
    """As that of `PlayableVideo`, for the file as it is."""


@dataclass(frozen=True, slots=True)
class PlayableVideo:
    """A file in the report's folder."""

    path: Path
    offset: float
    """Seconds. Added to our time, which starts at the first presented frame, it gives the `currentTime` of an HTML video element."""


def prepare_video(location: str, folder: Path, *, damaged: bool = False) -> PlayableVideo:
    """Link or render a video into `folder`, unless that was done before.

    damaged: whether parts of it do not decode. Browsers stop at the first error, so such a file is rendered from what decodes.

    Raises:
        VideoError: the file cannot be used.
    """
    form = find_form(location, damaged=damaged)
    folder.mkdir(parents=True, exist_ok=True)
    with Path(location).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()[:16]
    if form.suffix is None:
        return PlayableVideo(_make(folder / f"{digest}-rendered.mp4", lambda part: render_h264(location, part)), 0.0)
    return PlayableVideo(_make(folder / f"{digest}{form.suffix}", lambda part: _link(location, part)), form.offset)


def find_form(location: str, *, damaged: bool = False) -> PlayForm:
    """Tell whether browsers play a file, from its header and first frame. damaged: as for `prepare_video`.

    Raises:
        VideoError: the file cannot be used.
    """
    first = _first_picture(location)
    return PlayForm(None if damaged else _playable_suffix(location, first), _player_offset(first))


def _first_picture(location: str) -> Picture:
    with open_frames(location, SampleConfig(every=1)) as pictures:
        return next(pictures)


def _player_offset(first: Picture) -> float:
    """Browsers count from the container's zero, not from the first frame."""
    frame = first.frame
    return 0.0 if frame.pts is None or frame.time_base is None else max(0.0, float(frame.pts * frame.time_base))


def _playable_suffix(location: str, first: Picture) -> str | None:
    """Return the ending that tells a browser the container, or None when the file has to be rendered."""
    with open_container(location) as container:
        stream = choose_video_stream(container, location)
        suffix = _container_suffix(container, location)
        codec = stream.codec_context.codec.canonical_name
        reasons_against = (
            stream.pix_fmt not in _PLAYED.get(suffix, {}).get(codec, ()),
            stream is not container.streams.video[0],  # of several streams a browser plays the first
            container.duration is None,  # without it a browser cannot seek
            container.start_time != 0,  # some browsers then count from the first frame, and Chromium takes MP4 files for too short
            _is_mirrored(first.orientation),  # not all browsers mirror, while all turn
        )
    return None if any(reasons_against) else suffix


def _is_mirrored(orientation: Orientation) -> bool:
    """Each of the three steps is a mirror; two of them make a turn."""
    return orientation.transpose ^ orientation.flip_rows ^ orientation.flip_columns


def _container_suffix(container: InputContainer, location: str) -> str:
    """Tell by content: names lie. Matroska and WebM are one format but for their type, and browsers play the latter."""
    if "mp4" in container.format.name.split(","):
        return ".mp4"
    with Path(location).open("rb") as file:
        return ".webm" if "webm" in container.format.name and b"webm" in file.read(64) else ""


def _make(target: Path, write: Callable[[Path], None]) -> Path:
    """Write a file whole or not at all, unless it is there."""
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        if not target.exists():
            write(part)
            part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target


def _link(location: str, target: Path) -> None:
    try:
        target.hardlink_to(Path(location).resolve())
    except OSError:  # another file system, or one without links
        shutil.copyfile(location, target)
