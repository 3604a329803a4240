"""action100m status."""

from __future__ import annotations

from typing import Annotated

import typer

from action100m.cli.console import print_status
from action100m.cli.plan import PRICE_HELP


def status(
    run: Annotated[str, typer.Argument(help="Folder or URL of the run.")],
    *,
    price: Annotated[list[str] | None, typer.Option(help=PRICE_HELP)] = None,
) -> None:
    """Tell how a run stands: per stage what is done, failed by cause, and left, what it has cost, and what a rerun would do.

    Example: action100m status runs/mine
    """
    from action100m.run.spending.prices import parse_prices
    from action100m.run.status import status as run_status

    print_status(run_status(run, prices=parse_prices(price or ())), run)
