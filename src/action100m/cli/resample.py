"""action100m resample."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from action100m.cli.console import console
from action100m.dataset.resample.settings import Layout, Members, Method
from action100m.record import TextField
from action100m.text import plain_lines


def resample(
    data: Annotated[list[str], typer.Argument(help="Parquet files of a data set, or of the Samples that select wrote; folders of them, or URLs.")],
    *,
    out: Annotated[str, typer.Option(help="Parquet file to write; weights, centroids and report are written beside it.")],
    size: Annotated[int, typer.Option(help="Samples to draw, with replacement.")],
    clusters: Annotated[int, typer.Option(help="Clusters; fewer balance more.")] = 1000,
    seed: Annotated[int, typer.Option(help="Of k-means and of the draws.")] = 0,
    encoder: Annotated[str, typer.Option(help="minilm, or a sentence-transformers model: id on the Hub, or folder.")] = "google/embeddinggemma-300m",
    field: Annotated[TextField, typer.Option(help="The text that is clustered.")] = "brief_action",
    members: Annotated[Members, typer.Option(help="What is uniform inside a cluster.")] = "texts",
    method: Annotated[Method, typer.Option(help="Library of k-means.")] = "faiss",
    points_per_cluster: Annotated[int, typer.Option(help="k-means learns from at most so many texts a cluster.")] = 256,
    layout: Annotated[Layout, typer.Option(help="A row for every draw, or one for every sample drawn with the number of its draws.")] = "drawn",
    work: Annotated[str | None, typer.Option(help="Folder for the vectors, which are kept; OUT.work by default.")] = None,
    picture: Annotated[str | None, typer.Option(help="SVG, PNG or PDF file of head and tail, before and after.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Draw samples evenly over the meanings of their texts: rare actions as often as common ones. Exit code 1 when records were left out.

    Example: action100m resample mine.parquet --out balanced.parquet --size 100000 --clusters 1000 --encoder minilm
    """
    from action100m.dataset.resample.resample import resample as resample_data
    from action100m.dataset.resample.settings import ResampleConfig
    from action100m.models.text.choose import choose_text_encoder

    config = ResampleConfig(size, clusters, seed, field, members, method, points_per_cluster, layout)
    with Console(stderr=True).status("loading the text encoder") as status:
        model = choose_text_encoder(encoder).load()
        report = resample_data(
            data,
            out,
            config,
            encoder=model,
            work=work,
            picture=picture,
            on_progress=lambda step, done, total: status.update(f"{step}: {done:,} of {total:,} texts"),
        )
    console.print(report.to_json() if json else plain_lines(str(report)))
    raise typer.Exit(0 if report.ok else 1)
