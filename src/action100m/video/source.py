"""Open a video file, or say precisely why it cannot be used."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Final

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from action100m.errors import EmptyVideoError, MissingVideoError, NotAVideoError, NoVideoStreamError, ProtectedVideoError, UnreadableVideoError

_SNIFFED_BYTES: Final = 1 << 16
"""Read from the start of a file that no demuxer opens, to tell a broken or encrypted container from no container at all."""


def open_container(location: str) -> InputContainer:
    """Open a file.

    Raises:
        MissingVideoError, UnreadableVideoError, EmptyVideoError, NotAVideoError, ProtectedVideoError: each names the file and the cure.
    """
    _check_file(location)
    try:
        return av.open(location, metadata_errors="replace")
    except av.error.PermissionError as error:
        raise UnreadableVideoError(f"{location}: permission denied; make the file readable for this user") from error
    except av.FFmpegError as error:
        raise _diagnose(location, error) from error


def choose_video_stream(container: InputContainer, location: str) -> VideoStream:
    """Return the stream to decode: the default one, else the one with most pixels; the first of equals; never an attached picture.

    Raises:
        NoVideoStreamError: there is none.
    """
    pictures = Disposition.attached_pic | Disposition.timed_thumbnails
    streams = [stream for stream in container.streams.video if not stream.disposition & pictures]
    if not streams:
        kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
        raise NoVideoStreamError(f"{location}: no video stream (it holds {kinds}); give a file with moving pictures")
    decodable = [stream for stream in streams if stream.codec_context is not None]
    if not decodable:
        raise ProtectedVideoError(f"{location}: no decoder for its video stream; convert it to H.264, HEVC, VP9 or AV1")
    return max(decodable, key=lambda stream: (bool(stream.disposition & Disposition.default), stream.width * stream.height, -stream.index))


def _check_file(location: str) -> None:
    """Look at the file without reading from it: opening a FIFO would wait for ever."""
    try:
        status = Path(location).stat()
    except FileNotFoundError as error:
        raise MissingVideoError(f"{location}: no such file; check the path") from error
    except OSError as error:
        raise UnreadableVideoError(f"{location}: {error.strerror}; check the path and its permissions") from error
    if stat.S_ISDIR(status.st_mode):
        raise UnreadableVideoError(f"{location}: is a folder; name the files in it, or give it to `action100m run`, which looks inside")
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableVideoError(f"{location}: is no regular file (a pipe, socket or device); copy it to a file first")
    if status.st_size == 0:
        raise EmptyVideoError(f"{location}: zero bytes; download or copy it again")


def _diagnose(location: str, error: av.FFmpegError) -> Exception:
    return NotAVideoError(f"{location}: {error.strerror}")
