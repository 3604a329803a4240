"""An index at work: opened once, asked many times, from any number of threads.

index = SearchIndex("index/", encoder=choose_text_encoder("minilm").load())
for hit in index.query("whisk the eggs", limit=5):
    print(hit.title, hit.start, hit.end, hit.text, hit.link)
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from action100m.dataset.audit.words import content_words
from action100m.dataset.search.database import connect, telling
from action100m.dataset.search.fuse import fuse_ranks
from action100m.dataset.search.manifest import read_manifest
from action100m.dataset.search.settings import SearchFilter, SearchMode, check_query
from action100m.errors import ConfigError, SearchIndexError
from action100m.models.base import TextEncoder
from action100m.record import TextField
from action100m.text import mend
from action100m.video.link import find_page

if TYPE_CHECKING:
    from lancedb.expr import Expr

_DEPTH: Final = 100
"""Ranks of each kind that are fused, or the limit if that is more."""
_PROBES: Final = 64
"""Partitions of the vector index that are looked through. `benchmarks/search.py` tells which share of the nearest they hold."""
_READ: Final = 20_000
"""Characters of a text in which words of the query are looked for: three times the longest of the released records."""
_SHOWN: Final = ("uid", "title", "node", "level", "start", "end", "texts")


@dataclass(frozen=True, slots=True)
class Hit:
    """A segment that answers a query."""

    uid: str
    title: str
    """Of the video, or its uid where it has none."""
    node: str
    level: int
    start: float
    end: float
    """Seconds."""
    field: TextField
    text: str
    """Of the searched texts the one that has most words of the query; the first where none has any, or where several are equal."""
    score: float
    """By words: BM25. By meaning: the mean cosine of the query and the texts. Hybrid: the sum of reciprocal ranks. Larger is better; compare only
    those of one search."""
    link: str | None
    """The page that plays the video from the start of the segment, where its uid is one of YouTube's."""


