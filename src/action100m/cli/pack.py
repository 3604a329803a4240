"""action100m pack."""

from __future__ import annotations

from typing import Annotated

import typer

from action100m.cli.console import console


def pack(
    run: Annotated[str, typer.Argument(help="Folder or URL of the run.")],
    *,
    out: Annotated[str, typer.Option(help="Parquet file to write.")],
    history: Annotated[str | None, typer.Option(help="JSON-lines file for the replies of all rounds.")] = None,
) -> None:
    """Write what a run has made as a data set in the released schema.

    Example: action100m pack runs/mine --out mine.parquet
    """
    from action100m.run.pack import pack as pack_run

    packed = pack_run(run, out, history=history)
    console.print(f"{packed.path}: {packed.videos} videos, {packed.segments} segments, {packed.annotated} annotated")
    valid, rounds = packed.valid_at_first
    console.print(f"replies that fitted at the first try: {valid} of {rounds}")
    if packed.left_out:
        console.print(f"left out, not fully made: {len(packed.left_out)} ({', '.join(packed.left_out[:5])}); see: action100m status {run}")
    raise typer.Exit(1 if packed.left_out else 0)
