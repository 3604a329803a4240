"""One browser for all tests of pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from support.browser import open_browser
from support.report_page import ReportPage

Opener = Callable[..., ReportPage]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture
def visit(browser: Browser) -> Iterator[Opener]:
    """Open a page. In the end none may have asked for anything but files, nor complained."""
    opened: list[ReportPage] = []

    def open_page(path: Path, **options: object) -> ReportPage:
        opened.append(ReportPage(browser, path, **options))
        return opened[-1]

    yield open_page
    for page in opened:
        page.close()
    assert [url for page in opened for url in page.requests if not url.startswith("file://")] == []
    assert [complaint for page in opened for complaint in page.complaints] == []


@pytest.fixture
def browse(browser: Browser) -> Iterator[Opener]:
    """Open a page of a server. In the end none may have asked anybody else for anything, nor complained."""
    opened: list[ReportPage] = []

    def open_page(address: str, **options: object) -> ReportPage:
        opened.append(ReportPage(browser, address, **options))
        return opened[-1]

    yield open_page
    for page in opened:
        page.close()
    assert [url for page in opened for url in page.requests if not url.startswith("http://127.0.0.1:")] == []
    assert [complaint for page in opened for complaint in page.complaints] == []
