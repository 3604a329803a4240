"""Render a video that browsers do not play as one that they all do: H.264 4:2:0 in MP4, upright, without sound.

Every presented frame keeps its presentation time, so that the tree's times hold for the rendered file as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
from av.container import OutputContainer
from av.video.reformatter import Colorspace
from av.video.stream import VideoStream

from action100m.video.decode import FrameStream, SampleConfig, open_frames
from action100m.video.picture import FrameSize, Picture

_TIME_BASE: Final = Fraction(1, 90_000)
"""Holds the frame times of all usual rates exactly."""
_LONGEST_SIDE: Final = 1280
"""Pixels. A page shows no more; larger pictures only take longer to render."""
_BT709: Final = 1
"""Code of the colour space, for all three tags."""
_OPTIONS: Final = {"preset": "veryfast", "crf": "21", "g": "48", "bf": "0"}
"""A key frame every 48 frames makes seeks quick; without B-frames the file needs no edit list, which players read differently."""


def render_h264(location: str, target: Path) -> None:
    """Decode a video once and write it to `target`.

    Raises:
        VideoError: the video cannot be used.
    """
    with (
        open_frames(location, SampleConfig(every=1)) as pictures,
        av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as output,
    ):
        last = None
        for packet in _encode(pictures, output):
            if last is not None:
                output.mux(last)
            last = packet
        if last is not None:
            last.duration = round((pictures.report.end - pictures.report.presented[-1]) / _TIME_BASE)
            output.mux(last)


def _encode(pictures: FrameStream, output: OutputContainer) -> Iterator[av.Packet[VideoStream]]:
    stream: VideoStream | None = None
    for picture in pictures:
        stream = stream or _add_stream(output, _even_size(picture))
        yield from stream.encode(_to_frame(picture, FrameSize(stream.width, stream.height)))
    if stream is not None:
        yield from stream.encode(None)


def _add_stream(output: OutputContainer, size: FrameSize) -> VideoStream:
    stream = output.add_stream("libx264", rate=30, options=_OPTIONS)
    stream.width, stream.height, stream.pix_fmt = size.width, size.height, "yuv420p"
    context = stream.codec_context
    context.time_base = _TIME_BASE
    context.colorspace = context.color_primaries = context.color_trc = _BT709
    return stream


def _even_size(picture: Picture) -> FrameSize:
    """Return the displayed size, made to fit and even: 4:2:0 halves both sides."""
    scale = min(1.0, _LONGEST_SIDE / max(picture.width, picture.height))
    width, height = (max(2, round(side * scale / 2) * 2) for side in (picture.width, picture.height))
    return FrameSize(width, height)


def _to_frame(picture: Picture, size: FrameSize) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(picture.rgb(size), format="rgb24").reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)
    frame.pts, frame.time_base = round(picture.seconds / _TIME_BASE), _TIME_BASE
    return frame
