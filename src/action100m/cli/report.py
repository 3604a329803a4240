"""action100m report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from action100m.cli.console import console


def report(
    source: Annotated[str, typer.Argument(help="A run, or a data set (.parquet).")],
    *,
    out: Annotated[str, typer.Option(help="Folder to write the pages to.")],
    videos: Annotated[str | None, typer.Option(help="Folder of the video files, for a data set; named by uid.")] = None,
) -> None:
    """Write a page per video: player, tree, captions. Opens from disk, without a network.

    Example: action100m report runs/mine --out page/
    """
    from action100m.cli.sources import open_source
    from action100m.viewer.report import write_report

    records, locations = open_source(source, videos)
    pages = write_report(records, out, videos=locations)
    console.print(f"{len(pages)} pages; open {Path(out) / 'index.html'}")
