"""What all tests share: where the shared data lies."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real videos, official records and benchmark files, beside the project."""
    if not (_SHARED / "data").is_dir():
        message = f"the shared test data is not at {_SHARED}"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return _SHARED
