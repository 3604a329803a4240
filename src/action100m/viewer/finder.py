"""Search in the texts of a set: the index of `action100m search`, made or renewed in the background while the server runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import Thread
from typing import TYPE_CHECKING, Final, Protocol

from action100m.dataset.search.search import open_index
from action100m.dataset.source import Source
from action100m.errors import Action100MError

if TYPE_CHECKING:
    from action100m.dataset.search.index import Hit

_LONGEST_QUERY: Final = 1_000


class Searchable(Protocol):
    """What is asked of an index."""

    def query(self, query: str, *, limit: int = 10) -> list[Hit]:
        """Return the segments that answer best."""
        ...


class Finder:
    """Searches texts as soon as their index is there. Until then, and where there is none, `status` says why nothing is found."""

    def __init__(self, open: Callable[[Callable[[str], None]], Searchable] | None) -> None:
        """Begin to open an index.

        open: returns it, and tells how far it is meanwhile; None to search titles only.
        """
        self._index: Searchable | None = None
        self.status = "Only titles and ids are searched." if open is None else "The index of the texts is being opened."
        """Empty when texts are searched."""
        if open is not None:
            Thread(target=self._open, args=(open,), daemon=True).start()

    def find(self, query: str, limit: int = 12) -> list[Hit]:
        """Return the segments that answer a query best.

        Raises:
            SearchIndexError: the index was removed or damaged.
        """
        if self._index is None or not query.strip():
            return []
        return self._index.query(query[:_LONGEST_QUERY], limit=limit)

    def _open(self, open: Callable[[Callable[[str], None]], Searchable]) -> None:
        try:
            self._index = open(self._tell)
            self.status = ""
        except (Action100MError, OSError) as error:
            self.status = f"Only titles and ids are searched: {error}"

    def _tell(self, status: str) -> None:
        self.status = status


def find_texts(source: Source, index: str | os.PathLike[str] | None) -> Finder:
    """Return what searches a set by the index in a folder, by default that of the user's cache which `action100m search` uses too."""

    def open_it(tell: Callable[[str], None]) -> Searchable:
        def progress(step: str, done: int, total: int) -> None:
            of = f" of {total:,}" if total else ""
            tell(f"Only titles and ids are searched until the index of the texts is made: {step}, {done:,}{of} segments.")

        return open_index(source, index, on_progress=progress)

    return Finder(open_it)
