"""Decode a video once, in order, and hand out its sampled frames with their presentation times.

Nothing is sought: some files decode to garbage after a seek without any error. Memory does not grow with the length of the video,
save for one time for each frame.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from action100m.errors import ConfigError, NoFrameError, TooShortError, VideoError
from action100m.video.orientation import read_orientation
from action100m.video.picture import Picture, Scaler
from action100m.video.readahead import read_ahead
from action100m.video.source import choose_video_stream, open_container
from action100m.video.timeline import Timeline

SHORTEST_VIDEO = 0.5
"""Seconds. The shortest segment of the paper (section 3.1)."""


@dataclass(frozen=True, slots=True)
class SampleConfig:
    """Which frames to take."""

    every: int = 4
    """Take the first frame and every n-th after it, in presentation order. 4 as in the paper (section 3.1)."""
    rate: float | None = None
    """Take the first frame at or after each k / rate seconds instead. None counts frames."""

    def __post_init__(self) -> None:
        if self.every < 1:
            raise ConfigError(f"every must be >= 1 frame, got {self.every}")
        if self.rate is not None and not 0 < self.rate < float("inf"):
            raise ConfigError(f"rate must be > 0 frames a second, got {self.rate}")


@dataclass(frozen=True, slots=True)
class DecodeReport:
    """What one pass over a video found."""

    presented: NDArray[np.float64]
    """Seconds of every presented frame (n,), strictly increasing from 0."""
    end: float
    """Seconds at which the last presented frame ends."""
    player_offset: float
    """Added to our seconds it gives the `currentTime` of an HTML video element."""
    width: int
    """As displayed."""
    height: int
    """As displayed."""
    lost: tuple[str, ...] = ()
    """What could not be decoded, in words; empty for a sound file."""


class FrameStream:
    """The sampled frames of one video, decoded as they are asked for. Close it, or leave its `with` block, to end early."""

    def __init__(self, location: str, sampling: SampleConfig, *, threads: int) -> None:
        self._pass = _DecodePass(location, threads=threads)
        self._sampling = sampling
        self._pictures = read_ahead(self._sample())
        self._report: DecodeReport | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Picture:
        return next(self._pictures)

    @property
    def report(self) -> DecodeReport:
        """What the pass found. Known only after the last picture."""
        if self._report is None:
            raise RuntimeError("the report is known only when all pictures have been read")
        return self._report

    def close(self) -> None:
        """Stop decoding and close the file."""
        self._pictures.close()
        self._pass.close()

    def _sample(self) -> Iterator[Picture]:
        taken, rate = 0, self._sampling.rate
        due = 0.0
        for picture in self._pass.pictures():
            if picture.index % self._sampling.every if rate is None else picture.seconds < due:
                continue
            taken += 1
            if rate is not None:
                due = (np.floor(picture.seconds * rate + 1e-6) + 1) / rate - 1e-6
            yield picture
        self._report = self._pass.report()
        if self._report.end < SHORTEST_VIDEO or taken < 2:
            raise TooShortError(
                f"{self._pass.location}: too short, {self._report.end:.2f} s with {taken} sampled frame(s); "
                f"give a video of {SHORTEST_VIDEO} s or more, or sample more frames"
            )


def open_frames(location: str, sampling: SampleConfig = SampleConfig(), *, threads: int = 0) -> FrameStream:
    """Open a video and return its sampled frames; `threads` of the decoder, 0 for one for each core.

    Raises:
        VideoError: the video cannot be used. At once when it cannot be opened, with the first picture when nothing decodes,
            with the end of the pictures when they are too few.
    """
    return FrameStream(location, sampling, threads=threads)


def pictures_at(location: str, seconds: Sequence[float], *, threads: int = 0) -> Iterator[Picture]:
    """Yield the frames with exactly these presentation times, sorted and distinct, in one pass from the start.

    Raises:
        VideoError: a time is not met, so the file is not the one (or the version of it) that the times came from.
    """
    wanted = np.unique(np.asarray(seconds, np.float64))
    decoding = _DecodePass(location, threads=threads)
    try:
        met = 0
        pictures = read_ahead(decoding.pictures())
        while met < len(wanted):
            picture = next(pictures, None)
            if picture is None or picture.seconds > wanted[met] + _SAME_TIME:
                raise VideoError(f"{location}: no frame at {wanted[met]} s; the file has changed since it was first read, run it again")
            if abs(picture.seconds - wanted[met]) <= _SAME_TIME:
                met += 1
                yield picture
    finally:
        pictures.close()
        decoding.close()


_SAME_TIME = 1e-6
"""Seconds. Far below any time base in use, far above what a float64 loses in writing."""


class _DecodePass:
    """One pass over one file."""

    def __init__(self, location: str, *, threads: int) -> None:
        self.location = location
        self._container: InputContainer = open_container(location)
        self._stream: VideoStream = choose_video_stream(self._container, location)
        self._stream.thread_type = "AUTO"
        self._stream.codec_context.thread_count = threads
        self._timeline = Timeline(self._stream.time_base, rate=self._stream.average_rate, may_jump=self._container.format.name == "mpegts")
        self._size = (0, 0)

    def pictures(self) -> Iterator[Picture]:
        scaler = Scaler()
        index = 0
        for frame in self._decode():
            seconds = self._timeline.place(frame)
            if seconds is None:
                continue
            orientation = read_orientation(frame)
            width, height = orientation.swap(frame.width, frame.height)
            if index == 0:
                self._size = width, height
            yield Picture(seconds, index, width, height, frame, orientation, scaler)
            index += 1
        if index == 0:
            raise NoFrameError(f"{self.location}: not one frame decodes; download or copy it again")

    def _decode(self) -> Iterator[av.VideoFrame]:
        for packet in self._container.demux(self._stream):
            if packet.size == 0:
                continue
            try:
                yield from packet.decode()
            except av.FFmpegError:
                continue
        try:
            yield from self._stream.decode(None)
        except av.FFmpegError:
            return

    def report(self) -> DecodeReport:
        width, height = self._size
        return DecodeReport(self._timeline.presented, self._timeline.end(announced=None), 0.0, width, height)

    def close(self) -> None:
        self._container.close()