class SearchIndex:
    """The index in a folder, as `build_index` made it. Its methods may be called by several threads."""

    def __init__(self, folder: str | os.PathLike[str], *, encoder: TextEncoder | None = None) -> None:
        """Open an index. Whether the data has changed since is not looked at; `build_index` does.

        encoder: the one that made its vectors. Without it only words are searched.

        Raises:
            MissingPackageError: LanceDB is not installed.
            SearchIndexError: there is no whole index, or its vectors were made by another encoder, or it has none.
        """
        self.folder = Path(folder)
        self.manifest = read_manifest(self.folder)
        if not self.manifest.table:
            raise SearchIndexError(f"the index {folder} is not whole: build it, and it goes on from there")
        if encoder is not None and self.manifest.encoder != encoder.name:
            made = f"made by {self.manifest.encoder!r}" if self.manifest.encoder else "not there"
            raise SearchIndexError(f"the vectors of the index {folder} are {made}, not by {encoder.name!r}: build it anew, or search by words")
        self._encoder, self._encoding = encoder, Lock()
        with telling(self.folder):
            self._table = connect(self.folder).open_table(self.manifest.table)
            if (rows := self._table.count_rows()) != self.manifest.rows:
                raise ValueError(f"it has {rows:,} of {self.manifest.rows:,} segments")

    def __len__(self) -> int:
        """Segments."""
        return self.manifest.rows

    @property
    def left_out(self) -> tuple[str, ...]:
        """Why records are not in it, the first of `manifest.left_out_count`."""
        return self.manifest.left_out

    def query(self, query: str, *, mode: SearchMode | None = None, limit: int = 10, filter: SearchFilter = SearchFilter()) -> list[Hit]:
        """Return the segments that answer best, the best first, each once.

        mode: "hybrid" by default, or "text" where the index was opened without an encoder. By "text", segments need one of the words; in "hybrid",
            words count for those that have all of them, since some are no evidence beside likeness of meaning.

        Raises:
            ConfigError: the query is empty or too long, the limit is out of bounds, or vectors are asked for without an encoder.
            SearchIndexError: the index was removed, damaged, or made anew since it was opened.
        """
        asked = mode or ("text" if self._encoder is None else "hybrid")
        check_query(query, asked, limit)
        query, where = mend(query).replace("\0", " "), _make_condition(filter)
        with telling(self.folder):
            ranked = self._rank(query, asked, limit, where)[:limit]
            return self._read(ranked, content_words(query))

    def _rank(self, query: str, mode: SearchMode, limit: int, where: Expr | None) -> list[tuple[int, float]]:
        match mode:
            case "text":
                return self._rank_by_words(query, limit, where)
            case "vector":
                return self._rank_by_meaning(query, limit, where)
            case "hybrid":
                depth = max(limit, _DEPTH)
                rankings = self._rank_by_meaning(query, depth, where), self._rank_by_words(query, depth, where, all_words=True)
                return fuse_ranks(*([row for row, _ in ranking] for ranking in rankings))

    def _rank_by_words(self, query: str, limit: int, where: Expr | None, *, all_words: bool = False) -> list[tuple[int, float]]:
        from lancedb.query import FullTextOperator, MatchQuery

        match: Any = MatchQuery  # whose defaults mypy does not see
        asked = match(query, "texts", operator=FullTextOperator.AND if all_words else FullTextOperator.OR)
        return _run(self._table.search(asked, query_type="fts"), "_score", limit, where)

    def _rank_by_meaning(self, query: str, limit: int, where: Expr | None) -> list[tuple[int, float]]:
        if self._encoder is None:
            raise ConfigError(f"searching by meaning needs the text encoder of the index ({self.manifest.encoder or 'built without one'})")
        with self._encoding:  # tokenizers are not made for several threads
            vector = self._encoder.encode([query])[0]
        search: Any = self._table.search(vector, vector_column_name="vector", query_type="vector")
        found = _run(search.distance_type("dot").nprobes(_PROBES), "_distance", limit, where)
        if len(found) < limit and where is not None:  # the partitions hold too few that fit: all that fit are compared, which are few
            found = _run(search.bypass_vector_index(), "_distance", limit, where)
        return [(row, 1 - distance) for row, distance in found]

    def _read(self, ranked: list[tuple[int, float]], words: frozenset[str]) -> list[Hit]:
        """Return the segments of some rows, in their order."""
        if not ranked:
            return []
        found = self._table.take_row_ids([row for row, _ in ranked]).select([*_SHOWN]).with_row_id().to_arrow().to_pylist()
        by_row = {values.pop("_rowid"): values for values in found}
        return [_make_hit(by_row[row], self.manifest.fields, score, words) for row, score in ranked]


def _run(search: Any, score: str, limit: int, where: Expr | None) -> list[tuple[int, float]]:
    """Return the rows that a search of LanceDB finds, and their scores."""
    if where is not None:
        search = search.where(where, prefilter=True)
    found = search.select([score]).with_row_id(True).limit(limit).to_arrow()
    return list(zip(found["_rowid"].to_pylist(), found[score].to_pylist(), strict=True))


def _make_condition(filter: SearchFilter) -> Expr | None:
    """Return the filter as LanceDB has it: an expression in which values are values, whatever characters they have."""
    from lancedb.expr import col, lit

    parts = []
    if filter.uids:
        parts.append(col("uid").isin(list(filter.uids)))
    if filter.levels:
        parts.append(col("level").isin(list(filter.levels)))
    if filter.min_seconds is not None:
        parts.append(col("seconds") >= lit(float(filter.min_seconds)))
    if filter.max_seconds is not None:
        parts.append(col("seconds") <= lit(float(filter.max_seconds)))
    whole = None
    for part in parts:
        whole = part if whole is None else whole & part
    return whole


def _make_hit(values: dict[str, Any], fields: tuple[TextField, ...], score: float, words: frozenset[str]) -> Hit:
    texts = [(field, text) for field, text in zip(fields, values.pop("texts"), strict=True) if text]
    field, text = max(texts, key=lambda item: len(words & content_words(item[1][:_READ])))
    title = (values.pop("title") or "").strip() or values["uid"]
    return Hit(**values, title=title, field=field, text=text, score=score, link=find_page(values["uid"], values["start"]))
