"""action100m select."""

from __future__ import annotations

from typing import Annotated

import typer

from action100m.cli.console import console
from action100m.cli.left_out import LeftOut
from action100m.dataset.select.choices import FlagScope, NaChoice, OutputKind, SplitName


def select(
    data: Annotated[list[str], typer.Argument(help="Parquet files, folders of them, or URLs.")],
    *,
    out: Annotated[str, typer.Option(help="The Parquet file to write.")],
    kind: Annotated[OutputKind, typer.Option("--as", help="What is written.")] = "samples",
    field: Annotated[list[str] | None, typer.Option(help="A text to take; may be repeated. Default: brief_action; all, with --as records.")] = None,
    first_field: Annotated[bool, typer.Option("--first-field", help="Of each node, only the first of the fields that it has.")] = False,
    min_level: Annotated[int | None, typer.Option(help="The root has level 0.")] = None,
    max_level: Annotated[int | None, typer.Option(help="Inclusive.")] = None,
    min_duration: Annotated[float | None, typer.Option(help="Seconds.")] = None,
    max_duration: Annotated[float | None, typer.Option(help="Seconds, inclusive.")] = None,
    has: Annotated[list[str] | None, typer.Option(help="A text that the node must have; may be repeated.")] = None,
    contains: Annotated[list[str] | None, typer.Option(help="FIELD=TEXT that it must contain, in any case; may be repeated.")] = None,
    match: Annotated[list[str] | None, typer.Option(help="FIELD=REGEX that must be found in it; may be repeated.")] = None,
    granularity: Annotated[float | None, typer.Option(help="Seconds: only one cut of each tree, its coarsest nodes not longer than this.")] = None,
    na: Annotated[NaChoice, typer.Option(help='What to do with texts that say "N/A".')] = "keep",
    drop: Annotated[list[str] | None, typer.Option(help="Texts to leave out: na, loop or at_limit; may be repeated.")] = None,
    flags: Annotated[str | None, typer.Option(help="Table that `audit --out` wrote of the same files.")] = None,
    drop_flag: Annotated[list[str] | None, typer.Option(help="Flag of that table, such as misplaced, to leave out; may be repeated.")] = None,
    only_flag: Annotated[list[str] | None, typer.Option(help="Take only what has this flag; may be repeated.")] = None,
    flag_scope: Annotated[FlagScope, typer.Option(help="Whether a flag holds for the node, or for the text with the finding.")] = "nodes",
    split: Annotated[SplitName | None, typer.Option(help="Only the videos of this part.")] = None,
    splits: Annotated[str, typer.Option(help="Shares of train, val and test.")] = "0.8,0.1,0.1",
    salt: Annotated[str, typer.Option(help="Another one deals the videos anew.")] = "",
) -> None:
    """Write the nodes and texts that fit as Samples, or as a smaller data set. Exit code 1 when a record is left out.

    Example: action100m select mine.parquet --out train.parquet --split train --min-duration 2 --na drop
    """
    from action100m.dataset.select.conditions import SelectConfig, parse_fields, parse_flags, parse_marks, parse_pairs, parse_shares
    from action100m.dataset.select.select import select as select_data

    config = SelectConfig(
        fields=parse_fields(field or ()),
        first_field=first_field,
        min_level=min_level,
        max_level=max_level,
        min_duration=min_duration,
        max_duration=max_duration,
        has=parse_fields(has or ()),
        contains=parse_pairs(contains or ()),
        matches=parse_pairs(match or ()),
        granularity=granularity,
        na=na,
        drop=parse_marks(drop or ()),
        flags=flags,
        drop_flags=parse_flags(drop_flag or ()),
        only_flags=parse_flags(only_flag or ()),
        flag_scope=flag_scope,
        split=split,
        splits=parse_shares(splits),
        salt=salt,
    )
    left_out = LeftOut()
    found = select_data(data, out, config, kind=kind, on_error=left_out)
    console.print(f"{found.videos:,} of {found.videos_read:,} videos, {found.nodes:,} of {found.nodes_read:,} nodes, {found.texts:,} texts: {out}")
    if found.without_text:
        console.print(f"{found.without_text:,} of the nodes have none of the texts")
    left_out.exit()
