"""transformers' own server on this machine. It takes any checkpoint by its path, loads it when first asked, and ignores the JSON schema."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_MAIN: Final = "from transformers.cli.transformers import main; main()"
_PATIENCE: Final = 120.0
"""Seconds to start in: it takes 8 on an idle machine."""
_ADDRESS: Final = re.compile(r"Uvicorn running on (http://127\.0\.0\.1:\d+)")


@contextmanager
def transformers_server(folder: Path) -> Iterator[str]:
    """Serve for the length of a `with` block; yields the address of the API. What it writes goes to `folder`/server.log."""
    environment = os.environ | {"HF_HOME": str(folder / "home"), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    log = folder / "server.log"
    command = [sys.executable, "-c", _MAIN, "serve", "--device", "cpu", "--host", "127.0.0.1", "--port", "0"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    try:
        yield f"{_wait_for_address(process, log)}/v1"
    finally:
        process.kill()  # it holds nothing that a polite end would save
        process.wait()


def _wait_for_address(process: subprocess.Popen[bytes], log: Path) -> str:
    patience = time.monotonic() + _PATIENCE
    while time.monotonic() < patience and process.poll() is None:
        if found := _ADDRESS.search(log.read_text(errors="replace")):
            return found[1]
        time.sleep(0.05)
    raise RuntimeError(f"transformers' server does not start:\n{log.read_text(errors='replace')}")
