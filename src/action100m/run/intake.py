"""From what a user names to videos with uids: find the files, fingerprint them, read what lies beside them.

A file that cannot be taken in is a failure in the store, with stage "discover"; the others go on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from action100m.errors import ConfigError
from action100m.run.engine import make_failure
from action100m.run.store import Failure, FileState, RunStore
from action100m.video.discover import Candidate, Claim, assign_uids, find_videos, fingerprint
from action100m.video.sidecars import read_metadata
from action100m.video.video import Video


@dataclass(frozen=True, slots=True)
class Intake:
    """What the inputs came to: every file found is in exactly one of the three."""

    videos: tuple[Video, ...]
    failures: tuple[Failure, ...]
    duplicates: tuple[tuple[str, str], ...]
    """(path, path of the file with the same content that stands for both)."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """A file that can be read, with what is said of it. Its video has no uid of its own yet."""

    claim: Claim
    video: Video


def take_in(inputs: Sequence[str], store: RunStore, *, limit: int | None = None) -> Intake:
    """Return the videos that `inputs` name (files, folders, manifests), and note them in the store. limit: only the first files found.

    No inputs means all files that the run has met.

    Raises:
        ConfigError: nothing is named, or no video is found.
        SidecarError: a manifest cannot be read.
    """
    found = _recall(find_videos(inputs), store)[:limit] if inputs else store.read_candidates()[:limit]
    if not found:
        raise ConfigError(f"no video in {', '.join(inputs) or 'the run'}; name files, or folders that hold some")
    taken: list[_Taken] = []
    failures: list[Failure] = []
    files = store.read_files()
    for candidate in found:
        try:
            files[candidate.path] = _look_at(candidate.path, files.get(candidate.path))
            taken.append(_take(candidate, files[candidate.path].sha256))
        except Exception as error:  # noqa: BLE001 - one bad file, or a bad file beside it, must not end the run
            failures.append(make_failure(error, location=candidate.path, uid=None, stage="discover", key=""))
            store.save_failure(failures[-1])
        else:
            store.clear_failure(None, candidate.path)
    store.write_files(files)
    videos, duplicates = _name(taken, known=_known_uids(store, files))
    store.add_videos(videos)
    return Intake(tuple(videos), tuple(failures), tuple(duplicates))


def _recall(found: Sequence[Candidate], store: RunStore) -> list[Candidate]:
    """What a manifest once said of a file stays true when the file is named again without it."""
    named = {candidate.path: candidate for candidate in store.read_candidates()}
    for candidate in found:
        before = named.get(candidate.path, candidate)
        named[candidate.path] = Candidate(
            candidate.path,
            uid=candidate.uid or before.uid,
            title=candidate.title or before.title,
            description=candidate.description or before.description,
        )
    store.write_candidates(named.values())
    return [named[candidate.path] for candidate in found]


def _look_at(path: str, before: FileState | None) -> FileState:
    """A file of the same size and time of change is not read again: a rerun over thousands of videos starts at once."""
    try:
        stat = Path(path).stat()
    except OSError:
        return FileState(0, 0, fingerprint(path))  # which tells what is wrong with it
    if before is not None and (before.size, before.changed) == (stat.st_size, stat.st_mtime_ns):
        return before
    return FileState(stat.st_size, stat.st_mtime_ns, fingerprint(path))


def _take(candidate: Candidate, digest: str) -> _Taken:
    uid, metadata = read_metadata(candidate.path)
    named = {name: value for name in ("title", "description") if (value := getattr(candidate, name)) is not None}
    claim = Claim(candidate.path, candidate.uid or uid, digest)
    return _Taken(claim, Video(uid="", location=candidate.path, sha256=digest, metadata=replace(metadata, **named)))


def _known_uids(store: RunStore, files: Mapping[str, FileState]) -> dict[str, str]:
    """The uid of each content met before. A file whose content has changed since gives its uid away, to the new content."""
    videos = store.read_videos()
    return {video.sha256: video.uid for video in videos if video.location not in files or files[video.location].sha256 == video.sha256}


def _name(taken: Sequence[_Taken], *, known: dict[str, str]) -> tuple[list[Video], list[tuple[str, str]]]:
    uids = assign_uids([entry.claim for entry in taken], known=known)
    videos: dict[str, Video] = {}
    duplicates = []
    for entry, uid in zip(taken, uids, strict=True):
        if uid in videos:
            duplicates.append((entry.video.location, videos[uid].location))
        else:
            videos[uid] = replace(entry.video, uid=uid)
    return list(videos.values()), duplicates
