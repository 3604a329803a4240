"""Render a video that browsers do not play as one that they all do: H.264 4:2:0 in MP4, upright, without sound.

Every presented frame keeps its presentation time, so that the tree's times hold for the rendered file as they are.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from action100m.video.decode import SampleConfig, open_frames
from action100m.video.encode import H264Writer, even_size, to_yuv

_LONGEST_SIDE: Final = 1280
"""Pixels. A page shows no more; larger pictures only take longer to render."""
_CRF: Final = 21
"""Quality, 0 to 51, less is better."""


def render_h264(location: str, target: Path) -> None:
    """Decode a video once and write it to `target`.

    Raises:
        VideoError: the video cannot be used.
    """
    with open_frames(location, SampleConfig(every=1)) as pictures:
        first = next(pictures)
        size = even_size(first, longest_side=_LONGEST_SIDE)
        with H264Writer(target, size, crf=_CRF) as writer:
            writer.add(to_yuv(first, size), first.seconds)
            for picture in pictures:
                writer.add(to_yuv(picture, size), picture.seconds)
            writer.finish(pictures.report.end)
