"""Bring the Chromium that the tests need: an installed one, else the system package manager's, else Playwright's own download.

Example: python tools/ensure_browser.py
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.browser import VARIABLE, find_browser

_CURE = f"""No Chromium could be found or installed. Any of these helps:
  - install it yourself: apt install chromium, dnf install chromium, brew install --cask chromium
  - {Path(sys.executable).name} -m playwright install --with-deps chromium
  - set {VARIABLE} to the path of a Chrome or Chromium that is somewhere else"""
_LONGEST_INSTALL = 600
"""Seconds for one command."""


def main() -> int:
    """Return 0 when there is a browser in the end."""
    found = find_browser()
    if not found and os.environ.get(VARIABLE):
        print(f"{VARIABLE}={os.environ[VARIABLE]} leads to no working browser; correct or unset it", file=sys.stderr)
        return 1
    for bring in (install_from_system, download_by_playwright):
        if not found:
            bring()
            found = find_browser()
    print(f"Browser: {found}" if found else _CURE, file=sys.stdout if found else sys.stderr)
    return 0 if found else 1


def install_from_system() -> None:
    """Install the package `chromium` where that needs no password."""
    prefix = _as_root()
    if prefix is None or not shutil.which("apt-get"):
        print("No Chromium installed, and no apt-get that may be used without a password")
        return
    print("No Chromium installed: installing the system's package chromium")
    apt_get = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    if not _run([*apt_get, "install", "--no-install-recommends", "--yes", "chromium"]):
        _run([*apt_get, "update"])  # a fresh image knows no packages yet
        _run([*apt_get, "install", "--no-install-recommends", "--yes", "chromium"])


def download_by_playwright() -> None:
    """Download the build that Playwright brings."""
    print("Downloading Playwright's Chromium")
    _run([sys.executable, "-m", "playwright", "install", "chromium"])


def _as_root() -> list[str] | None:
    """Return what to put before a command that root runs, or None when that cannot be."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0:
        return ["sudo", "-n"]
    return None


def _run(command: list[str]) -> bool:
    print("  " + " ".join(command), flush=True)
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, timeout=_LONGEST_INSTALL, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        print(f"  gave up after {_LONGEST_INSTALL} s")
        return False


if __name__ == "__main__":
    sys.exit(main())
