"""Write a folder of pages that shows records over their videos: it opens from disk, needs no network, and can be moved as a whole.

page/
├── index.html             all videos
├── cooking-1f0c9a7e.html  one page per video
└── media/                 the videos, linked or made playable
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from action100m.errors import DataSetError, VideoError
from action100m.record import Record
from action100m.video.link import find_page
from action100m.viewer.assemble import assemble, embed_json, escape
from action100m.viewer.index import index_page, index_row, shorten
from action100m.viewer.media import prepare_video
from action100m.viewer.payload import record_payload, record_title

_STYLES: Final = ("base.css", "layout.css", "panel.css", "timeline.css")
_SCRIPTS: Final = ("dom.js", "tree.js", "player.js", "zoom.js", "timeline.js", "panel.js", "transcript.js", "search.js", "main.js")
_SERVED_STYLES: Final = ("review.css",)
_SERVED_SCRIPTS: Final = ("diff.js", "server.js", "doubts.js", "rounds.js", "marks.js", "served.js")


def write_report(records: Iterable[Record], out: str | Path, *, videos: Mapping[str, str] = {}) -> list[Path]:
    """Write one page per record and a list of them, and return their paths, the list first.

    Args:
        records: Read one by one; only what the list shows of each is kept.
        out: The folder, made if need be. Pages of an earlier report with the same names are replaced, videos that are there already kept.
        videos: uid -> path of the video file. A record without one links to its video's own page when its uid looks like a YouTube id.

    Raises:
        DataSetError: two records have the same uid.
        OSError: the folder cannot be written.
    """
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    pages, rows = {}, []
    for record in records:
        page = folder / f"{safe_name(record.uid)}.html"
        if page in pages:
            raise DataSetError(f"two records have the uid {record.uid!r}; give each video once")
        player = _find_player(record, videos.get(record.uid), folder)
        pages[page] = page.write_text(video_page(record, record_payload(record, player)), encoding="utf-8")
        rows.append(index_row(record, page.name))
    index = folder / "index.html"
    index.write_text(index_page(rows), encoding="utf-8")
    return [index, *pages]


def safe_name(uid: str) -> str:
    """Return a file name for a uid: plain letters, and a digest that keeps uids apart which differ elsewhere, or only in case."""
    plain = re.sub(r"[^\w-]+", "-", uid, flags=re.ASCII).strip("-")[:60]
    digest = hashlib.sha256(uid.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{plain or 'video'}-{digest}"


def video_page(record: Record, payload: Mapping[str, Any], *, served: bool = False) -> str:
    """Return the page of a video. payload: `record_payload`; a served page is told more, and asks its server for the rest."""
    title = escape(shorten(record_title(record.uid, record.metadata)))
    slots = {"title": title, "payload": embed_json(payload), "list": "/" if served else "index.html"}
    styles, scripts = (_STYLES + _SERVED_STYLES, _SCRIPTS + _SERVED_SCRIPTS) if served else (_STYLES, _SCRIPTS)
    return assemble("video.html", styles=styles, scripts=scripts, slots=slots, served=served)


def _find_player(record: Record, location: str | None, folder: Path) -> dict[str, Any]:
    """Return what the page's player needs. A video that cannot be shown is said on its page; the others go on."""
    if location is None:
        return _absent(record.uid, "This report was made without the video file.")
    damaged = bool(record.provenance and record.provenance.lost)
    try:
        video = prepare_video(location, folder / "media", damaged=damaged)
    except VideoError as error:
        return _absent(record.uid, f"The video file could not be opened. {error}")
    return {"src": f"media/{video.path.name}", "offset": video.offset}


def _absent(uid: str, reason: str) -> dict[str, Any]:
    return {"link": find_page(uid), "reason": reason}
