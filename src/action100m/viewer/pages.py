"""What a server answers, apart from how: the list, a video's page and what that asks for, all from one data set."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from action100m.dataset.rounds import Rounds
from action100m.errors import Action100MError, DataSetError
from action100m.record import Record
from action100m.video.link import find_page
from action100m.viewer.catalog import Catalog, Entry, Sorting
from action100m.viewer.doubts import flags_payload, rounds_payload
from action100m.viewer.finder import Finder
from action100m.viewer.listing import PAGE, Listing, listing_page, video_link
from action100m.viewer.payload import record_payload
from action100m.viewer.playing import Playable, Projector, Rendering, Unplayable
from action100m.viewer.report import video_page
from action100m.viewer.review import Mark, Review
from action100m.viewer.videos import VideoFolders


class UnknownVideoError(LookupError):
    """There is no such video in the set."""


@dataclass(frozen=True)
class Pages:
    """One data set, ready to be shown. May be used by several threads."""

    name: str
    catalog: Catalog
    videos: VideoFolders
    projector: Projector
    rounds: Rounds | None
    review: Review
    reviewer: str
    """Who marks are by, unless the page says otherwise."""
    finder: Finder

    def close(self) -> None:
        """Remove all temporary files."""
        self.projector.close()
        self.catalog.close()

    def browse(self, *, query: str = "", sort: Sorting = "set", page: int = 1) -> str:
        """Return a page of the list."""
        offset = (page - 1) * PAGE
        entries, found = self.catalog.page(query=query, sort=sort, offset=offset, limit=PAGE)
        status, hits = self.finder.status, []
        try:
            hits = self.finder.find(query) if page == 1 else []
        except Action100MError as error:  # the index was removed: titles are found nevertheless
            status = f"Only titles and ids are searched: {error}"
        marks = [self.review.count(entry.uid) for entry in entries]
        listing = Listing(query, sort, page, entries, found, marks, hits, status)
        problems, count = self._problems()
        return listing_page(listing, name=self.name, totals=self.catalog.totals, problems=problems, problem_count=count)

    def _problems(self) -> tuple[list[str], int]:
        """Return what is wrong with the set, as far as it is kept, and how much there is in all."""
        outside = [f"{path} is a link that leads out of the folder" for path in self.videos.outside]
        beside = [*self.review.problems, *outside]
        return [*beside, *self.catalog.problems], len(beside) + self.catalog.problem_count

    def show(self, uid: str) -> str:
        """Return the page of a video.

        Raises:
            UnknownVideoError, DataSetError: there is no such video, or its record cannot be read.
        """
        entry, record = self._open(uid)
        link = find_page(uid)
        has_file = self.videos.locate(uid) is not None
        player = {"ask": has_file, "link": link, "reason": "Opening the video file …" if has_file else "No video file is at hand."}
        beside = {"before": _link(self.catalog.beside(entry, -1)), "after": _link(self.catalog.beside(entry, 1))}
        served = {"marks": self.marks(uid), **beside}
        return video_page(record, record_payload(record, player) | {"served": served}, served=True)

    def player(self, uid: str) -> dict[str, Any]:
        """Return what plays a video, whether it is still being made, or why there is none.

        Raises:
            As `show`.
        """
        _, record = self._open(uid)
        found = self._find_media(record)
        if isinstance(found, Playable):
            return {"src": True, "offset": found.offset}
        if isinstance(found, Unplayable):
            return {"reason": found.reason}
        return {"wait": True, "reason": "Browsers do not play this file as it is: making a copy that they play …"}

    def media(self, uid: str) -> Playable | None:
        """Return the file that plays a video, or None where there is none yet.

        Raises:
            As `show`.
        """
        found = self._find_media(self._open(uid)[1])
        return found if isinstance(found, Playable) else None

    def _find_media(self, record: Record) -> Playable | Rendering | Unplayable:
        return self.projector.find(record.uid, damaged=bool(record.provenance and record.provenance.lost))

    def doubts(self, uid: str) -> dict[str, Any]:
        """Return quality flags and the replies of all rounds, by node.

        Raises:
            As `show`.
        """
        _, record = self._open(uid)
        return {"flags": flags_payload(record), "rounds": rounds_payload(self.rounds.of(uid) if self.rounds else ())}

    def marks(self, uid: str) -> list[dict[str, Any]]:
        """Return the marks of a video."""
        return [asdict(mark) for mark in self.review.of(uid)]

    def mark(self, mark: Mark) -> list[dict[str, Any]]:
        """Keep a mark, and return all of the video.

        Raises:
            UnknownVideoError, DataSetError: as `show`; the video has no such node; or the mark cannot be kept.
        """
        _, record = self._open(mark.uid)
        if mark.node is not None and all(node.id != mark.node for node in record.tree.nodes):
            raise DataSetError(f"the video {mark.uid!r} has no segment {mark.node!r}")
        self.review.add(mark)
        return self.marks(mark.uid)

    def _open(self, uid: str) -> tuple[Entry, Record]:
        entry = self.catalog.find(uid)
        if entry is None:
            raise UnknownVideoError(uid)
        return entry, self.catalog.read(entry)


def _link(entry: Entry | None) -> str | None:
    return None if entry is None else video_link(entry.uid)
