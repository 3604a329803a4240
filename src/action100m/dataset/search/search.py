"""Ask a data set, whose index is made at the first question and kept."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from action100m.dataset.search.build import OnProgress, build_index, describe_source
from action100m.dataset.search.index import Hit, SearchIndex
from action100m.dataset.search.manifest import find_changed, is_index
from action100m.dataset.search.settings import SEARCHED, SearchFilter, SearchMode, check_query
from action100m.dataset.source import Source
from action100m.errors import ConfigError, DataSetError, SearchIndexError
from action100m.models.base import TextEncoder
from action100m.record import TextField


def search(
    source: Source,
    query: str,
    *,
    mode: SearchMode | None = None,
    limit: int = 10,
    filter: SearchFilter = SearchFilter(),
    encoder: TextEncoder | None = None,
    fields: Sequence[TextField] = SEARCHED,
    index: str | os.PathLike[str] | None = None,
    on_error: Callable[[DataSetError], None] | None = None,
    on_progress: OnProgress | None = None,
) -> list[Hit]:
    """Return the segments that answer a query best, the best first.

    source: a data set, or the folder of an index, which is then used as it is. The index of a data set is made anew when a file, the fields or the
        encoder change.
    mode: by words and meaning ("hybrid") with an encoder, by words ("text") without one.
    fields: the texts that are searched, of a data set. Those of an index were chosen when it was made.
    index: a folder for the index; by default one in the user's cache, see `find_index_folder`.
    on_error: called for the records that are not in the index because they could not be read, at every search.

    Raises:
        ConfigError: the query is empty or too long, or vectors are asked for without an encoder.
        DataSetError: nothing is there, or no segment has one of the texts.
        MissingPackageError: LanceDB is not installed.
        ModelError: the encoder fails.
        SearchIndexError: the index given is damaged, was made by another encoder, or its data have changed since.
    """
    check_query(query, mode or "text", limit)
    if mode in ("vector", "hybrid") and encoder is None:
        raise ConfigError(f"searching by {'meaning' if mode == 'vector' else 'words and meaning'} needs a text encoder, such as minilm")
    if mode == "text":
        encoder = None
    opened = open_index(source, index, encoder=encoder, fields=fields, on_progress=on_progress)
    if on_error is not None:
        for message in opened.left_out:
            on_error(DataSetError(message))
    return opened.query(query, mode=mode, limit=limit, filter=filter)


def open_index(
    source: Source,
    folder: str | os.PathLike[str] | None = None,
    *,
    encoder: TextEncoder | None = None,
    fields: Sequence[TextField] = SEARCHED,
    on_progress: OnProgress | None = None,
) -> SearchIndex:
    """Return the index of a data set, in a folder or the user's cache, made if need be; or the one that the source is.

    Raises:
        As `search`.
    """
    if not isinstance(source, str | os.PathLike) and len(source) == 1:
        source = source[0]
    if not isinstance(source, str | os.PathLike) or not is_index(source):
        folder = find_index_folder(source, fields) if folder is None else folder
        return build_index(source, folder, encoder=encoder, fields=fields, on_progress=on_progress)
    opened = SearchIndex(source, encoder=encoder)
    if changed := find_changed(opened.manifest.files):
        raise SearchIndexError(
            f"{changed} has changed since the index {os.fspath(source)} was made: search the data set with --index, which renews it"
        )
    return opened


def find_index_folder(source: Source, fields: Sequence[TextField] = SEARCHED) -> Path:
    """Return where the index of a data set is kept unless a folder is given: one folder for its files and fields, so that a new index replaces it.

    Raises:
        DataSetError: nothing is there.
    """
    names = [file.name for file in describe_source(source, fields, None).files]
    digest = hashlib.sha256("\0".join([*names, "", *fields]).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return _cache_folder() / "action100m" / "search" / digest


def _cache_folder() -> Path:
    """Return where systems keep what can be made again."""
    if set_by_user := os.environ.get("XDG_CACHE_HOME"):
        return Path(set_by_user)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
