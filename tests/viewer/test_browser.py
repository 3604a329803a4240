"""A missing browser is an error with its cure, never a skipped test."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.browser import VARIABLE, find_browser, open_browser

ENSURE = Path(__file__).resolve().parents[2] / "tools" / "ensure_browser.py"


def test_without_a_browser_tests_fail_and_name_the_cure(monkeypatch):
    monkeypatch.setenv(VARIABLE, "/nowhere/chromium")
    with pytest.raises(AssertionError, match=r"tools/ensure_browser\.py"), open_browser():
        pass


def test_a_program_that_only_says_what_to_install_is_no_browser(tmp_path, monkeypatch):
    stub = tmp_path / "chromium-browser"
    stub.write_text("#!/bin/sh\necho install the snap >&2\nexit 1\n")
    stub.chmod(0o755)
    monkeypatch.setenv(VARIABLE, str(stub))
    assert find_browser() is None


def test_ensuring_a_browser_tells_which_or_fails(monkeypatch):
    monkeypatch.setenv(VARIABLE, "/nowhere/chromium")
    failed = subprocess.run([sys.executable, ENSURE], capture_output=True, text=True, check=False)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "/nowhere/chromium" in failed.stderr

    monkeypatch.setenv(VARIABLE, "true")  # runs, and that is all that is asked here
    found = subprocess.run([sys.executable, ENSURE], capture_output=True, text=True, check=True)
    assert found.stdout.startswith("Browser: /")
