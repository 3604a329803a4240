"""Find and start the Chromium in which pages are tested. A missing one fails a test with the cure; it never skips it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

VARIABLE = "ACTION100M_CHROMIUM"
"""Environment variable: path of the browser to use instead of the first one found."""
CURE = f"no Chromium found: run `python tools/ensure_browser.py`, or set {VARIABLE} to the path of one"

_NAMES = "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"
_PLACES = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium"
_FLAGS = [
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--no-sandbox",  # as root, which containers usually are, Chromium does not start with its sandbox
]


def find_browser() -> str | None:
    """Return the path of a Chromium: the one named by the environment, an installed one, else Playwright's own."""
    named = os.environ.get(VARIABLE)
    candidates = [named] if named else [*_NAMES, *_PLACES]
    installed = next((path for path in map(shutil.which, candidates) if path and _runs(path)), None)
    return installed or (None if named else _playwrights_own())


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Start a headless Chromium that plays H.264, or say what to install."""
    from playwright.sync_api import sync_playwright

    path = find_browser()
    assert path is not None, CURE
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        try:
            _require_h264(browser, path)
            yield browser
        finally:
            browser.close()


def _runs(path: str) -> bool:
    """Ubuntu's `chromium-browser` may be a script that only says what to install."""
    return subprocess.run([path, "--version"], capture_output=True, check=False).returncode == 0


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _require_h264(browser: Browser, path: str) -> None:
    page = browser.new_page()
    plays = page.evaluate("document.createElement('video').canPlayType('video/mp4; codecs=\"avc1.42E01E\"')")
    page.close()
    assert plays, f"{path} was built without H.264: install your system's chromium or google-chrome, or name another by {VARIABLE}"
