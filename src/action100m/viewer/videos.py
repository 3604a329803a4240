"""The video files in some folders, by uid. A uid only ever picks one of the files that were found: it never becomes part of a path.

A link that leads out of the folders is left out, and so is one that is made to lead out later: `locate` looks again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from action100m.errors import ConfigError
from action100m.text import mend
from action100m.video.discover import find_videos

_BRACKETED: Final = re.compile(r"\[([^\[\]]+)\]$")
"""Downloaders write "Title [id].mp4"."""


class VideoFolders:
    """Finds the file of a video."""

    def __init__(self, folders: Sequence[str]) -> None:
        """Look through folders and those in them.

        Raises:
            ConfigError: one is not a folder.
        """
        for folder in folders:
            if not Path(folder).is_dir():
                raise ConfigError(f"--videos {folder} is not a folder")
        self._roots = tuple(Path(folder).resolve() for folder in folders)
        self._found: dict[str, str] = {}
        self.outside: list[str] = []
        """Files that are left out because they are links that lead out of the folders."""
        for folder in folders:
            for path in (video.path for video in find_videos([folder]) if Path(video.path).is_file()):
                if self._is_inside(path):
                    self._add(Path(path), Path(folder))
                else:
                    self.outside.append(path)

    def locate(self, uid: str) -> str | None:
        """Return the file of a video: the one of that name, with or without ending or folder, or with the uid in brackets or in its info file."""
        path = self._found.get(uid)
        return path if path is not None and self._is_inside(path) else None

    def _add(self, path: Path, folder: Path) -> None:
        info = path.with_name(f"{path.stem}.info.json")
        for name in (*_names(path, folder), *(_read_id(info) if self._is_inside(str(info)) else ())):
            self._found.setdefault(name, str(path))  # the first of a name counts

    def _is_inside(self, path: str) -> bool:
        real = Path(path).resolve()
        return any(real.is_relative_to(root) for root in self._roots)


def _read_id(info: Path) -> tuple[str, ...]:
    """Return the id in the file that downloaders write beside a video, which is its uid in a run too."""
    try:
        found = json.loads(info.read_bytes())["id"]
    except (OSError, ValueError, RecursionError, LookupError, TypeError):  # there is none, or it is of no use
        return ()
    return (mend(found),) if isinstance(found, str) else ()


def _names(path: Path, folder: Path) -> Iterator[str]:
    """Yield the uids that a file may be meant by."""
    inside = path.relative_to(folder)
    names = [inside.with_suffix("").as_posix(), path.stem, path.name]
    if bracketed := _BRACKETED.search(path.stem):
        names.append(bracketed[1])
    yield from map(mend, names)
