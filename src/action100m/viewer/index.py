"""The list of all videos in a folder of pages, each with a small picture of its tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from action100m.record import Record
from action100m.viewer.assemble import assemble, escape
from action100m.viewer.payload import record_title
from action100m.viewer.picture import draw_shapes, tree_shapes

_LONGEST_NAME: Final = 300
"""Characters of a title or uid that a list shows."""


@dataclass(frozen=True, slots=True)
class IndexRow:
    """What a list says about one video."""

    page: str
    """Where the video's page is, relative to the list."""
    title: str
    uid: str
    seconds: float
    segments: int
    annotated: int
    picture: str
    """SVG."""
    badge: str = ""
    """HTML beside the title."""


def index_row(record: Record, page: str) -> IndexRow:
    """Sum up one record."""
    tree = record.tree
    annotated = sum(node.annotation is not None for node in tree.nodes)
    title = record_title(record.uid, record.metadata)
    return IndexRow(page, title, record.uid, tree.root.duration, len(tree), annotated, draw_shapes(tree_shapes(tree)))


def index_page(rows: Sequence[IndexRow]) -> str:
    """Return the page that lists the videos."""
    seconds, segments = sum(row.seconds for row in rows), sum(row.segments for row in rows)
    facts = describe(len(rows), seconds, segments, sum(row.annotated for row in rows))
    slots = {"facts": facts, "rows": "\n".join(map(row_html, rows))}
    return assemble("index.html", styles=["base.css", "index.css"], scripts=["index.js"], slots=slots)


def row_html(row: IndexRow) -> str:
    """Return one row of a list."""
    facts = f"{clock(row.seconds)} · {count(row.segments, 'segment')} · {row.annotated:,} annotated"
    name = "" if row.uid == row.title else f"<p>{escape(shorten(row.uid))}</p>"
    return (
        f'<li><a class="video card" href="{escape(row.page)}">{row.picture}'
        f'<div><h2 dir="auto">{escape(shorten(row.title))}</h2><p>{facts}</p>{name}</div>{row.badge}</a></li>'
    )


def describe(videos: int, seconds: float, segments: int, annotated: int) -> str:
    """Return how much there is in a list, in words."""
    return f"{count(videos, 'video')} · {clock(seconds)} · {count(segments, 'segment')} · {annotated:,} annotated"


def shorten(text: str, longest: int = _LONGEST_NAME) -> str:
    """Return the beginning of a text that is too long to be shown whole."""
    return text if len(text) <= longest else f"{text[:longest]}…"


def clock(seconds: float) -> str:
    """Return a length as people read it: 83.2 is "1:23"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def count(number: int, noun: str) -> str:
    """Return a number of things."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
