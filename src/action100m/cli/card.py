"""action100m card."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from action100m.cli.console import console
from action100m.cli.left_out import LeftOut

_SHOWN: Final = 20
"""Uids that are named."""


def card(
    data: Annotated[list[str], typer.Argument(help="Parquet files, folders of them, or URLs.")],
    *,
    out: Annotated[str, typer.Option(help="Folder to write README.md and videos.jsonl to.")],
    config: Annotated[str | None, typer.Option(help="TOML file with name, licence, rights, contact and citation.")] = None,
    gone: Annotated[str | None, typer.Option(help="List of videos that are gone or were removed: CSV, JSON lines, or uids.")] = None,
    measure: Annotated[bool, typer.Option("--audit/--no-audit", help="Whether quality is measured; it takes most of the time.")] = True,
    pictures: Annotated[bool, typer.Option("--pictures/--no-pictures", help="Whether the pictures of `stats` are drawn.")] = True,
) -> None:
    """Write the data card: what it is, how it was made, figures, quality, rights, limits, and which videos are gone.

    Exit code 1 when a record is left out.

    Example: action100m card mine.parquet --out card/ --config card.toml
    """
    from action100m.dataset.card.card import card as write_card
    from action100m.dataset.card.settings import load_card_config

    written = write_card(data, out, config=None if config is None else load_card_config(config), gone=gone, measure=measure, pictures=pictures)
    console.print(f"{written.path}: {written.videos:,} videos, {written.gone:,} of them gone or removed")
    if pictures and not written.pictures:
        console.print("no pictures, for want of packages: pip install 'action100m[charts]'")
    if written.missing:
        console.print(f"not given, and said to be missing: {', '.join(written.missing)}")
    if written.unknown:
        console.print(f"on the list, but not in the data: {len(written.unknown):,} ({', '.join(map(ascii, written.unknown[:_SHOWN]))})")
    left_out = LeftOut()
    left_out.tell(written.left_out, written.left_out_count)
    left_out.exit()
