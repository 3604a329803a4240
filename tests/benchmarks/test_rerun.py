"""The benchmark of a rerun, on a small run: it asks for something the first time and never again."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "rerun.py"


def test_neither_a_finished_run_nor_its_ledger_alone_leads_to_a_request():
    printed = subprocess.run([sys.executable, str(SCRIPT), "--nodes", "40", "--rounds", "1"], check=True, capture_output=True, text=True).stdout
    requests = [int(count) for count in re.findall(r"(\d+) requests", printed)]
    assert requests[0] > 100
    assert requests[1:] == [0, 0]
