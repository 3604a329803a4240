"""What `export` prints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from action100m.cli.console import console
from action100m.text import one_line

if TYPE_CHECKING:
    from action100m.dataset.export.tally import ExportReport

_SHOWN: Final = 20
"""Failures that are printed; the rest is counted."""


def print_export(report: ExportReport, *, as_json: bool) -> None:
    """Print what was written and what was left out."""
    if as_json:
        print(json.dumps(report.to_dict()))  # noqa: T201 - as it is, for other programs
        return
    for failure in report.failures[:_SHOWN]:
        console.print(f"left out: {failure.cause}  {one_line(failure.message)}")
    if report.failure_count > _SHOWN:
        console.print(f"  and {report.failure_count - _SHOWN} more; see --json")
    for damage in report.damaged[:_SHOWN]:
        console.print(f"damaged: {one_line(damage)}")
    place = report.files[0] if len(report.files) == 1 else f"{len(report.files)} files"
    console.print(f"{place}: {report.videos} videos, {report.segments} segments, {report.failure_count} left out")
