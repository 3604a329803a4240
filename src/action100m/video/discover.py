"""From what a user names to video files, and from files to uids.

Content decides what a video is: the same bytes under two names are one video, and different bytes never share a uid.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from action100m.errors import SidecarError, UnreadableVideoError
from action100m.text import mend
from action100m.video.source import check_file
from action100m.video.transcript import read_text

VIDEO_ENDINGS: Final = frozenset(
    {".3gp", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".ogv", ".ts", ".vob", ".webm", ".wmv"}
)
"""Files that are taken from a folder. A file given by name is taken whatever its ending."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One file to take, and what a manifest says of it."""

    path: str
    uid: str | None = None
    title: str | None = None
    description: str | None = None


def find_videos(inputs: Sequence[str]) -> list[Candidate]:
    """Return every file once, in the order of the inputs, those of a folder sorted by path.

    Nothing named is dropped: a path that leads nowhere, and a folder that cannot be listed or holds no video, are returned as they are,
    and fail when they are read.

    Args:
        inputs: Files; folders, searched with the folders in them for `VIDEO_ENDINGS`, hidden ones left out; and manifests, ending in
            .jsonl or .csv, with a column `path` (relative to the manifest) and, where wanted, `uid`, `title` and `description`. Other
            columns are not read. What a manifest says counts also for a file that is named or found elsewhere too.

    Raises:
        SidecarError: a manifest cannot be read; the message names the line and the column.
    """
    found: dict[str, Candidate] = {}
    for named in inputs:
        for candidate in _expand(named):
            key = os.path.realpath(candidate.path)
            found[key] = _merge(found[key], candidate) if key in found else candidate
    return list(found.values())


def fingerprint(path: str) -> str:
    """Return the SHA-256 of a file's bytes in hex digits, read in pieces.

    Raises:
        VideoError: the file is missing, empty, or cannot be read.
    """
    check_file(path)
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UnreadableVideoError(f"{path}: {error.strerror}; check the permissions and the disk") from error


class Claim(NamedTuple):
    """A file that wants a uid."""

    path: str
    uid: str | None
    """From a manifest or a side-car; None for the file's stem."""
    sha256: str


def assign_uids(claims: Sequence[Claim], *, known: Mapping[str, str]) -> list[str]:
    """Return a uid for each claim. The order of the claims plays no part.

    Known content keeps its uid. New content gets the uid it was given (the first by name, if several), else the stem of its file. Where
    two contents want the same uid, each new one gets `-` and the first 8 digits of its digest.

    Args:
        claims: Files; those with the same digest get the same uid.
        known: uid of each digest from earlier calls.
    """
    wanted = {digest: uid for digest, uid in _wanted_uids(claims).items() if digest not in known}
    rivals = defaultdict(list)
    for digest, uid in [*known.items(), *wanted.items()]:
        rivals[uid].append(digest)
    uids = {**known, **{digest: uid for digest, uid in wanted.items() if len(rivals[uid]) == 1}}
    for length in (8, 64):
        told_apart = {digest: f"{uid}-{digest[:length]}" for digest, uid in wanted.items() if digest not in uids}
        free = set(told_apart.values()) - set(uids.values())
        uids |= {digest: uid for digest, uid in told_apart.items() if uid in free and [*told_apart.values()].count(uid) == 1}
    return [uids[claim.sha256] for claim in claims]


def _wanted_uids(claims: Iterable[Claim]) -> dict[str, str]:
    """Return what each content wants to be called."""
    names: dict[str, list[tuple[bool, str]]] = defaultdict(list)
    for path, uid, digest in claims:
        names[digest].append((not uid, uid or mend(Path(path).stem)))
    return {digest: min(wanted)[1] for digest, wanted in names.items()}


def _expand(named: str) -> Iterator[Candidate]:
    if Path(named).suffix.lower() in (".jsonl", ".csv"):
        yield from _read_manifest(Path(named))
    elif Path(named).is_dir():
        yield from (Candidate(path) for path in list(_search(Path(named), set())) or [named])
    else:
        yield Candidate(named)


def _search(folder: Path, seen: set[str]) -> Iterator[str]:
    """Yield the videos in and below a folder, sorted, and the folders that cannot be listed. Links are followed, once to each folder."""
    real = os.path.realpath(folder)
    if real in seen:
        return
    seen.add(real)
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        yield str(folder)
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _search(entry, seen)
        elif entry.suffix.lower() in VIDEO_ENDINGS:
            yield str(entry)


def _merge(first: Candidate, second: Candidate) -> Candidate:
    return Candidate(first.path, first.uid or second.uid, first.title or second.title, first.description or second.description)


def _read_manifest(path: Path) -> Iterator[Candidate]:
    text = read_text(path)
    for line, row in _json_lines(path, text) if path.suffix.lower() == ".jsonl" else _csv_lines(path, text):
        place = f"{path}, line {line}"
        texts = [_field(row, name, place) for name in ("uid", "title", "description")]
        yield Candidate(_beside(path, _field(row, "path", place), place), *(text and mend(text) for text in texts))


def _beside(manifest: Path, named: str | None, place: str) -> str:
    """Return the path of a file that a manifest names. It is not mended: names of files need not be UTF-8."""
    if named is None:
        raise SidecarError(f"{place}: path is missing; every line needs one")
    path = str(manifest.parent / named)
    try:
        if b"\0" in os.fsencode(path):
            raise ValueError("it holds a NUL character")
    except ValueError as error:
        raise SidecarError(f"{place}: {named!r:.100} cannot be a path ({error}); correct it") from error
    return path


def _json_lines(path: Path, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise SidecarError(f"{path}, line {number}: not JSON ({error}); correct it") from error
        if not isinstance(row, dict):
            raise SidecarError(f"{path}, line {number}: expected a JSON object, got {type(row).__name__}; correct it")
        yield number, row


def _csv_lines(path: Path, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    rows = csv.DictReader(io.StringIO(text, newline=""))
    try:
        if "path" not in (rows.fieldnames or ()):
            raise SidecarError(f"{path}: no column `path` among {rows.fieldnames or 'none'}; its first line must name the columns")
        for row in rows:
            yield rows.line_num, row
    except csv.Error as error:
        raise SidecarError(f"{path}, line {rows.reader.line_num}: not CSV ({error}); correct it") from error


def _field(row: Mapping[str, Any], name: str, place: str) -> str | None:
    """Return a value as text, None where it is blank. Ids may be numbers."""
    value = row.get(name)
    if value is None or (isinstance(value, str | int) and not isinstance(value, bool)):
        return None if value is None else str(value).strip() or None
    raise SidecarError(f"{place}: expected {name} to be text, got {value!r:.100}; correct it")
