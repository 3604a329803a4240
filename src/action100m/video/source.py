"""Open a video file, or say precisely why it cannot be used."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Final

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from action100m.errors import (
    EmptyVideoError,
    MissingVideoError,
    NotAVideoError,
    NoVideoStreamError,
    ProtectedVideoError,
    UnreadableVideoError,
    VideoError,
)

_NO_VIDEO_FORMATS: Final = frozenset({"tty", "hls", "dash", "concat", "sdp"})
"""What libavformat opens although it is no video file: texts (which it would film scrolling by) and lists of other files."""
_SNIFFED_BYTES: Final = 1 << 20
"""Read from each end of a file that cannot be opened, to find out why."""
_ENCRYPTION_BOXES: Final = (b"encv", b"enca", b"pssh", b"sinf", b"senc")
"""Box types of ISO/IEC 23001-7 (common encryption) in MP4 files."""


def open_container(location: str) -> InputContainer:
    """Open a file.

    Raises:
        VideoError: the file cannot be used, by one of the classes of `action100m.errors`. The message names the file and the cure.
    """
    check_file(location)
    try:
        # "file:" keeps a colon in the name from being taken for a protocol; the white list keeps play lists from reaching the network
        container = av.open(f"file:{location}", options={"protocol_whitelist": "file"}, metadata_errors="replace")
    except av.FFmpegError as error:
        raise _diagnose(location, error) from error
    if container.format.name in _NO_VIDEO_FORMATS:
        container.close()
        raise NotAVideoError(f"{location}: not a video but a text or a list of files; give the video itself")
    return container


def choose_video_stream(container: InputContainer, location: str) -> VideoStream:
    """Return the first stream marked as default, else the first: the one that players show. Never an attached picture.

    Raises:
        NoVideoStreamError: there is none.
        ProtectedVideoError: this build has no decoder for it.
    """
    still = Disposition.attached_pic | Disposition.timed_thumbnails
    streams = [stream for stream in container.streams.video if not stream.disposition & still]
    if not streams:
        kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "no stream at all"
        raise NoVideoStreamError(f"{location}: no video stream, but {kinds}; give a file with moving pictures")
    stream = next((stream for stream in streams if stream.disposition & Disposition.default), streams[0])
    if stream.codec_context is None:
        raise ProtectedVideoError(f"{location}: its video codec is unknown or encrypted; convert it to H.264, HEVC, VP9 or AV1")
    return stream


def check_file(location: str) -> None:
    """Refuse what is not a readable file with something in it. The kind is looked at first: opening a pipe would wait for ever.

    Raises:
        MissingVideoError, UnreadableVideoError, EmptyVideoError: see `open_container`.
    """
    try:
        status = Path(location).stat()
        if stat.S_ISREG(status.st_mode):
            with Path(location).open("rb") as file:
                file.read(1)
    except FileNotFoundError as error:
        raise MissingVideoError(f"{location}: no such file; check the path") from error
    except OSError as error:
        raise UnreadableVideoError(f"{location}: {error.strerror}; check the permissions and the disk") from error
    if stat.S_ISDIR(status.st_mode):
        raise UnreadableVideoError(f"{location}: is a folder, and no video was found in it; name the files themselves")
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableVideoError(f"{location}: is a pipe, socket or device; copy it to a file first")
    if status.st_size == 0:
        raise EmptyVideoError(f"{location}: zero bytes; download or copy it again")


def _diagnose(location: str, error: av.FFmpegError) -> VideoError:
    """Say why a file that is there does not open. Demuxers report "input/output error" for broken files too, so the disk is asked itself."""
    try:
        ends = _read_ends(location)
    except OSError as problem:
        return UnreadableVideoError(f"{location}: {problem.strerror}; check the permissions and the disk")
    if ends[4:8] != b"ftyp":
        return NotAVideoError(f"{location}: no known video container ({error.strerror}); give a video file")
    if any(box in ends for box in _ENCRYPTION_BOXES):
        return ProtectedVideoError(f"{location}: encrypted MP4; give a copy without DRM")
    return NotAVideoError(f"{location}: starts like MP4, but its index is missing or broken; the download or recording broke off, repeat it")


def _read_ends(location: str) -> bytes:
    with Path(location).open("rb") as file:
        head = file.read(_SNIFFED_BYTES)
        file.seek(max(len(head), Path(location).stat().st_size - _SNIFFED_BYTES))
        return head + file.read(_SNIFFED_BYTES)
