"""Frames as a server takes them: JPEG pictures, or a short H.264 clip, in data URLs."""

from __future__ import annotations

import io
from base64 import b64encode
from fractions import Fraction
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from action100m.video.video import Frames

_CLOCK: Final = 90_000
"""Ticks of a clip's time stamps in a second, as broadcasts have them: any frame rate fits, and a tick is less than a rounding error."""
_LONE_FRAME: Final = 1.0
"""Seconds that a clip of one frame lasts."""
_X264: Final = {"crf": "18", "preset": "veryfast", "x264-params": "mbtree=0:rc-lookahead=0"}
"""18 is what encoders call visually lossless. With x264's lookahead, one of a hundred clips came out otherwise on a busy machine."""


def jpeg_url(picture: NDArray[np.uint8], *, quality: int) -> str:
    """Return uint8 (h, w, 3) as a JPEG. Its colours keep their full resolution: frames were made small before."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality, subsampling="4:4:4")
    return _data_url("image/jpeg", buffer.getvalue())


def clip_url(frames: Frames) -> str:
    """Return an MP4 that shows each frame at its own time, counted from the first; the last one stays as long as the others do on average."""
    data = _make_even(frames.data)
    ticks = np.rint((frames.seconds - frames.seconds[0]) * _CLOCK).astype(np.int64).tolist()
    usual = round(ticks[-1] / (len(ticks) - 1)) if len(ticks) > 1 else round(_LONE_FRAME * _CLOCK)
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(_CLOCK, max(usual, 1)), options=_X264)
        stream.width, stream.height, stream.pix_fmt = data.shape[2], data.shape[1], "yuv420p"
        stream.codec_context.time_base = stream.time_base = Fraction(1, _CLOCK)
        stream.codec_context.max_b_frames = 0
        stream.codec_context.thread_count = 1  # clips are made side by side
        for picture, pts, following in zip(data, ticks, [*ticks[1:], ticks[-1] + usual], strict=True):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.duration, frame.time_base = pts, following - pts, Fraction(1, _CLOCK)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return _data_url("video/mp4", buffer.getvalue())


def _make_even(data: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Repeat the last row or column of an odd size, which H.264 with subsampled colours cannot hold."""
    height, width = data.shape[1:3]
    return np.pad(data, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode="edge")


def _data_url(media_type: str, data: bytes) -> str:
    return f"data:{media_type};base64,{b64encode(data).decode()}"
