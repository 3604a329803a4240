"""What the header of a video tells of its length, without decoding it: enough to tell what a run over it will cost."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from pathlib import Path

import av

from action100m.errors import VideoError
from action100m.video.decode import SampleConfig
from action100m.video.source import choose_video_stream, open_container

_SMALLEST_FRAME = 4
"""Bytes. A header that announces more frames than the file has room for is not believed."""


@dataclass(frozen=True, slots=True)
class Header:
    """One video, as its header tells."""

    path: str
    seconds: float
    frames: int
    width: int
    height: int

    @property
    def rate(self) -> float:
        """Frames a second, on average."""
        return self.frames / self.seconds

    def count_samples(self, sampling: SampleConfig) -> int:
        """Return how many frames are taken, if all are there and come at even distances."""
        if sampling.rate is None:
            return ceil(self.frames / sampling.every)
        return min(self.frames, ceil(self.seconds * sampling.rate))


def probe(path: str) -> Header:
    """Return what the header of a file tells.

    Raises:
        VideoError: the file cannot be opened, or its header tells no duration or one that cannot be true.
    """
    with open_container(path) as container:
        stream = choose_video_stream(container, path)
        rate = float(stream.average_rate or stream.guessed_rate or 0)
        announced = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else (container.duration or 0) / av.time_base
        frames = stream.frames or round(announced * rate)
        seconds = announced or (frames / rate if rate else 0.0)
        width, height = stream.width, stream.height
    if not seconds > 0 or not frames:
        raise VideoError(f"{path}: its header tells no duration or no frame rate; remux it, or plan without it")
    if frames * _SMALLEST_FRAME > Path(path).stat().st_size:
        raise VideoError(f"{path}: its header announces {seconds:,.0f} s, for which the file is too small; remux it, or plan without it")
    return Header(path, seconds, frames, width, height)
