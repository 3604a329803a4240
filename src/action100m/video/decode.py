"""Decode a video once, in order, and hand out its sampled frames with their presentation times.

Nothing is sought: some files decode to garbage after a seek without any error. Memory does not grow with the length of the video,
save for one time for each frame.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from action100m.errors import ConfigError, NoFrameError, TooShortError, VideoError
from action100m.video.decoder import Decoder
from action100m.video.deinterlace import deinterlace
from action100m.video.orientation import OrientationReader
from action100m.video.picture import Picture, Scaler, square_pixels
from action100m.video.readahead import read_ahead
from action100m.video.timeline import Timeline

SHORTEST_VIDEO: Final = 0.5
"""Seconds. The shortest segment of the paper (section 3.1)."""
_EVERY: Final = 4
"""Frames, as in the paper (section 3.1)."""
_SAME_TIME: Final = 1e-6
"""Seconds. Far below any time base in use, far above what a float64 loses in writing."""


@dataclass(frozen=True, slots=True)
class SampleConfig:
    """Which frames to take."""

    every: int = _EVERY
    """Take the first frame and every n-th after it, in presentation order."""
    rate: float | None = None
    """Take the first frame at or after each k / rate seconds instead, and leave `every` alone. None counts frames."""

    def __post_init__(self) -> None:
        if self.every < 1:
            raise ConfigError(f"embed.sampling.every must be >= 1 frame, got {self.every}")
        if self.rate is not None and not 0 < self.rate < float("inf"):
            raise ConfigError(f"embed.sampling.rate must be > 0 frames a second, got {self.rate}")
        if self.rate is not None and self.every != _EVERY:
            raise ConfigError(
                f"embed.sampling takes every or rate, not both, got embed.sampling.every {self.every} and embed.sampling.rate {self.rate}"
            )


@dataclass(frozen=True, slots=True)
class DecodeReport:
    """What one pass over a video found."""

    presented: NDArray[np.float64]
    """Seconds of every presented frame (n,), strictly increasing from 0."""
    end: float
    """Seconds at which the last presented frame ends."""
    player_offset: float
    """Added to our seconds it gives the `currentTime` of an HTML video element.

    It is the time stamp that the first presented frame has in the file after edit lists, also in files without sound: so measured in
    Chromium 156 on MP4, WebM and Matroska files.
    """
    width: int
    """As displayed."""
    height: int
    """As displayed."""
    lost: tuple[str, ...] = ()
    """What could not be decoded, in words; empty for a sound file."""


class FrameStream:
    """The sampled frames of one video, decoded as they are asked for. Close it, or leave its `with` block, to end early."""

    def __init__(self, location: str, sampling: SampleConfig, *, threads: int) -> None:
        self._pass = _Pass(location, threads=threads)
        self.announced = self._pass.announced
        """Seconds that the video lasts by its header, to show how far one is; None where it does not tell. Headers may be wrong."""
        self._pictures = read_ahead(self._pass.sample(sampling))

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
        if self._pass.report is None:
            raise RuntimeError("the report is known only when all pictures have been read")
        return self._pass.report

    def close(self) -> None:
        """Stop decoding and close the file."""
        self._pictures.close()
        self._pass.close()


def open_frames(location: str, sampling: SampleConfig = SampleConfig(), *, threads: int = 0) -> FrameStream:
    """Open a video and return its sampled frames; `threads` of the decoder, 0 for one for each core.

    Raises:
        VideoError: the video cannot be used. At once when it cannot be opened, with the first picture when nothing decodes,
            after the last picture when the video is shorter than `SHORTEST_VIDEO` or gave fewer than two pictures.
    """
    return FrameStream(location, sampling, threads=threads)


def pictures_at(location: str, seconds: Sequence[float], *, threads: int = 0) -> Iterator[Picture]:
    """Yield the frames with exactly these presentation times, sorted and distinct, in one pass from the start.

    Raises:
        VideoError: a time is not met, so the file is not the one (or the version of it) that the times came from.
    """
    decoding = _Pass(location, threads=threads)
    with closing(decoding), closing(read_ahead(decoding.pictures())) as pictures:
        for wanted in np.unique(np.asarray(seconds, np.float64)):
            picture = next((picture for picture in pictures if picture.seconds > wanted - _SAME_TIME), None)
            if picture is None or picture.seconds > wanted + _SAME_TIME:
                raise VideoError(f"{location}: no frame at {wanted} s; the file has changed since it was first read, run it again")
            yield picture


class _Pass:
    """One pass over one file: its presented frames as pictures, then the report."""

    def __init__(self, location: str, *, threads: int) -> None:
        self._decoder = Decoder(location, threads=threads)
        self.announced = self._decoder.announced_duration()  # now: the decoding thread may open the file anew
        stream = self._decoder.stream
        self._timeline = Timeline(self._decoder.time_base, container_format=self._decoder.format, rate=stream.average_rate)
        self._pixel_aspect = stream.sample_aspect_ratio
        self._size = (0, 0)
        self.report: DecodeReport | None = None

    def sample(self, sampling: SampleConfig) -> Generator[Picture]:
        """Yield the sampled frames.

        Raises:
            NoFrameError, TooShortError: see `open_frames`.
        """
        taken, due = 0, 0.0
        for picture in self.pictures():
            if picture.index % sampling.every if sampling.rate is None else picture.seconds < due:
                continue
            if sampling.rate is not None:
                due = (math.floor((picture.seconds + _SAME_TIME) * sampling.rate) + 1) / sampling.rate - _SAME_TIME
            taken += 1
            yield picture
        report = self._make_report()
        if report.end < SHORTEST_VIDEO or taken < 2:
            raise TooShortError(
                f"{self._decoder.location}: too short, {report.end:.2f} s with {taken} sampled frame(s); "
                f"give a video of {SHORTEST_VIDEO} s or more, or sample more of its frames"
            )
        self.report = report

    def pictures(self) -> Generator[Picture]:
        """Yield every presented frame.

        Raises:
            NoFrameError: there is none.
        """
        scaler, orientations = Scaler(), OrientationReader()
        index = -1
        for index, (seconds, frame) in enumerate(deinterlace(self._timeline.present(self._decoder.frames()))):
            orientation = orientations.read(frame)
            width, height = orientation.swap(*square_pixels(frame.width, frame.height, self._pixel_aspect))
            if index == 0:
                self._size = width, height
            yield Picture(seconds, index, width, height, frame, orientation, scaler)
        if index < 0:
            raise NoFrameError(f"{self._decoder.location}: it announces video, but not one frame decodes; download or copy it again")

    def close(self) -> None:
        """Close the file."""
        self._decoder.close()

    def _make_report(self) -> DecodeReport:
        first, announced = self._timeline.first_stamp, self._decoder.announced_end()
        end = self._timeline.end(announced=None if announced is None else announced - first)
        lost = self._decoder.describe_loss(first=first, end=end, interval=self._timeline.typical_interval)
        return DecodeReport(self._timeline.presented, end, first, *self._size, lost)
