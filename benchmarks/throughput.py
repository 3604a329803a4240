"""Whole `preview` runs against bare `ffmpeg -f null` decoding of the same file with the same threads. Goal: at least 0.7 of its speed.

The clip is as long as the videos of Action100M are on average (14.6 years in 1.2 million videos), since a run has a fixed start of a second or two.

python benchmarks/throughput.py [--seconds 384] [--rounds 3]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

THREADS = 2
GOAL = 0.7
SCENE = 64
"""Seconds that are rendered; the clip repeats them."""


def make_clip(path: Path, seconds: int) -> None:
    """Write 720p30 H.264 with moving shapes and light noise, about 2.5 Mbit/s."""
    scene = path.with_name("scene.mp4")
    source = f"testsrc2=size=1280x720:rate=30:duration={SCENE},noise=alls=6:allf=t"
    codec = ["-c:v", "libx264", "-preset", "veryfast", "-b:v", "2500k", "-pix_fmt", "yuv420p"]
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", source, *codec, str(scene)], check=True)
    repeats = ["-stream_loop", "-1", "-i", str(scene), "-t", str(seconds), "-c", "copy"]
    subprocess.run(["ffmpeg", "-v", "error", "-y", *repeats, str(path)], check=True)


def decode_seconds(clip: Path) -> float:
    """Return how long ffmpeg takes to decode and drop all frames."""
    began = time.perf_counter()
    subprocess.run(["ffmpeg", "-v", "error", "-threads", str(THREADS), "-i", str(clip), "-map", "0:v", "-f", "null", "-"], check=True)
    return time.perf_counter() - began


def run_seconds(clip: Path, out: Path) -> float:
    """Return how long the whole command takes, from start of the process to its end."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "action100m", "run", str(clip), "--out", str(out)], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def measure(seconds: int, rounds: int) -> dict[str, float]:
    """Return the medians of interleaved rounds, and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        make_clip(clip, seconds)
        run_seconds(clip, Path(folder) / "warm")  # compiles the kernels once, as on any machine that has run before
        pairs = [(decode_seconds(clip), run_seconds(clip, Path(folder) / f"run{number}")) for number in range(rounds)]
    bare, ours = (median(column) for column in zip(*pairs, strict=True))
    return {"video_s": seconds, "ffmpeg_s": bare, "run_s": ours, "speed_ratio": bare / ours, "goal": GOAL}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=384)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    for name, value in measure(options.seconds, options.rounds).items():
        print(f"{name:12} {value:8.2f}")


if __name__ == "__main__":
    main()
