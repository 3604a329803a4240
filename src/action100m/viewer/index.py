"""The list of all videos, each with a small picture of its tree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from action100m.record import Record
from action100m.tree import Tree
from action100m.viewer.assemble import assemble, escape
from action100m.viewer.payload import record_title

_LEVELS_SHOWN: Final = 12
_WIDTH: Final = 1000
_NARROWEST: Final = 4
"""Of `_WIDTH`. What is narrower would not be seen."""
_ROW: Final = 10


@dataclass(frozen=True, slots=True)
class IndexRow:
    """What the list says about one video."""

    page: str
    """File name, beside the list."""
    title: str
    uid: str
    seconds: float
    segments: int
    annotated: int
    picture: str
    """SVG."""


def index_row(record: Record, page: str) -> IndexRow:
    """Sum up one record."""
    tree = record.tree
    annotated = sum(node.annotation is not None for node in tree.nodes)
    title = record_title(record.uid, record.metadata)
    return IndexRow(page, title, record.uid, tree.root.duration, len(tree), annotated, _draw_tree(tree))


def index_page(rows: Sequence[IndexRow]) -> str:
    """Return the page that lists the videos."""
    seconds, segments = sum(row.seconds for row in rows), sum(row.segments for row in rows)
    annotated = sum(row.annotated for row in rows)
    facts = f"{_count(len(rows), 'video')} · {_clock(seconds)} · {_count(segments, 'segment')} · {annotated:,} annotated"
    slots = {"facts": facts, "rows": "\n".join(map(_row_html, rows))}
    return assemble("index.html", styles=["base.css", "index.css"], scripts=["index.js"], slots=slots)


def _row_html(row: IndexRow) -> str:
    facts = f"{_clock(row.seconds)} · {_count(row.segments, 'segment')} · {row.annotated:,} annotated"
    name = "" if row.uid == row.title else f"<p>{escape(row.uid)}</p>"
    return (
        f'<li><a class="video card" href="{escape(row.page)}">{row.picture}'
        f'<div><h2 dir="auto">{escape(row.title)}</h2><p>{facts}</p>{name}</div></a></li>'
    )


def _draw_tree(tree: Tree) -> str:
    levels = min(_LEVELS_SHOWN, tree.nodes[-1].level + 1)
    shapes = "".join(_shapes(tree, levels))
    return f'<svg viewBox="0 0 {_WIDTH} {levels * _ROW}" preserveAspectRatio="none" aria-hidden="true">{shapes}</svg>'


def _shapes(tree: Tree, levels: int) -> Iterator[str]:
    scale = _WIDTH / tree.root.duration
    for node in tree.nodes:
        if node.level >= levels:
            return  # breadth first: all that follow are as deep
        depth = f"depth-{node.level} annotated" if node.annotation else f"depth-{node.level}"
        x, width = (node.start - tree.root.start) * scale, node.duration * scale
        if width >= _NARROWEST:
            yield f'<rect class="{depth}" x="{x:.0f}" y="{node.level * _ROW}" width="{width - 3:.0f}" height="{_ROW - 1}"/>'


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
