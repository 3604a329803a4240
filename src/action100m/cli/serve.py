"""action100m serve."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from action100m.cli.console import console


def serve(
    data: Annotated[list[str], typer.Argument(help="Parquet files, folders of them, or URLs.")],
    *,
    videos: Annotated[list[str] | None, typer.Option(help="Folder of the video files, named by uid. May be repeated.")] = None,
    history: Annotated[str | None, typer.Option(help="File of `pack --history`: shows the replies of all rounds.")] = None,
    review: Annotated[str | None, typer.Option(help="JSON-lines file of the marks; by default beside the data.")] = None,
    reviewer: Annotated[str | None, typer.Option(help="Who makes marks; by default your login name.")] = None,
    index: Annotated[str | None, typer.Option(help="Folder of the search index; by default that of `search` in your cache.")] = None,
    titles_only: Annotated[bool, typer.Option("--titles-only", help="Search titles and ids only, and make no index of the texts.")] = False,
    host: Annotated[str, typer.Option(help="Address to listen at. There is no password: others that reach it can read and mark.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen at; 0 takes any that is free.")] = 8765,
) -> None:
    """Browse a data set: search, play, read every text and every round, see what is doubtful, mark what to keep. Until Ctrl-C.

    Example: action100m serve mine.parquet --videos talks/
    """
    from action100m.viewer.server import serve as serve_data

    with Console(stderr=True).status("reading") as status:

        def ready(address: str) -> None:
            status.stop()
            console.print(f"{address}   Ctrl-C ends")

        serve_data(
            data,
            videos=videos or (),
            host=host,
            port=port,
            history=history,
            review=review,
            reviewer=reviewer,
            index=index,
            search_texts=not titles_only,
            on_progress=lambda count: status.update(f"reading: {count:,} videos"),
            on_ready=ready,
        )
