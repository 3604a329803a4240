"""The words for a video, its metadata and its frames."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from math import inf
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Cue:
    """One line of a transcript.

    time: start in seconds, as the text that the released data holds ("1.92"). end: seconds, or None where unknown (the released data has no ends).
    """

    time: str
    text: str
    end: float | None = None

    @property
    def start(self) -> float | None:
        """Seconds from the first presented frame, or None when `time` is not a number."""
        try:
            return float(self.time)
        except ValueError:
            return None


def cues_between(transcript: Sequence[Cue] | None, start: float, end: float) -> tuple[Cue, ...]:
    """Return what is said in [start, end) seconds. A cue of unknown end lasts until the next one starts; one of unknown start is left out."""
    timed = [(cue.start, cue) for cue in transcript or () if cue.start is not None]
    following = [*(cue_start for cue_start, _ in timed[1:]), inf][: len(timed)]
    return tuple(
        cue
        for (cue_start, cue), next_start in zip(timed, following, strict=True)
        if cue_start < end and (next_start if cue.end is None else cue.end) > start
    )


@dataclass(frozen=True, slots=True)
class VideoMetadata:
    """What is known about a video besides its pictures: the fields of the released `metadata` column. None where unknown."""

    title: str | None = None
    description: str | None = None
    view_count: int | None = None
    like_count: int | None = None
    duration: int | None = None
    """Whole seconds, as the side-car tells it; may differ from what decodes."""
    upload_date: str | None = None
    """"YYYYMMDD"."""
    transcript: tuple[Cue, ...] | None = None


@dataclass(frozen=True, slots=True)
class Video:
    """One video to annotate."""

    uid: str
    location: str
    """Path of the file."""
    sha256: str
    """Hex digest of the file's bytes: the same file under another path is the same video."""
    metadata: VideoMetadata = field(default_factory=VideoMetadata)


@dataclass(frozen=True, slots=True)
class Frames:
    """Pictures with their times.

    data: uint8 (n, h, w, 3), RGB, as displayed (rotation applied). seconds: float64 (n,), presentation times read from the container,
    counted from the first presented frame, strictly increasing.
    """

    data: NDArray[np.uint8]
    seconds: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.data.ndim != 4 or self.data.shape[-1] != 3 or self.data.dtype != np.uint8:
            raise ValueError(f"data must be uint8 (n, h, w, 3), got {self.data.dtype} {self.data.shape}")
        if self.seconds.shape != self.data.shape[:1]:
            raise ValueError(f"expected one time for each of {len(self.data)} frames, got {self.seconds.shape}")

    def __len__(self) -> int:
        return len(self.data)


_LONGEST_NAME = 150
"""Characters; file systems allow 255 bytes, and endings are added."""
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
"""What Windows takes for a device, whatever the ending."""


def file_stem(uid: str) -> str:
    """Return a file name for a uid: safe on every file system, different for different uids, and readable where the uid is."""
    name = quote(uid, safe=" ", errors="surrogatepass")
    name = name.replace(".", "%2E") if uid.startswith(".") else name
    name = f"%{ord(name[0]):02X}{name[1:]}" if _DEVICE.match(name) else name or "%"
    return name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}-{sha256(name.encode()).hexdigest()[:16]}"
