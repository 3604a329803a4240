"""action100m stats."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Annotated

import typer

from action100m.cli.left_out import LeftOut
from action100m.cli.stats_table import print_stats


def stats(
    data: Annotated[list[str], typer.Argument(help="Parquet files, folders of them, or URLs.")],
    *,
    top: Annotated[int, typer.Option(help="How many of the most frequent texts are named.")] = 10,
    pictures: Annotated[Path | None, typer.Option(help="Folder for pictures, as SVG and PNG.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Tell what is in a data set: videos and segments, hours, words, repeated actions, verbs. Exit code 1 when a record is left out.

    Example: action100m stats mine.parquet
    """
    from action100m.dataset.stats.stats import stats as count_data

    left_out = LeftOut()
    found = count_data(data, top=top, on_error=left_out)
    if pictures is not None:
        from action100m.dataset.stats.pictures import draw_stats

        draw_stats(found, pictures)
    if json:
        print(json_format.dumps(found.to_dict(), indent=1, ensure_ascii=False))  # noqa: T201 - as it is, for other programs
    else:
        print_stats(found)
    left_out.exit()
