"""Where a video is shown that is not at hand."""

from __future__ import annotations

import re
from typing import Final

_YOUTUBE_ID: Final = re.compile(r"[\w-]{11}", re.ASCII)


def find_page(uid: str, start: float = 0.0) -> str | None:
    """Return the page that plays a video from a second on, or None where the uid does not look like a YouTube id. Pages take whole seconds."""
    if not _YOUTUBE_ID.fullmatch(uid):
        return None
    return f"https://www.youtube.com/watch?v={uid}" + (f"&t={int(start)}s" if start >= 1 else "")
