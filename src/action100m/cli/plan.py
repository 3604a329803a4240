"""action100m plan."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Annotated, Final

import typer

from action100m.cli.plan_table import print_plan
from action100m.run.presets import PresetName

PRICE_HELP: Final = (
    "[MODEL=]IN,OUT: money for a million tokens read and written by a hosted model; [MODEL=]HOUR: for an hour of the device of one of your own. "
    "Without MODEL: for every model behind a server; for every device."
)
"""What this command, run and status say of their option --price."""


def plan(
    videos: Annotated[list[str], typer.Argument(help="Videos, folders, or manifests (.csv, .jsonl).")],
    *,
    preset: Annotated[PresetName | None, typer.Option(help="Default: that of the pilot, else preview.")] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file that overrides the preset.")] = None,
    price: Annotated[list[str] | None, typer.Option(help=PRICE_HELP)] = None,
    costs: Annotated[Path | None, typer.Option(help="TOML file with figures of models and devices, added to the known ones.")] = None,
    gpu: Annotated[
        str | None, typer.Option(help="Device of all models: v100, h100, rtx4060, cpu, or one of --costs. Default: each model's own.")
    ] = None,
    pilot: Annotated[
        Path | None, typer.Option(help="Folder of a finished run over some of the videos: its figures take the place of the general ones.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Tell what a run will cost, as intervals: frames, nodes, requests, tokens, hours, money, disk. Only headers are read; nothing is loaded.

    Example: action100m plan talks/ --preset paper --gpu h100

    Example: action100m plan talks/ --preset modern --price 0.15,0.60

    Example: action100m plan talks/ --pilot runs/first-five
    """
    from action100m.run.plan.plan import plan as plan_run
    from action100m.run.presets import choose_config
    from action100m.run.spending.prices import parse_prices

    planned = plan_run(videos, choose_config(preset, override=config), prices=parse_prices(price or ()), costs=costs, gpu=gpu, pilot=pilot)
    if json:
        print(json_format.dumps(planned.to_dict(), indent=1))  # noqa: T201 - as it is, for other programs
    else:
        print_plan(planned)
    raise typer.Exit(1 if planned.problems else 0)
