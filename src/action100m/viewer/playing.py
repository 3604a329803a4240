"""Video files for the pages of a server: what browsers play is served as it is, everything else is rendered once, in the background."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread
from typing import Final

from action100m.errors import Action100MError
from action100m.viewer.media import find_form
from action100m.viewer.render import render_h264
from action100m.viewer.videos import VideoFolders

_TYPES: Final = {".mp4": "video/mp4", ".webm": "video/webm"}


@dataclass(frozen=True, slots=True)
class Playable:
    """A file that browsers play."""

    path: str
    media_type: str
    offset: float
    """As that of `media.PlayableVideo`."""


@dataclass(frozen=True, slots=True)
class Rendering:
    """It is being made: ask again."""


@dataclass(frozen=True, slots=True)
class Unplayable:
    """There is none."""

    reason: str


class Projector:
    """Finds or makes what a page plays. May be used by several threads. Rendered files live as long as it does."""

    def __init__(self, videos: VideoFolders, *, render: Callable[[str, Path], None] = render_h264) -> None:
        self._videos = videos
        self._render = render
        self._known: dict[str, Playable | Rendering | Unplayable] = {}
        self._lock, self._one_at_a_time = Lock(), Lock()
        self._folder = tempfile.TemporaryDirectory(prefix="action100m-", ignore_cleanup_errors=True)

    def close(self) -> None:
        """Remove what was rendered."""
        self._folder.cleanup()

    def find(self, uid: str, *, damaged: bool = False) -> Playable | Rendering | Unplayable:
        """Return what plays a video now. damaged: whether parts of it are known not to decode, at which browsers would stop."""
        location = self._videos.locate(uid)
        if location is None:
            return Unplayable("The video file is not at hand.")
        try:
            stat = Path(location).stat()
        except OSError as error:
            return Unplayable(f"The video file could not be opened. {location}: {error.strerror}")
        key = f"{location}\0{stat.st_size}\0{stat.st_mtime_ns}\0{damaged}"
        with self._lock:
            if key not in self._known:
                self._known[key] = self._open(location, key, damaged)
            return self._known[key]

    def _open(self, location: str, key: str, damaged: bool) -> Playable | Rendering | Unplayable:
        try:
            form = find_form(location, damaged=damaged)
        except Action100MError as error:
            return Unplayable(f"The video file could not be opened. {error}")
        if form.suffix is not None:
            return Playable(location, _TYPES[form.suffix], form.offset)
        Thread(target=self._make, args=(location, key), daemon=True).start()
        return Rendering()

    def _make(self, location: str, key: str) -> None:
        target = Path(self._folder.name) / f"{hashlib.sha256(key.encode('utf-8', 'surrogateescape')).hexdigest()[:32]}.mp4"
        made: Playable | Unplayable
        try:
            with self._one_at_a_time:
                self._render(location, target)
            made = Playable(str(target), _TYPES[".mp4"], 0.0)
        except (Action100MError, OSError) as error:
            made = Unplayable(f"The video file could not be made playable. {error}")
        with self._lock:
            self._known[key] = made
