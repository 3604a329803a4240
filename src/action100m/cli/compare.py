"""action100m compare."""

from __future__ import annotations

from typing import Annotated

import typer

from action100m.cli.comparison_table import print_comparison
from action100m.record import TextField


def compare(
    a: Annotated[str, typer.Argument(help="A data set: a Parquet file, a folder of them, or a URL.")],
    b: Annotated[str, typer.Argument(help="Another one of the same videos; the reference, where one is needed.")],
    *,
    labels: Annotated[TextField | None, typer.Option(help="A text that is a node's class in the mAP; by default all are one class.")] = None,
    field: Annotated[list[str] | None, typer.Option(help="A text to compare, of nodes that match. May be repeated.")] = None,
    encoder: Annotated[str | None, typer.Option(help="Compare texts by vectors too: minilm, or a sentence-transformers model.")] = None,
    permutations: Annotated[int, typer.Option(help="How often A is shuffled to find what chance gives.")] = 5,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Tell how two annotations of the same videos agree, each figure beside chance. Exit code 1 when a record could not be read.

    Example: action100m compare mine.parquet theirs.parquet
    """
    from action100m.dataset.compare.compare import CompareConfig
    from action100m.dataset.compare.compare import compare as compare_data
    from action100m.dataset.fields import make_fields
    from action100m.models.text.choose import choose_text_encoder

    config = CompareConfig(labels=labels, fields=make_fields(field or ["brief_action"]), permutations=permutations)
    comparison = compare_data(a, b, config, encoder=None if encoder is None else choose_text_encoder(encoder).load())
    print_comparison(comparison, as_json=json)
    raise typer.Exit(0 if comparison.ok else 1)
