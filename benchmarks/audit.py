"""How well `audit` finds faults that are planted into the ten released records, and how fast it is.

Thresholds were chosen on the first five records; the table is of the last five. Each kind of fault goes into a copy of its own, into 5 % of the nodes
(swaps and shifts: of nodes in pairs and runs), with several seeds.

    recall      planted nodes that get the flag meant for them
    any         planted nodes that get a flag they did not have before
    precision   planted nodes among all that get the flag. What the released records hold of real faults counts as false here
    own         share of nodes with the flag before anything was planted

python benchmarks/audit.py [--shared ../shared] [--seeds 3] [--on tuning]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from planting import FAULTS, Fault, plant

from action100m.dataset.audit.measures import flags
from action100m.dataset.io import read_records
from action100m.record import Record

SHARE = 0.05


def main() -> None:
    """Print the table, and the time for a thousand records."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[2] / "shared")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--on", choices=("tuning", "scored"), default="scored")
    given = parser.parse_args()
    records = list(read_records(given.shared / "data" / "action100m" / "examples.parquet"))
    chosen = records[:5] if given.on == "tuning" else records[5:]
    began = time.process_time()
    clean = {record.uid: flags(record) for record in chosen}
    seconds = (time.process_time() - began) / len(chosen)
    print("| fault | flag | planted | recall | any | precision | own |\n|---|---|---|---|---|---|---|")
    for name, fault in FAULTS.items():
        print(f"| {name} | {score(fault, chosen, clean, seeds=given.seeds)} |", flush=True)
    print(f"\n{seconds:.2f} s of CPU a record, {seconds * 1000 / 60:.1f} min for 1,000")


def score(fault: Fault, records: list[Record], clean: dict[str, dict[str, tuple[str, ...]]], *, seeds: int) -> str:
    """Return the cells of one row."""
    planted = hits = any_new = flagged = 0
    for record in records:
        for seed in range(seeds):
            copy = plant(fault, record, seed=seed, share=SHARE, others=records)
            found = flags(copy.record)
            planted += len(copy.nodes)
            hits += sum(fault.flag in found.get(node, ()) for node in copy.nodes)
            any_new += sum(bool(set(found.get(node, ())) - set(clean[record.uid].get(node, ()))) for node in copy.nodes)
            flagged += sum(fault.flag in its_flags for its_flags in found.values())
    own = sum(fault.flag in its_flags for record in records for its_flags in clean[record.uid].values())
    nodes = sum(len(record.tree) for record in records)
    share = [hits / max(planted, 1), any_new / max(planted, 1), hits / max(flagged, 1)]
    return " | ".join([fault.flag, f"{planted:,}", *(f"{value:.2f}" for value in share), f"{own / nodes:.1%}"])


if __name__ == "__main__":
    main()
