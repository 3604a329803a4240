"""action100m search."""

from __future__ import annotations

from typing import Annotated

import typer

from action100m.cli.hits import IndexProgress, print_hits
from action100m.cli.left_out import LeftOut
from action100m.dataset.fields import make_fields
from action100m.dataset.search.settings import SEARCHED, SearchMode

_FIELDS: list[str] = [*SEARCHED]


def search(
    data: Annotated[str, typer.Argument(help="Parquet file, a folder of them, a URL, or the folder of an index.")],
    query: Annotated[str, typer.Argument(help="Words, or what is to be seen.")],
    *,
    encoder: Annotated[str | None, typer.Option(help="For meaning: minilm, or a sentence-transformers model: id on the Hub, or folder.")] = None,
    mode: Annotated[SearchMode | None, typer.Option(help="By words, meaning, or both. Default: both with an encoder, words without.")] = None,
    limit: Annotated[int, typer.Option(help="Segments to show.")] = 10,
    uid: Annotated[list[str] | None, typer.Option(help="Only in this video. May be repeated.")] = None,
    level: Annotated[list[int] | None, typer.Option(help="Only segments on this level; 0 is a whole video. May be repeated.")] = None,
    min_seconds: Annotated[float | None, typer.Option(help="Only segments at least so long.")] = None,
    max_seconds: Annotated[float | None, typer.Option(help="Only segments at most so long.")] = None,
    field: Annotated[list[str], typer.Option(help="A text to search. May be repeated; each choice has an index of its own.")] = _FIELDS,
    index: Annotated[str | None, typer.Option(help="Folder for the index; by default one in your cache.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the segments as JSON.")] = False,
) -> None:
    """Find segments by what is said of them. The first search of a data set makes its index. Exit code 1 when records had to be left out of it.

    Example: action100m search mine.parquet "whisk the eggs" --encoder minilm
    """
    from action100m.dataset.search.search import search as search_data
    from action100m.dataset.search.settings import SearchFilter
    from action100m.models.text.choose import choose_text_encoder

    left_out = LeftOut()
    hits = search_data(
        data,
        query,
        mode=mode,
        limit=limit,
        filter=SearchFilter(tuple(uid or ()), tuple(level or ()), min_seconds, max_seconds),
        encoder=None if encoder is None or mode == "text" else choose_text_encoder(encoder).load(),
        fields=make_fields(field),
        index=index,
        on_error=left_out,
        on_progress=IndexProgress(),
    )
    print_hits(hits, as_json=json, hint=encoder is None and mode is None)
    left_out.exit()
