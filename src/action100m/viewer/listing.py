"""The list of a server: some of the videos, sorted, with what a search in their texts found."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

from action100m.viewer.assemble import assemble, escape
from action100m.viewer.catalog import SORTINGS, Entry, Sorting, Totals
from action100m.viewer.index import IndexRow, clock, count, describe, row_html, shorten
from action100m.viewer.picture import draw_shapes
from action100m.viewer.review import MarkKind

if TYPE_CHECKING:
    from action100m.dataset.search.index import Hit

PAGE: Final = 50
"""Videos on a page."""
_SORTED_BY: Final[dict[Sorting, str]] = {
    "set": "Order of the set",
    "title": "Title",
    "longest": "Longest first",
    "shortest": "Shortest first",
    "segments": "Most segments",
    "annotated": "Most annotated",
}
_SIGNS: Final[dict[MarkKind, str]] = {"keep": "✓", "reject": "✗", "edit": "✎"}
_PROBLEMS_SHOWN: Final = 50
_LONGEST_TEXT: Final = 400


@dataclass(frozen=True, slots=True)
class Listing:
    """What one page of the list shows."""

    query: str
    sort: Sorting
    page: int
    """From 1."""
    entries: Sequence[Entry]
    found: int
    """Videos that the query matches, on all pages."""
    marks: Sequence[Counter[MarkKind]]
    """Of each entry."""
    hits: Sequence[Hit]
    """Segments that answer the query."""
    status: str
    """Why texts are not searched; empty where they are."""


def listing_page(listing: Listing, *, name: str, totals: Totals, problems: Sequence[str], problem_count: int) -> str:
    """Return the page. name: of the set."""
    facts = describe(totals.videos, totals.seconds, totals.segments, totals.annotated)
    rows = "\n".join(row_html(_row(entry, marks)) for entry, marks in zip(listing.entries, listing.marks, strict=True))
    slots = {
        "name": escape(shorten(name)),
        "facts": facts,
        "query": escape(listing.query),
        "sortings": "".join(_option(sort, listing.sort) for sort in SORTINGS),
        "problems": _problems(problems, problem_count),
        "status": _status(listing),
        "hits": _hits(listing.hits),
        "rows": rows,
        "pager": _pager(listing),
    }
    return assemble("browse.html", styles=["base.css", "index.css", "browse.css"], scripts=["browse.js"], slots=slots, served=True)


def notice_page(heading: str, text: str) -> str:
    """Return a page that says why there is no other."""
    slots = {"heading": escape(heading), "text": escape(shorten(text, 5_000))}
    return assemble("notice.html", styles=["base.css", "index.css", "browse.css"], scripts=[], slots=slots, served=True)


def video_link(uid: str, node: str | None = None) -> str:
    """Return the address of a video's page. Browsers resolve dots in a path and some servers slashes, so such uids stand in the query."""
    plain = uid.isprintable() and uid not in ("", ".", "..") and not set(uid) & set("/\\")
    page = f"/video/{quote(uid, safe='')}" if plain else f"/video?{urlencode({'uid': uid})}"
    return page if node is None else f"{page}#node={quote(node, safe='')}"


def _row(entry: Entry, marks: Counter[MarkKind]) -> IndexRow:
    badge = " ".join(f'<span class="{kind}">{sign} {marks[kind]:,}</span>' for kind, sign in _SIGNS.items() if marks[kind])
    badge = f'<p class="badge" title="marks: kept, rejected, edited">{badge}</p>' if badge else ""
    picture = draw_shapes(entry.shapes())
    return IndexRow(video_link(entry.uid), entry.title, entry.uid, entry.seconds, entry.segments, entry.annotated, picture, badge)


def _option(sort: Sorting, chosen: Sorting) -> str:
    return f'<option value="{sort}"{" selected" if sort == chosen else ""}>{_SORTED_BY[sort]}</option>'


def _problems(problems: Sequence[str], total: int) -> str:
    if not total:
        return ""
    lines = "".join(f"<li>{escape(shorten(problem, 500))}</li>" for problem in problems[:_PROBLEMS_SHOWN])
    more = f"<li>and {total - _PROBLEMS_SHOWN:,} more</li>" if total > _PROBLEMS_SHOWN else ""
    return f'<details class="problems"><summary>{count(total, "problem")} with this data set</summary><ul>{lines}{more}</ul></details>'


def _status(listing: Listing) -> str:
    found = ""
    if listing.query:
        found = f"{count(listing.found, 'video')} with this in title or id" + (
            f", {count(len(listing.hits), 'segment')} below" if listing.hits else ""
        )
    texts = [escape(text) for text in (found, listing.status if listing.query else "") if text]
    return " · ".join(texts)


def _hits(hits: Sequence[Hit]) -> str:
    if not hits:
        return ""
    rows = "".join(
        f'<li><a class="hit" href="{html.escape(video_link(hit.uid, hit.node))}"><time>{clock(hit.start)} \u2013 {clock(hit.end)}</time>'
        f'<span dir="auto">{escape(shorten(hit.text, _LONGEST_TEXT))}</span><i dir="auto">{escape(shorten(hit.title, 120))}</i></a></li>'
        for hit in hits
    )
    return f'<section class="hits card" aria-label="Segments"><h2>Segments</h2><ol>{rows}</ol></section>'


def _pager(listing: Listing) -> str:
    last = max(1, -(-listing.found // PAGE))
    if last == 1:
        return ""

    def link(page: int, label: str, rel: str) -> str:
        if not 1 <= page <= last:
            return f'<span class="quiet">{label}</span>'
        wanted = {"q": listing.query, "sort": listing.sort, "page": page}
        return f'<a rel="{rel}" href="/?{html.escape(urlencode(wanted))}">{label}</a>'

    first = (listing.page - 1) * PAGE
    shown = f"{first + 1:,} \u2013 {first + len(listing.entries):,} of {listing.found:,}" if listing.entries else f"0 of {listing.found:,}"
    parts = [link(1, "⇤ First", "first"), link(listing.page - 1, "← Before", "prev"), f"<span>{shown}</span>"]
    parts += [link(listing.page + 1, "Next →", "next"), link(last, "Last ⇥", "last")]
    return f'<nav class="pager" aria-label="Pages">{"".join(parts)}</nav>'
