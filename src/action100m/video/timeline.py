"""From the container's time stamps to seconds since the first presented frame.

Time stamps are integers in the stream's time base. They are trusted as they are, gaps included, with these exceptions: a frame without one
takes its packet's decoding time, else follows its predecessor; a frame whose time does not advance is not presented; and where the stamps
jump back (files joined byte by byte) the timeline goes on after the last frame.
"""

from __future__ import annotations

import math
from array import array
from fractions import Fraction
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

_BACKWARD_JUMP: Final = 0.5
"""Seconds back in time that start a new section. Frames that a codec hands out too late stay below it."""
_FORWARD_JUMP: Final = 10.0
"""Seconds ahead that start a new section, in formats that may be joined byte by byte (MPEG-TS); elsewhere a gap is a gap."""
_LONGEST_FALLBACK: Final = Fraction(1)
"""Seconds that a frame lasts when nothing tells."""


class Timeline:
    """Places the frames of one stream, in the order in which they are decoded."""

    def __init__(self, time_base: Fraction, *, rate: Fraction | None, may_jump: bool) -> None:
        self._time_base = time_base
        self._may_jump = may_jump
        self._interval = _LONGEST_FALLBACK if not rate else 1 / rate
        self._first: int | None = None
        self._last = 0
        self._last_duration = 0
        self._shift = 0
        self._seconds = array("d")

    @property
    def presented(self) -> NDArray[np.float64]:
        """Seconds of every presented frame (n,), strictly increasing from 0."""
        return np.array(self._seconds, np.float64)

    @property
    def first(self) -> Fraction:
        """The first presented frame's own time stamp in seconds."""
        return (self._first or 0) * self._time_base

    def place(self, frame: av.VideoFrame) -> float | None:
        """Return a frame's seconds, or None when its time does not advance and it is not presented."""
        stamp = frame.pts if frame.pts is not None else frame.dts
        if self._first is None:
            self._first = self._last = 0 if stamp is None else stamp
            return self._append(self._first, frame.duration)
        ticks = self._continue() if stamp is None else self._join(stamp)
        return self._append(ticks, frame.duration) if ticks > self._last else None

    def end(self, *, announced: float | None) -> float:
        """Return the end of the last presented frame, in seconds.

        Its own duration is believed up to twice the longest interval seen, or when it ends where the header says (announced).
        """
        if not self._seconds:
            return 0.0
        last, duration = self._seconds[-1], float(self._last_duration * self._time_base)
        typical = self.typical_interval
        agreed = announced is not None and abs(last + duration - announced) <= typical
        longest = max(np.diff(self.presented).max(initial=typical), typical)
        return last + (duration if duration > 0 and (agreed or duration <= 2 * longest) else typical)

    @property
    def typical_interval(self) -> float:
        """Median seconds between presented frames."""
        return float(np.median(np.diff(self.presented))) if len(self._seconds) > 1 else float(self._interval)

    def _join(self, stamp: int) -> int:
        """Return a time stamp in ticks of the whole timeline, opening a new section where it jumps."""
        step = (stamp + self._shift - self._last) * self._time_base
        if step <= -_BACKWARD_JUMP or (self._may_jump and step >= _FORWARD_JUMP):
            self._shift = self._continue() - stamp
        return stamp + self._shift

    def _continue(self) -> int:
        """Return where a frame comes that follows the last one without a gap."""
        return self._last + (self._last_duration or max(1, math.floor(self._interval / self._time_base)))

    def _append(self, ticks: int, duration: int) -> float:
        self._last, self._last_duration = ticks, max(0, duration)
        self._seconds.append(float((ticks - (self._first or 0)) * self._time_base))
        return self._seconds[-1]
