"""What becomes of the pictures of one segment: an MP4, or some of them as JPEG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Final, Protocol

import av

from action100m.video.encode import H264Writer, even_size, to_yuv
from action100m.video.picture import FrameSize, Picture

_JPEG_SCALE: Final = "2"
"""Of quantisation, 1 to 31; 2 is what ffmpeg's users take for visually lossless."""
_SAME_TIME: Final = 1e-6
"""Seconds. As `video.decode` has it."""


class Cutter(Protocol):
    """Takes the pictures of one stretch, in order."""

    @property
    def files(self) -> Sequence[tuple[str, Path]]:
        """What was written: (ending, path)."""

    @property
    def seconds(self) -> Sequence[float]:
        """Presentation times of the pictures that were taken, in the source."""

    def add(self, picture: Picture) -> None:
        """Take a picture, or leave it."""

    def close(self, end: float) -> None:
        """Finish; the last picture lasts until `end` seconds."""

    def abandon(self) -> None:
        """Let go of what is open."""


class YuvOnce:
    """Converts a picture once for all the clips that it is in."""

    def __init__(self) -> None:
        self._last: tuple[int, FrameSize] | None = None
        self._frame: av.VideoFrame | None = None

    def convert(self, picture: Picture, size: FrameSize) -> av.VideoFrame:
        """Return what `to_yuv` makes of it."""
        if self._frame is None or self._last != (picture.index, size):
            self._last, self._frame = (picture.index, size), to_yuv(picture, size)
        return self._frame


class ClipCutter:
    """Writes all pictures as an MP4 that starts at 0 with the first of them."""

    def __init__(self, first: Picture, target: Path, *, longest_side: int | None, crf: int, yuv: YuvOnce) -> None:
        self._size, self._path, self._yuv = even_size(first, longest_side=longest_side), target, yuv
        self._writer = H264Writer(target, self._size, crf=crf, threads=1)  # nested segments are open side by side
        self.seconds: list[float] = []

    @property
    def files(self) -> Sequence[tuple[str, Path]]:
        """One MP4."""
        return [("mp4", self._path)]

    def add(self, picture: Picture) -> None:
        """Take every picture."""
        self.seconds.append(picture.seconds)
        self._writer.add(self._yuv.convert(picture, self._size), picture.seconds - self.seconds[0])

    def close(self, end: float) -> None:
        """Finish the file."""
        self._writer.finish(end - self.seconds[0])
        self._writer.close()

    def abandon(self) -> None:
        """Close the file, unfinished."""
        self._writer.close()


class FrameCutter:
    """Writes the first picture, and then the first at or after each 1 / rate seconds from there, as JPEG files."""

    def __init__(self, first: Picture, target: Path, *, longest_side: int | None, rate: float) -> None:
        self._size, self._target, self._rate = even_size(first, longest_side=longest_side), target, rate
        self._due = -math.inf
        self.seconds: list[float] = []
        self.files: list[tuple[str, Path]] = []

    def add(self, picture: Picture) -> None:
        """Take a picture when it is due."""
        if picture.seconds < self._due:
            return
        self.seconds.append(picture.seconds)
        start = self.seconds[0]
        self._due = start + (math.floor((picture.seconds - start + _SAME_TIME) * self._rate) + 1) / self._rate - _SAME_TIME
        path = self._target.with_name(f"{self._target.name}-{len(self.files)}")
        path.write_bytes(_to_jpeg(picture, self._size))
        self.files.append((f"{len(self.files):05d}.jpg", path))

    def close(self, end: float) -> None:
        """Nothing is open."""

    def abandon(self) -> None:
        """Nothing is open."""


def _to_jpeg(picture: Picture, size: FrameSize) -> bytes:
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = size.width, size.height, "yuvj420p"
    encoder.time_base, encoder.thread_count = Fraction(1, 25), 1  # it asks for a time base, and writes none
    encoder.options = {"qmin": _JPEG_SCALE, "qmax": _JPEG_SCALE}
    frame = av.VideoFrame.from_ndarray(picture.rgb(size), format="rgb24").reformat(format="yuvj420p")
    frame.pts = 0
    return b"".join(bytes(packet) for packet in (*encoder.encode(frame), *encoder.encode(None)))
