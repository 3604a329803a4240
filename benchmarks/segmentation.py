"""Ward linkage along time against scikit-learn's, its peak memory, and what each leaf rule does to real videos.

Goals: at n = 9,000 frames of d = 1,408 at least 10 times as fast as `sklearn.cluster.ward_tree`; at most 2.5 times the memory of the input.

python benchmarks/segmentation.py [--frames 2250 9000 27000] [--rounds 5] [--videos FOLDER_OR_FILE ...]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import get_args

import numpy as np
import scipy.sparse
from numpy.typing import NDArray
from sklearn.cluster import ward_tree

from action100m.errors import VideoError
from action100m.stages.embed import Embed
from action100m.stages.segment import LeafRule, SegmentConfig, segment
from action100m.stages.ward import ward_merges
from action100m.video.video import Video

DIMENSIONS = 1408
"""Of V-JEPA 2 ViT-g."""
SCENE = 30
"""Frames between two cuts of the made input."""
SPEED_GOAL = 10.0
MEMORY_GOAL = 2.5
ANNOTATED_FROM = 4.0
"""Seconds. Inner nodes this long get an annotation; leaves get none, so what lies in long leaves is said only in coarser words."""

_PEAK = """
import sys
from pathlib import Path
import numpy as np
from action100m.stages.ward import ward_merges
n, d, run = map(int, sys.argv[1:])
ward_merges(np.zeros((2, d), np.float32))
if run:
    ward_merges(np.random.default_rng(0).standard_normal((n, d), np.float32))
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(int(status["VmHWM"].split()[0]) * 1024)
"""
"""Linux only. The portable `ru_maxrss` of a child begins at what its parent held."""
_FIRST_CALL = """
import time
import numpy as np
began = time.perf_counter()
from action100m.stages.ward import ward_merges
ward_merges(np.zeros((2, 1), np.float32))
print(time.perf_counter() - began)
"""


@dataclass(frozen=True)
class Speed:
    """Medians of interleaved rounds, in seconds."""

    frames: int
    ours: float
    scikit_learn: float

    @property
    def ratio(self) -> float:
        """How many times as fast as scikit-learn."""
        return self.scikit_learn / self.ours


@dataclass(frozen=True)
class Leaves:
    """What one rule makes of one video."""

    video: str
    seconds: float
    rule: LeafRule
    count: int
    longest: float
    seconds_in_long: float
    """In leaves of `ANNOTATED_FROM` or more."""


def make_vectors(frames: int) -> NDArray[np.float32]:
    """Noise around means that change every `SCENE` frames, float32 (frames, DIMENSIONS)."""
    chance = np.random.default_rng(0)
    means = 3 * chance.standard_normal((frames // SCENE + 1, DIMENSIONS), np.float32)
    return chance.standard_normal((frames, DIMENSIONS), np.float32) + np.repeat(means, SCENE, axis=0)[:frames]


def measure_speed(frames: int, rounds: int) -> Speed:
    """Time both on the same input, in turns: other load on the machine then meets both. Checks that the heights agree."""
    vectors = make_vectors(frames)
    ones = np.ones(frames - 1)
    chain = scipy.sparse.diags([ones, ones], [-1, 1], format="csr")
    ward_merges(vectors[:2])  # compiles
    ours, theirs = [], []
    for _ in range(rounds):
        began = time.perf_counter()
        merges = ward_merges(vectors)
        between = time.perf_counter()
        *_, heights = ward_tree(vectors, connectivity=chain, return_distance=True)
        ours.append(between - began)
        theirs.append(time.perf_counter() - between)
    np.testing.assert_allclose(merges.heights, heights, rtol=1e-9)
    return Speed(frames, median(ours), median(theirs))


def run_child(code: str, *arguments: int, **environment: str) -> float:
    """Return the number that a process of its own prints."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return float(subprocess.run(command, env=os.environ | environment, check=True, capture_output=True, text=True).stdout)


def measure_memory(frames: int) -> float:
    """Return peak memory in units of the input: of a process that makes the input and merges it, less one that only compiled."""
    peak, idle = (run_child(_PEAK, frames, DIMENSIONS, run) for run in (1, 0))
    return (peak - idle) / (frames * DIMENSIONS * 4)


def measure_first_call() -> tuple[float, float]:
    """Return the seconds that the first call takes in a new process, numba's import included: nothing compiled yet, and compiled before."""
    with tempfile.TemporaryDirectory() as folder:
        new, again = (run_child(_FIRST_CALL, NUMBA_CACHE_DIR=folder) for _ in range(2))
    return new, again


def measure_leaves(paths: Iterable[Path]) -> Iterator[Leaves]:
    """Embed each video with the descriptor and cut it under each rule. Videos that cannot be used are told on stderr."""
    stage = Embed()
    stage.setup()
    for path in paths:
        try:
            embeddings = stage(Video(uid=path.name, location=str(path), sha256=""), {}).embeddings
        except VideoError as error:
            print(f"left out: {error}", file=sys.stderr)
            continue
        for rule in get_args(LeafRule):
            durations = [leaf.duration for leaf in segment(embeddings, SegmentConfig(leaf_rule=rule), uid=path.name).leaves()]
            in_long = sum(duration for duration in durations if duration >= ANNOTATED_FROM)
            yield Leaves(path.name, sum(durations), rule, len(durations), max(durations), in_long)


def print_leaves(rows: Iterable[Leaves]) -> None:
    print(f"\n{'video':34} {'s':>6} {'rule':7} {'leaves':>6} {'longest s':>9} {'s in leaves of 4 s or more':>26}")
    totals: dict[LeafRule, list[Leaves]] = {}
    for row in rows:
        print(f"{row.video:34} {row.seconds:6.1f} {row.rule:7} {row.count:6} {row.longest:9.2f} {row.seconds_in_long:26.1f}")
        totals.setdefault(row.rule, []).append(row)
    for rule, of in totals.items():
        count, seconds, in_long = sum(row.count for row in of), sum(row.seconds for row in of), sum(row.seconds_in_long for row in of)
        print(f"{'all ' + str(len(of)):34} {seconds:6.1f} {rule:7} {count:6} {max(row.longest for row in of):9.2f} {in_long:26.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, nargs="+", default=[2250, 9000, 27000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--videos", type=Path, nargs="*", default=[])
    options = parser.parse_args()
    print("first call in a new process: {:.1f} s compiling, {:.1f} s once compiled".format(*measure_first_call()))
    print(f"{'n':>6} {'d':>5} {'ours s':>8} {'sklearn s':>9} {'ratio':>6} {'memory / input':>14}")
    for frames in options.frames:
        speed, memory = measure_speed(frames, options.rounds), measure_memory(frames)
        print(f"{frames:6} {DIMENSIONS:5} {speed.ours:8.4f} {speed.scikit_learn:9.3f} {speed.ratio:6.1f} {memory:14.2f}")
    print(f"goals: ratio {SPEED_GOAL:.0f} at n = 9000, memory {MEMORY_GOAL}")
    files = [file for path in options.videos for file in (sorted(path.iterdir()) if path.is_dir() else [path])]
    if files:
        print_leaves(measure_leaves(files))


if __name__ == "__main__":
    main()
