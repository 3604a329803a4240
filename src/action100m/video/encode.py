"""Write pictures as H.264 in MP4: 4:2:0, upright, without sound.

Every picture keeps its presentation time, and the last one lasts until the end that is given.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Final, Self

import av
from av.container import OutputContainer
from av.video.reformatter import Colorspace
from av.video.stream import VideoStream

from action100m.video.picture import FrameSize, Picture

_TIME_BASE: Final = Fraction(1, 90_000)
"""Holds the frame times of all usual rates exactly."""
_BT709: Final = 1
"""Code of the colour space, for all three tags."""
_OPTIONS: Final = {"preset": "veryfast", "g": "48", "bf": "0", "x264-params": "mbtree=0:rc-lookahead=0"}
"""A key frame every 48 frames makes seeks quick; without B-frames the file needs no edit list, which players read differently; with x264's
lookahead the same pictures do not always give the same bytes on a busy machine."""


def even_size(picture: Picture, *, longest_side: int | None) -> FrameSize:
    """Return the displayed size, shrunk to fit and made even: 4:2:0 halves both sides."""
    scale = 1.0 if longest_side is None else min(1.0, longest_side / max(picture.width, picture.height))
    width, height = (max(2, round(side * scale / 2) * 2) for side in (picture.width, picture.height))
    return FrameSize(width, height)


def to_yuv(picture: Picture, size: FrameSize) -> av.VideoFrame:
    """Return a picture as an encoder takes it. One frame may go to several writers."""
    return av.VideoFrame.from_ndarray(picture.rgb(size), format="rgb24").reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)


class H264Writer:
    """Writes one file: add frames, finish, close. One that is closed unfinished is of no use."""

    def __init__(self, target: Path, size: FrameSize, *, crf: int, threads: int = 0) -> None:
        self._output: OutputContainer = av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"})
        self._stream = _add_stream(self._output, size, crf=crf, threads=threads)
        self._held: av.Packet[VideoStream] | None = None  # its duration is known only when the next one, or the end, is
        self._ticks = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, frame: av.VideoFrame, seconds: float) -> None:
        """Encode a frame of `to_yuv` at its time, later than that of the frame before."""
        self._ticks = max(round(seconds / _TIME_BASE), self._ticks + 1)
        frame.pts, frame.time_base = self._ticks, _TIME_BASE
        self._mux(frame)

    def finish(self, end: float) -> None:
        """Encode what is left; the last frame lasts until `end` seconds."""
        self._mux(None)
        if self._held is not None:
            self._held.duration = max(1, round(end / _TIME_BASE) - self._ticks)
            self._output.mux(self._held)

    def close(self) -> None:
        """Close the file."""
        self._output.close()

    def _mux(self, frame: av.VideoFrame | None) -> None:
        for packet in self._stream.encode(frame):
            if self._held is not None:
                self._output.mux(self._held)
            self._held = packet


def _add_stream(output: OutputContainer, size: FrameSize, *, crf: int, threads: int) -> VideoStream:
    stream = output.add_stream("libx264", rate=30, options={**_OPTIONS, "crf": str(crf)})
    stream.width, stream.height, stream.pix_fmt = size.width, size.height, "yuv420p"
    context = stream.codec_context
    context.time_base, context.thread_count = _TIME_BASE, threads
    context.colorspace = context.color_primaries = context.color_trc = _BT709
    return stream
