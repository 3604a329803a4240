"""`make bench`: every benchmark in one run, as one table of figures beside their goals. Ratios are measured side by side, never against old figures.

python benchmarks/run_all.py [NAME ...]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

BENCHMARKS = {
    "throughput": "a whole preview run against bare decoding; goal: at least 0.7 of its speed",
    "segmentation": "chain Ward against scikit-learn; goal: 10 times at n = 9,000, at most 2.5 times the input's memory",
    "memory": "2 minutes against 60 minutes; goal: within 15 %, embeddings aside",
    "timed_events": "share of event boundaries found within 0.5 s; goal: 0.70",
    "known_cuts": "joins found within 0.3 s in the top levels; goal: all",
    "prefix_cache": "prompt tokens that a server with a prefix cache computes; goal: 4 times fewer than the plain layout without a cache",
    "endpoint": "our client of a model server; goals: 0.95 of the rate that 64 slots of 50 ms allow, under 1 ms of CPU for each request",
    "kmeans": "k-means of resample against scikit-learn's MiniBatchKMeans at 200,000 x 384, k = 1,000: time and inertia",
    "rerun": "the same command over a finished run of 1,000 nodes; goals: under 2 s, no request",
    "gpu": "windows of V-JEPA 2 ViT-g and captions of SmolVLM2-2.2B a second, and their share of the matrix peak; where there is a GPU",
    "audit": "faults planted into the released records: how many `audit` finds, and how many of its flags are right; seconds a record",
    "stats": "all counts of a data set against bare pyarrow reading and a plain loop; goals: 0.4 and 3 times their speed, under 1 GB",
    "search": "a million segments: building, and text, vector and hybrid queries; goal: median under 50 ms",
    "judged_queries": "recall of known segments of the released records by words, by meaning and by both",
    "viewer": "serve with 100,000 videos, and a tree of 1,001 nodes in a browser; goals: first page under 1 s, drawn under 200 ms",
    "kill": "kill -9 at 50 random moments; goal: 50 identical data sets",
}


def main() -> None:
    """Run the named benchmarks, or all, each in a process of its own so that none warms up another."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BENCHMARKS, []], default=[])
    failed = [name for name in parser.parse_args().names or BENCHMARKS if not run_one(name)]
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def run_one(name: str) -> bool:
    """Print a heading and the benchmark's own table."""
    print(f"\n{name}: {BENCHMARKS[name]}", flush=True)
    return subprocess.run([sys.executable, str(Path(__file__).with_name(f"{name}.py"))], check=False).returncode == 0


if __name__ == "__main__":
    main()
