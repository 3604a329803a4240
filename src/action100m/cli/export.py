"""action100m export."""

from __future__ import annotations

from typing import Annotated

import typer

from action100m.cli.export_table import print_export


def export(
    data: Annotated[list[str], typer.Argument(help="Parquet files of a data set, or of the Samples that select wrote; folders of them, or URLs.")],
    *,
    to: Annotated[str, typer.Option(help="jsonl, activitynet, srt, vtt, webdataset, huggingface or fiftyone.")],
    out: Annotated[str, typer.Option(help="The file to write, for jsonl and activitynet; the folder, for the others.")],
    videos: Annotated[str | None, typer.Option(help="Folder of the video files, named by uid.")] = None,
    field: Annotated[list[str] | None, typer.Option(help="A text to export, such as brief_action; the first is the label. May be repeated.")] = None,
    set: Annotated[list[str] | None, typer.Option("--set", help="A setting of the format, as name=value. May be repeated.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print what was written and left out as JSON.")] = False,
) -> None:
    """Write a data set in a form that other tools read. Exit code 1 when something had to be left out.

    Example: action100m export mine.parquet --to webdataset --out shards/ --videos talks/
    """
    from action100m.cli.sources import find_locations
    from action100m.dataset.export.export import export as export_data
    from action100m.dataset.export.settings import make_config
    from action100m.dataset.fields import make_fields

    locations = None if videos is None else find_locations(videos)
    report = export_data(data, out, format=make_config(to, set or ()), fields=make_fields(field) if field else None, videos=locations)
    print_export(report, as_json=json)
    raise typer.Exit(0 if report.ok else 1)
