"""Are known cuts found high in the tree? Real videos are joined, re-encoded to one size; each join is a cut whose time is exact.

    found     joins with a boundary of the tree within 0.3 s
    levels    joins cut in the first ceil(log2(clips)) + 3 levels: a tree as flat as can be has them all in the first ceil(log2(clips))
    first 2k  joins among the first 2k cuts from the top, for k joins: the clips have cuts and events of their own
    deepest   level of the deepest join

python benchmarks/known_cuts.py [--shared ../shared]
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
from tree_cuts import cuts_from_top, embed

from action100m.video.decode import SampleConfig, open_frames
from action100m.video.picture import FrameSize, Picture

TOLERANCE = 0.3
SIZE = FrameSize(640, 360, fit="letterbox")
FPS = 30
PIECE = 6.0
"""Seconds taken of each clip, from its beginning."""
CLIPS_PER_FILM = (4, 8, 12, 16)
KINDS = ("egocentric", "static camera", "people acting", "instruction", "animation")
"""Of one shot, or with few cuts of their own."""


def pieces(shared: Path) -> list[Path]:
    """Return the videos to join, those of different kinds in turn."""
    videos = json.loads((shared / "data" / "videos.json").read_text())
    by_kind = [[shared / "data" / "videos" / video["file"] for video in videos if video["kind"] == kind and _usable(video)] for kind in KINDS]
    return [kind[turn] for turn in range(max(map(len, by_kind))) for kind in by_kind if turn < len(kind)]


def _usable(video: dict[str, object]) -> bool:
    duration = video["duration"]
    return video["expect"] == "record" and isinstance(duration, float) and duration >= PIECE and not str(video["file"]).startswith("odd_")


def join(sources: Sequence[Path], film: Path) -> list[float]:
    """Write the beginnings of videos one after the other, and return the times of the joins."""
    joins: list[float] = []
    written = 0
    with av.open(str(film), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = SIZE.width, SIZE.height, "yuv420p"
        for source in sources:
            joins.append(written / FPS)
            for picture in _beginning(source):
                frame = av.VideoFrame.from_ndarray(picture.rgb(SIZE), format="rgb24")
                frame.pts, frame.time_base = written, Fraction(1, FPS)
                container.mux(stream.encode(frame))
                written += 1
        container.mux(stream.encode())
    return joins[1:]


def _beginning(source: Path) -> Iterator[Picture]:
    with open_frames(str(source), SampleConfig(rate=FPS)) as stream:
        for picture in stream:
            if picture.seconds >= PIECE:
                return
            yield picture


def measure_film(sources: Sequence[Path]) -> dict[str, float]:
    """Return the figures of one film."""
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "film.mp4"
        joins = join(sources, film)
        cuts = cuts_from_top(embed(str(film)).embeddings)
    near = [[(rank, cut.level) for rank, cut in enumerate(cuts) if abs(cut.seconds - time) <= TOLERANCE] for time in joins]
    depths = [min(level for _, level in found) for found in near if found]
    ranks = [min(rank for rank, _ in found) for found in near if found]
    levels = math.ceil(math.log2(len(sources))) + 3
    return {
        "clips": len(sources),
        "joins": len(joins),
        "found": len(depths),
        "levels": sum(depth < levels for depth in depths),
        "first 2k": sum(rank < 2 * len(joins) for rank in ranks),
        "deepest": max(depths, default=-1),
        "mean depth": sum(depths) / max(len(depths), 1),
    }


def measure(shared: Path) -> list[dict[str, float]]:
    """Return the figures of films of few clips and of many; each takes other clips, as far as there are."""
    sources = pieces(shared)
    starts = [sum(CLIPS_PER_FILM[:number]) for number in range(len(CLIPS_PER_FILM))]
    return [
        measure_film([sources[(start + number) % len(sources)] for number in range(count)])
        for start, count in zip(starts, CLIPS_PER_FILM, strict=True)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[2] / "shared")
    rows = measure(parser.parse_args().shared)
    print("".join(f"{column:>12}" for column in rows[0]))
    for row in rows:
        print("".join(f"{value:12.4g}" for value in row.values()))
    joins, found = sum(row["joins"] for row in rows), sum(row["found"] for row in rows)
    print(f"goal: every join found; {found:.0f} of {joins:.0f} are")


if __name__ == "__main__":
    main()
