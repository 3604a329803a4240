"""action100m status."""

from __future__ import annotations

from typing import Annotated

import typer

from action100m.cli.console import print_status


def status(run: Annotated[str, typer.Argument(help="Folder or URL of the run.")]) -> None:
    """Tell how a run stands: per stage what is done, failed by cause, and left, and what a rerun would do.

    Example: action100m status runs/mine
    """
    from action100m.run.status import status as run_status

    print_status(run_status(run), run)
