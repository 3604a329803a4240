"""The command: it says where it is, answers there, and ends with Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request

import pytest

from action100m.dataset.io import write_records
from support.records import make_record


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to whole groups of processes")
def test_it_serves_until_it_is_stopped(tmp_path):
    write_records([make_record()], tmp_path / "mine.parquet")
    call = [sys.executable, "-m", "action100m", "serve", str(tmp_path / "mine.parquet"), "--port", "0", "--titles-only"]
    with subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        try:
            said = server.stdout.readline()
            address = re.match(r"http://127\.0\.0\.1:\d+/", said)[0]
            with urllib.request.urlopen(address, timeout=10) as reply:
                assert "1 video " in reply.read().decode()
            server.send_signal(signal.SIGINT)
            assert server.wait(10) == 130
            assert "Traceback" not in server.stderr.read()
        finally:
            server.kill()


def test_what_cannot_be_served_is_said_without_a_traceback(tmp_path):
    done = subprocess.run([sys.executable, "-m", "action100m", "serve", str(tmp_path), "--port", "0"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "holds no .parquet file" in done.stderr
    assert "Traceback" not in done.stderr
