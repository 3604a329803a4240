"""Peak memory of annotating a 2-minute and a 60-minute video. Goal: within 15 % of each other, embeddings aside.

python benchmarks/memory.py [--long-minutes 60]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

SHORT_MINUTES = 2
GOAL = 1.15

_CHILD = """
import json, resource, sys
from action100m.run.config import RunConfig, make_stages
from action100m.run.engine import open_video
video, given = open_video(sys.argv[1]), {}
for stage in make_stages(RunConfig()):
    given[stage.name] = stage(video, given)
embeddings = given["embed"].embeddings
held = embeddings.vectors.nbytes + embeddings.edges.nbytes
print(json.dumps({"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, "embeddings": held, "nodes": len(given["segment"].tree)}))
"""


def make_clips(folder: Path, long_minutes: int) -> tuple[Path, Path]:
    """Write the short clip, and the long one as its repetition: the packets are copied, so this takes no time to encode."""
    short, long, listing = folder / "short.mp4", folder / "long.mp4", folder / "list.txt"
    source = f"testsrc2=size=640x360:rate=30:duration={SHORT_MINUTES * 60},noise=alls=6:allf=t"
    ffmpeg = ["ffmpeg", "-v", "error", "-y"]
    subprocess.run([*ffmpeg, "-f", "lavfi", "-i", source, "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", str(short)], check=True)
    listing.write_text(f"file '{short}'\n" * (long_minutes // SHORT_MINUTES))
    subprocess.run([*ffmpeg, "-f", "concat", "-safe", "0", "-i", str(listing), "-c", "copy", str(long)], check=True)
    return short, long


def peak(clip: Path) -> dict[str, int]:
    """Return the peak resident bytes of a process of its own, and the bytes of the embeddings."""
    done = subprocess.run([sys.executable, "-c", _CHILD, str(clip)], check=True, capture_output=True)
    figures: dict[str, int] = json.loads(done.stdout)
    return figures


def measure(long_minutes: int) -> dict[str, float]:
    """Return both peaks in MB without the embeddings, and their ratio.

    Embeddings are held once as vectors and, while the tree is built, once more as merged centroids: both belong to them.
    """
    with tempfile.TemporaryDirectory() as folder:
        short, long = (peak(clip) for clip in make_clips(Path(folder), long_minutes))
    aside = [figures["peak"] - 2 * figures["embeddings"] for figures in (short, long)]
    return {
        "short_MB": short["peak"] / 1e6,
        "long_MB": long["peak"] / 1e6,
        "long_embeddings_MB": long["embeddings"] / 1e6,
        "ratio_aside": aside[1] / aside[0],
        "goal": GOAL,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long-minutes", type=int, default=60)
    for name, value in measure(parser.parse_args().long_minutes).items():
        print(f"{name:20} {value:8.2f}")


if __name__ == "__main__":
    main()
