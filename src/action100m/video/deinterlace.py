"""Interlaced frames hold two moments, one in every other row. Here each becomes one full picture of its first moment.

libavfilter's bwdif looks at the frames before and after, and leaves frames alone that are not marked as interlaced.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

import av
from av.filter import Graph

TimedFrame = tuple[float, av.VideoFrame]


def deinterlace(frames: Iterable[TimedFrame]) -> Iterator[TimedFrame]:
    """Yield one progressive frame for each frame, with the same seconds. Costs nothing before the first interlaced frame."""
    bwdif: _Bwdif | None = None
    for seconds, frame in frames:
        if bwdif is not None and not bwdif.fits(frame):
            yield from bwdif.finish()
            bwdif = None
        if bwdif is None and frame.interlaced_frame:
            bwdif = _Bwdif(frame)
        if bwdif is None:
            yield seconds, frame
        else:
            yield from bwdif.filter(seconds, frame)
    if bwdif is not None:
        yield from bwdif.finish()


class _Bwdif:
    """A filter for frames of one size and format. It gives back one frame for each, one frame later."""

    def __init__(self, frame: av.VideoFrame) -> None:
        self._like = (frame.width, frame.height, frame.format.name)
        self._waiting: deque[float] = deque()
        self._graph = Graph()
        self._graph.link_nodes(
            self._graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base),
            self._graph.add("bwdif", "mode=send_frame:deint=interlaced"),
            self._graph.add("buffersink"),
        ).configure()

    def fits(self, frame: av.VideoFrame) -> bool:
        return (frame.width, frame.height, frame.format.name) == self._like

    def filter(self, seconds: float, frame: av.VideoFrame) -> Iterator[TimedFrame]:
        self._waiting.append(seconds)
        self._graph.vpush(frame)
        yield from self._pull()

    def finish(self) -> Iterator[TimedFrame]:
        self._graph.vpush(None)
        yield from self._pull()

    def _pull(self) -> Iterator[TimedFrame]:
        while True:
            try:
                frame = self._graph.vpull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            yield self._waiting.popleft(), frame
