"""action100m run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from action100m.cli.console import console, print_summary
from action100m.cli.plan import PRICE_HELP
from action100m.cli.progress import make_meter
from action100m.run.presets import PresetName


def run(
    videos: Annotated[list[str] | None, typer.Argument(help="Videos, folders, or manifests (.csv, .jsonl). None: all that the run has met.")] = None,
    *,
    out: Annotated[str, typer.Option(help="Folder or URL of the run.")],
    preset: Annotated[
        PresetName | None,
        typer.Option(help="Default: the run's own settings, else preview."),
    ] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file that overrides the preset.")] = None,
    limit: Annotated[int | None, typer.Option(help="Only the first N files.")] = None,
    workers: Annotated[int, typer.Option(help="Processes.")] = 1,
    retry: Annotated[Literal["failed"] | None, typer.Option(help="Redo only what failed.")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="Stop when the models have read and written so many now.")] = None,
    max_cost: Annotated[float | None, typer.Option(help="Stop when the models have cost so much now. Needs the price of each.")] = None,
    max_gpu_hours: Annotated[float | None, typer.Option(help="Stop when the models have held your own GPUs for so many hours now.")] = None,
    price: Annotated[list[str] | None, typer.Option(help=PRICE_HELP)] = None,
) -> None:
    """Annotate videos. The same command again goes on where it stopped.

    Example: action100m run cooking.mp4 talks/ --out runs/mine
    """
    from action100m.run.presets import choose_config
    from action100m.run.run import run_videos
    from action100m.run.spending.prices import parse_prices

    try:
        summary = run_videos(
            videos or [],
            out,
            choose_config(preset, override=config),
            limit=limit,
            workers=workers,
            retry=retry,
            max_tokens=max_tokens,
            max_cost=max_cost,
            max_gpu_hours=max_gpu_hours,
            prices=parse_prices(price or ()),
            meter=make_meter(),
        )
    except KeyboardInterrupt:
        console.print("stopped; what was finished is kept, and the same command goes on from here")
        raise typer.Exit(130) from None
    print_summary(summary, out)
    raise typer.Exit(1 if summary.failures or summary.stopped else 0)
