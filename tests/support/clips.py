"""Clips with known answers: every picture carries its own time as black and white blocks.

A test that decodes such a clip compares two independent sources of time: what the container says and what the picture says.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

_COLUMNS, _ROWS = 8, 4
_CHECK = 251
"""Prime below 256: a wrong bit, and most turned or mixed pictures, fail the check."""
_FIXED_RATE_CODECS = ("mpeg2video", "mpeg4")


def time_code_picture(seconds: float, *, width: int = 320, height: int = 240) -> NDArray[np.uint8]:
    """Return a picture uint8 (height, width, 3) that shows a time, in whole milliseconds below 2^24 (4.6 hours), as 32 blocks."""
    milliseconds = round(seconds * 1000)
    word = (milliseconds << 8) | milliseconds % _CHECK
    bits = [(word >> shift) & 1 for shift in range(31, -1, -1)]
    cells = np.array(bits, np.uint8).reshape(_ROWS, _COLUMNS) * 255
    rows = np.arange(height) * _ROWS // height
    columns = np.arange(width) * _COLUMNS // width
    return np.repeat(cells[rows][:, columns, None], 3, axis=2)


def read_time_code(picture: NDArray[np.uint8]) -> float:
    """Return the seconds that a picture shows, after any compression or resizing down to 80 pixels in width.

    Raises:
        ValueError: the picture shows no time code, or is turned, mirrored, or a mix of two pictures.
    """
    height, width = picture.shape[:2]
    grey = picture.reshape(height, width, -1).mean(axis=2)
    word = 0
    for row in range(_ROWS):
        for column in range(_COLUMNS):
            top, left = (row + 0.3) * height / _ROWS, (column + 0.3) * width / _COLUMNS
            bottom, right = (row + 0.7) * height / _ROWS, (column + 0.7) * width / _COLUMNS
            cell = grey[int(top) : max(int(bottom), int(top) + 1), int(left) : max(int(right), int(left) + 1)]
            word = (word << 1) | int(cell.mean() > 127)
    milliseconds, check = word >> 8, word & 255
    if milliseconds % _CHECK != check:
        raise ValueError(f"the picture shows no time code: {milliseconds} ms does not fit the check {check}")
    return milliseconds / 1000


def time_code_pictures(seconds: Iterable[float], *, width: int = 320, height: int = 240) -> Iterable[NDArray[np.uint8]]:
    """Yield a time code picture for each time."""
    return (time_code_picture(second, width=width, height=height) for second in seconds)


def write_clip(
    path: Path,
    pictures: Iterable[NDArray[np.uint8]],
    *,
    seconds: Sequence[float] | None = None,
    fps: float = 30,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    start: float = 0.0,
    rotation: int = 0,
    mirror: bool = False,
    options: dict[str, str] | None = None,
    container: str | None = None,
    container_options: dict[str, str] | None = None,
    audio: tuple[float, float] | None = None,
) -> Path:
    """Encode pictures uint8 (h, w, 3) and return the path of the clip.

    Args:
        path: The file to write; its ending chooses the container.
        pictures: Pictures as displayed.
        seconds: One presentation time for each picture; evenly spaced by `fps` when None.
        fps: Pictures a second, for the header, and for the times when `seconds` is None.
        codec: Any encoder that PyAV has.
        pixel_format: What the encoder is given.
        start: Added to all times.
        rotation: Degrees (a multiple of 90) by which the display matrix turns the stored picture counter-clockwise.
        mirror: The display matrix mirrors left and right after turning.
        options: For the encoder, such as {"bf": "2", "g": "12"}.
        container: Format name, when the ending does not tell.
        container_options: For the muxer, such as {"movflags": "frag_keyframe"}.
        audio: Start and end in seconds of a silent AAC (in WebM: Opus) sound track; none when None.
    """
    rate = Fraction(fps).limit_denominator(1001)
    with av.open(str(path), "w", format=container, options=container_options or {}) as output:
        stream = None
        speaker = None if audio is None else output.add_stream("libopus" if path.suffix == ".webm" else "aac", rate=48_000, layout="mono")
        for index, picture in enumerate(pictures):
            stored = np.rot90(picture[:, ::-1] if mirror else picture, -rotation // 90)
            if stream is None:
                stream = output.add_stream(codec, rate=rate, options=options or {})
                stream.height, stream.width = stored.shape[:2]
                stream.pix_fmt = pixel_format
                stream.codec_context.time_base = 1 / rate if output.format.name == "avi" or codec in _FIXED_RATE_CODECS else Fraction(1, 90_000)
                if rotation or mirror:
                    stream.set_display_rotation(rotation, hflip=mirror)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(stored), format="rgb24")
            frame.time_base = stream.codec_context.time_base
            frame.pts = round((index / rate if seconds is None else seconds[index]) / frame.time_base + start / frame.time_base)
            output.mux(stream.encode(frame))
        assert stream is not None, "a clip needs at least one picture"
        if speaker is not None and audio is not None:
            _write_silence(output, speaker, *audio)
        output.mux(stream.encode(None))
    return path


def _write_silence(output: av.container.OutputContainer, speaker: av.AudioStream, start: float, end: float) -> None:
    for sample in range(round(start * 48_000), round(end * 48_000), 960):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 960), np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, sample, Fraction(1, 48_000)
        output.mux(speaker.encode(frame))
    output.mux(speaker.encode(None))
