"""Cut stretches out of a video exactly in time: the frames whose presentation time is in [start, end), no others.

The video is decoded once, from its start, however many stretches are asked for and however they overlap: nothing is sought, since some files
decode to garbage after a seek.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from action100m.dataset.export.cutters import Cutter
from action100m.dataset.export.segments import Segment
from action100m.errors import NoFrameError, VideoError
from action100m.video.decode import DecodeReport, FrameStream, SampleConfig, open_frames
from action100m.video.picture import Picture

_SHORTER: Final = 1.0
"""Seconds that a file may end before a segment does. Encodings of one video differ by some frames; more, and it is another version of it."""


def cut(location: str, segments: Sequence[Segment], make: Callable[[int, Picture], Cutter]) -> tuple[list[Cutter | VideoError], DecodeReport]:
    """Return what became of each segment, and the report of the pass.

    make: called with the number of a segment and its first picture.

    Times are compared in float32, which data sets hold: a boundary that was a frame's time still is.

    Raises:
        VideoError: the video cannot be used.
    """
    sweep = _Sweep(segments, make)
    try:
        with open_frames(location, SampleConfig(every=1)) as pictures:
            report = sweep.run(pictures)
    except BaseException:
        sweep.abandon()
        raise
    return [sweep.outcome(number, location, report) for number in range(len(segments))], report


class _Sweep:
    """One pass over the pictures, with the segments that are open at each."""

    def __init__(self, segments: Sequence[Segment], make: Callable[[int, Picture], Cutter]) -> None:
        self._segments, self._make = segments, make
        self._starts = np.array([one.start for one in segments], np.float32)
        self._ends = np.array([one.end for one in segments], np.float32)
        self._ahead = [int(number) for number in np.argsort(-self._starts, kind="stable")]  # the next one to open is the last
        self._open: dict[int, Cutter] = {}
        self._made: dict[int, Cutter] = {}

    def run(self, pictures: FrameStream) -> DecodeReport:
        for picture in pictures:
            now = np.float32(picture.seconds)
            self._close([number for number in self._open if self._ends[number] <= now], picture.seconds)
            while self._ahead and self._starts[self._ahead[-1]] <= now:
                number = self._ahead.pop()
                if now < self._ends[number]:
                    self._open[number] = self._make(number, picture)
            for cutter in self._open.values():
                cutter.add(picture)
        self._close(list(self._open), pictures.report.end)
        return pictures.report

    def abandon(self) -> None:
        for cutter in self._open.values():
            cutter.abandon()

    def outcome(self, number: int, location: str, report: DecodeReport) -> Cutter | VideoError:
        segment = self._segments[number]
        span = f"[{segment.start:.2f}, {segment.end:.2f}) s"
        if segment.end > report.end + _SHORTER:
            return VideoError(f"{location}: ends at {report.end:.2f} s, before the segment {span}; it is cut off, or another version of the video")
        return self._made.get(number) or NoFrameError(f"{location}: no frame is presented in {span}")

    def _close(self, numbers: Sequence[int], seconds: float) -> None:
        for number in numbers:
            self._made[number] = cutter = self._open[number]
            cutter.close(min(seconds, self._segments[number].end))
            del self._open[number]
