"""`kill -9` a run at random moments, run the same command again, and compare the data set byte by byte with that of a run left in peace.

python benchmarks/kill.py [--kills 50] [--seed 0]
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path

CLIPS = 4


def make_clips(folder: Path) -> Path:
    """Write a few short clips with cuts in them, one with a transcript beside it."""
    folder.mkdir(parents=True)
    for number in range(CLIPS):
        drift = f"mandelbrot=size=320x180:rate=30:start_scale={1 + number},trim=duration=3"
        scenes = f"testsrc2=size=320x180:rate=30:duration=3[a];{drift}[b];[a][b]concat"
        command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", scenes, "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"]
        subprocess.run([*command, str(folder / f"clip{number}.mp4")], check=True)
    (folder / "clip0.srt").write_text("1\n00:00:00,500 --> 00:00:02,500\nFirst we whisk the eggs.\n", encoding="utf-8")
    return folder


def command(clips: Path, out: Path) -> list[str]:
    """Return the command that is killed and run again."""
    return [sys.executable, "-m", "action100m", "run", str(clips), "--out", str(out)]


def data_set(clips: Path, out: Path) -> str:
    """Run to the end, pack, and return the digest of the data set."""
    subprocess.run(command(clips, out), check=True, stdout=subprocess.DEVNULL)
    packed = out.parent / f"{out.name}.parquet"
    subprocess.run([sys.executable, "-m", "action100m", "pack", str(out), "--out", str(packed)], check=True, stdout=subprocess.DEVNULL)
    return sha256(packed.read_bytes()).hexdigest()


def kill_and_rerun(clips: Path, out: Path, *, after: float) -> str:
    """Kill a fresh run `after` so many seconds, and return the digest of what the same command then makes of it."""
    process = subprocess.Popen(command(clips, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(after)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    return data_set(clips, out)


def measure(kills: int, seed: int) -> dict[str, float]:
    """Return how many of the killed runs ended in the same bytes."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clips = make_clips(folder / "clips")
        data_set(clips, folder / "warm")
        began = time.perf_counter()
        expected = data_set(clips, folder / "peace")
        length = time.perf_counter() - began
        same = 0
        for _ in range(kills):
            same += kill_and_rerun(clips, folder / "killed", after=chance.uniform(0, length)) == expected
            shutil.rmtree(folder / "killed")
    return {"kills": kills, "identical": same, "run_s": length}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for name, value in measure(options.kills, options.seed).items():
        print(f"{name:10} {value:8.2f}")


if __name__ == "__main__":
    main()
