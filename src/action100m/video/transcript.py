"""What is said in a video, from a subtitle file: plain lines with their times.

Automatic captions roll: each cue repeats the line above the new one, and the new one comes twice, with and without the times of its words.
Here every line is kept once, at the time it first shows.
"""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Final

import pysubs2

from action100m.errors import SidecarError
from action100m.video.video import Cue

_TAG: Final = re.compile(r"</?[a-zA-Z][^<>]*>|<\d[\d:.]*>|\{\\[^{}]*\}")
"""<c>, <i>, <v Name>, the times of words, {\\an8}. Not "<3" or "{x}"."""
_BLANK: Final = re.compile(r"[ \t\u00a0\u200b]+")
_ROLLING_GAP: Final = 100
"""Milliseconds. A repeated line this soon after the last cue is the same line still showing."""


def read_transcript(path: str | Path) -> tuple[Cue, ...]:
    """Read a WebVTT or SubRip file, by its ending, in UTF-8, UTF-16 or Latin-1.

    Raises:
        SidecarError: it cannot be read, or is not empty and yet holds no cue.
    """
    path = Path(path)
    text = "\n".join(read_text(path).splitlines())
    kind = path.suffix.lower()[1:]
    try:
        events = pysubs2.SSAFile.from_string(_cue_blocks(text) if kind == "vtt" else text, format_=kind).events
    except (pysubs2.Pysubs2Error, ValueError, IndexError) as error:
        raise SidecarError(f"{path}: not a subtitle file ({error}); repair or remove it") from error
    if not events and text.strip().removeprefix("WEBVTT").strip():
        raise SidecarError(f"{path}: not a subtitle file, it holds no cue; repair or remove it")
    return _unroll(sorted((event.start, event.end, _clean(event.text)) for event in events))


def read_text(path: Path) -> str:
    """Read a text file in UTF-8, or in UTF-16 after a byte order mark, without that mark. What is neither is taken for Latin-1.

    Raises:
        SidecarError: it cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SidecarError(f"{path}: {error.strerror}; check its permissions or remove it") from error
    for encoding in ("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "latin-1"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise AssertionError("latin-1 decodes any bytes")


def _cue_blocks(text: str) -> str:
    """Return the cues of a WebVTT file alone. pysubs2 takes names, notes and styles for what is said, and the times of two words for a cue's."""
    blocks = (block.partition("-->") for block in re.split("\n\n+", text))
    return "\n\n".join(before.rpartition("\n")[2] + arrow + _TAG.sub("", after) for before, arrow, after in blocks if arrow)


def _clean(text: str) -> tuple[str, ...]:
    """Return the lines that show, without tags and entities."""
    lines = (_BLANK.sub(" ", html.unescape(_TAG.sub("", line))).strip() for line in text.split(r"\N"))
    return tuple(line for line in lines if line)


def _unroll(events: list[tuple[int, int, tuple[str, ...]]]) -> tuple[Cue, ...]:
    """Drop the lines that the cue before already showed. Times are in milliseconds; an end before the start is a slip, so unknown."""
    cues: list[tuple[int, int, str]] = []
    shown: tuple[str, ...] = ()
    last_end = -_ROLLING_GAP
    for start, end, lines in events:
        if not lines:
            continue
        repeated = _overlap(shown, lines) if start - last_end < _ROLLING_GAP else 0
        if lines[repeated:]:
            cues.append((start, end, "\n".join(lines[repeated:])))
        elif cues:
            cues[-1] = (cues[-1][0], max(end, cues[-1][1]), cues[-1][2])
        shown, last_end = lines, max(end, last_end)
    return tuple(Cue(time=str(start / 1000), text=text, end=end / 1000 if end >= start else None) for start, end, text in cues)


def _overlap(before: tuple[str, ...], after: tuple[str, ...]) -> int:
    """Return how many lines at the start of `after` are the last lines of `before`."""
    return next((count for count in range(min(len(before), len(after)), 0, -1) if before[-count:] == after[:count]), 0)
