"""`stats` with all its counts against bare pyarrow reading of the same columns, and against a plain loop over Python objects.

python benchmarks/stats.py [--shared ../shared] [--videos 2000]

The authors' example records are repeated under new uids, in row groups of 5 as released. Goals: at least 0.4 of the speed of bare
reading, at least 3 times that of the loop, peak memory under 1 GB. The loop counts words, durations and actions only, of a tenth of the videos.
Each is the best of three, in turn, in processes of their own. CPU seconds are those of all threads: they tell more on a machine that others use too.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

ROUNDS = 3
GOALS = {"bare / stats": 0.4, "loop / stats": 3.0, "peak MB": 1000}

_SETUP = """
import json, resource, sys, time
from collections import Counter
import pyarrow.parquet as pq
path, share = sys.argv[1], float(sys.argv[2])
NODE = ["level", "start", "end", "plm_action", "plm_caption", "llama3_caption", "gpt"]
COLUMNS = ["video_uid", "metadata.title"] + [f"nodes.list.element.{name}" for name in NODE]

def bare():
    with pq.ParquetFile(path) as parquet:
        return sum(len(batch) for batch in parquet.iter_batches(batch_size=64, columns=COLUMNS))

def loop():
    words, actions, bins, videos = Counter(), Counter(), Counter(), 0
    with pq.ParquetFile(path) as parquet:
        groups = range(max(1, int(parquet.num_row_groups * share)))
        for batch in parquet.iter_batches(batch_size=8, columns=COLUMNS, row_groups=groups):
            for row in batch.to_pylist():
                videos += 1
                for node in row["nodes"]:
                    seconds = node["end"] - node["start"]
                    bins[0 if seconds < 3 else 1 if seconds < 10 else 2 if seconds < 60 else 3] += 1
                    gpt = node["gpt"] or {}
                    texts = {name: node[name] for name in NODE[3:6]} | gpt.get("summary", {})
                    texts |= {f"action {name}": text for name, text in gpt.get("action", {}).items()}
                    for name, text in texts.items():
                        words[name] += len((text or "").split())
                    if gpt:
                        actions[gpt["action"]["brief"]] += 1
    return videos

def stats():
    from action100m.dataset.stats.stats import stats as count
    return count(path).counts.videos

if sys.argv[3] == "stats":
    from action100m.dataset.stats.texts import measure_texts
    import pyarrow
    measure_texts(pyarrow.array(["a"]))  # compiled before, as in a second call
wall, cpu = time.perf_counter(), time.process_time()
videos = globals()[sys.argv[3]]()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"videos": videos, "wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "peak": peak}))
"""


def repeat_records(records: Path, videos: int, path: Path) -> None:
    """Write the records again and again under new uids."""
    table = pq.read_table(records)
    with pq.ParquetWriter(path, table.schema, compression="snappy", version="2.6") as writer:
        for copy in range(-(-videos // len(table))):
            uids = pa.array([f"{uid}-{copy}" for uid in table["video_uid"].to_pylist()])
            writer.write_table(table.set_column(0, "video_uid", uids), row_group_size=5)


def run(task: str, path: Path, share: float) -> dict[str, float]:
    """Run one task in a process of its own."""
    done = subprocess.run([sys.executable, "-c", _SETUP, str(path), str(share), task], check=True, capture_output=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def measure(records: Path, videos: int) -> dict[str, dict[str, float]]:
    """Return for each task the best seconds a 1,000 videos, and the peak memory in MB; for `stats` also that on a tenth of the videos."""
    best: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        path, short = Path(folder) / "many.parquet", Path(folder) / "few.parquet"
        repeat_records(records, videos, path)
        repeat_records(records, videos // 10, short)
        for _ in range(ROUNDS):
            for task in ("bare", "stats", "loop"):
                figures = run(task, path, 0.1)
                scaled = {name: 1000 * figures[name] / figures["videos"] for name in ("wall", "cpu")} | {"peak": figures["peak"]}
                best[task] = {name: min(value, best.get(task, scaled)[name]) for name, value in scaled.items()}
        best["stats"]["peak of a tenth"] = run("stats", short, 1)["peak"]
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[2] / "shared")
    parser.add_argument("--videos", type=int, default=2000)
    given = parser.parse_args()
    best = measure(given.shared / "data" / "action100m" / "examples.parquet", given.videos)
    print(f"{'a 1,000 videos':22} {'wall s':>8} {'CPU s':>8} {'peak MB':>8}")
    for task, figures in best.items():
        print(f"{task:22} {figures['wall']:8.2f} {figures['cpu']:8.2f} {figures['peak']:8.0f}")
    for clock in ("wall", "cpu"):
        for task in ("bare", "loop"):
            name = f"{task} / stats"
            print(f"{name + ', ' + clock:22} {best[task][clock] / best['stats'][clock]:8.2f}   goal at least {GOALS[name]}")
    print(f"{'peak MB':22} {best['stats']['peak']:8.0f}   goal under {GOALS['peak MB']}")
    print(f"{'peak MB, a tenth of it':22} {best['stats']['peak of a tenth']:8.0f}")


if __name__ == "__main__":
    main()
