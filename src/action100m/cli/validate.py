"""action100m validate."""

from __future__ import annotations

from typing import Annotated

import typer

from action100m.cli.console import print_validation


def validate(
    data: Annotated[list[str], typer.Argument(help="Parquet files, folders of them, or URLs.")],
    *,
    json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Check a data set, ours or the authors' released one: schema, trees, times, captions. Exit code 1 when there are errors.

    Example: action100m validate mine.parquet
    """
    from action100m.dataset.validate import validate as validate_data

    report = validate_data(data)
    print_validation(report, as_json=json)
    raise typer.Exit(0 if report.ok else 1)
