"""From the container's time stamps to seconds since the first presented frame.

Time stamps are integers in the stream's time base. They are trusted as they are, gaps included, with these exceptions: a frame without one
takes its packet's decoding time, else follows its predecessor; a frame whose time does not advance is not presented; and where the stamps
jump back (files joined byte by byte) the timeline goes on after the last frame.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

BACKWARD_JUMP: Final = Fraction(1, 2)
"""Seconds back in time that start a new section. Frames that a codec hands out too late stay below it."""
_FORWARD_JUMP: Final = 10
"""Seconds ahead that start a new section in MPEG-TS, which may be joined byte by byte; elsewhere a gap is a gap."""
_UNKNOWN_INTERVAL: Final = Fraction(1, 25)
"""Seconds that a frame lasts when neither the header nor other frames tell."""


def own_stamp(frame: av.VideoFrame, *, container_format: str) -> int | None:
    """Return the time stamp of a frame in ticks, None where it has none.

    AVI stores no presentation times: libavformat's guesses swap frames, while decoding times follow the order of the output.
    """
    return frame.dts if container_format == "avi" or frame.pts is None else frame.pts


class Timeline:
    """Places the frames of one stream. Ticks are units of the stream's time base."""

    def __init__(self, time_base: Fraction, *, container_format: str, rate: Fraction | None) -> None:
        self._time_base = time_base
        self._may_jump_ahead = container_format == "mpegts"
        self._container_format = container_format
        self._interval = max(1, round((1 / rate if rate else _UNKNOWN_INTERVAL) / time_base))
        self._first, self._last, self._shift = 0, -1, 0
        self._last_was_unstamped = False
        self._duration = 0  # as the last frame tells it
        self._true_durations = 0  # frames that lasted as long as they told
        self._seconds = array("d")

    @property
    def presented(self) -> NDArray[np.float64]:
        """Seconds of every presented frame (n,), strictly increasing from 0."""
        return np.array(self._seconds, np.float64)

    @property
    def first_stamp(self) -> float:
        """The first presented frame's own time stamp, in seconds."""
        return float(self._first * self._time_base)

    @property
    def last(self) -> float:
        """Seconds of the last frame so far."""
        return self._seconds[-1] if self._seconds else 0.0

    def present(self, frames: Iterable[av.VideoFrame]) -> Iterator[tuple[float, av.VideoFrame]]:
        """Yield the presented frames with their seconds.

        Holds one frame back: where a stream hides how far its frames are reordered, the decoder hands the first such frame out too early.
        """
        held: tuple[int, av.VideoFrame] | None = None
        for frame in frames:
            current = self._stamp(frame, after=held), frame
            early = held is not None and current[0] < held[0]
            if held is not None:
                yield from self._place(*(current if early else held))
            held = held if early else current
        if held is not None:
            yield from self._place(*held)

    def end(self, *, announced: float | None) -> float:
        """Return the end of the last presented frame, in seconds.

        Its own duration is believed where it ends as the header announced, and else, up to twice the longest interval seen, where most frames
        before lasted as long as they told.
        """
        typical, own = self.typical_interval, float(self._duration * self._time_base)
        if announced is not None and own > 0 and abs(self.last + own - announced) <= typical:
            return self.last + own
        intervals = np.diff(self.presented)
        truthful = 2 * self._true_durations >= len(intervals)
        return self.last + (own if truthful and 0 < own <= 2 * intervals.max(initial=typical) else typical)

    @property
    def typical_interval(self) -> float:
        """Median seconds between presented frames."""
        return float(np.median(np.diff(self.presented))) if len(self._seconds) > 1 else float(self._interval * self._time_base)

    def _stamp(self, frame: av.VideoFrame, *, after: tuple[int, av.VideoFrame] | None) -> int:
        """Return a frame's time in ticks of the whole timeline, opening a new section where the stamps jump."""
        stamp = own_stamp(frame, container_format=self._container_format)
        was_unstamped, self._last_was_unstamped = self._last_was_unstamped, stamp is None
        if after is None:
            return stamp or 0
        follows = after[0] + (after[1].duration or self._interval)
        if stamp is None:
            return follows
        step = (stamp + self._shift - after[0]) * self._time_base
        jumps = step <= -BACKWARD_JUMP or (self._may_jump_ahead and step >= _FORWARD_JUMP)
        if jumps or (was_unstamped and step <= 0):
            self._shift = follows - stamp
        return stamp + self._shift

    def _place(self, ticks: int, frame: av.VideoFrame) -> Iterator[tuple[float, av.VideoFrame]]:
        if not self._seconds:
            self._first = ticks
        elif ticks <= self._last:
            return
        else:
            self._true_durations += abs(ticks - self._last - self._duration) * 10 <= ticks - self._last
        self._last, self._duration = ticks, max(0, frame.duration)
        self._seconds.append(float((ticks - self._first) * self._time_base))
        yield self._seconds[-1], frame
