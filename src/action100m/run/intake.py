"""From what a user names to videos with uids: find the files, fingerprint them, read what lies beside them.

A file that cannot be taken in is a failure in the store, with stage "discover"; the others go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from action100m.errors import Action100MError
from action100m.run.engine import make_failure
from action100m.run.store import Failure, RunStore
from action100m.video.discover import Candidate, find_videos
from action100m.video.video import Video


@dataclass(frozen=True, slots=True)
class Intake:
    """What the inputs came to: every file found is in exactly one of the three."""

    videos: tuple[Video, ...]
    failures: tuple[Failure, ...]
    duplicates: tuple[tuple[str, str], ...]
    """(path, path of the file with the same content that stands for both)."""


def take_in(inputs: Sequence[str], store: RunStore, *, limit: int | None = None) -> Intake:
    """Return the videos that `inputs` name (files, folders, manifests), and note them in the store. limit: only the first files found.

    Raises:
        SidecarError: a manifest cannot be read.
    """
    found = find_videos(inputs)[:limit]
    taken: list[tuple[Candidate, Video]] = []
    failures: list[Failure] = []
    digests = _Fingerprints(store)
    for entry in found:
        try:
            taken.append(_take(entry, digests))
        except (Action100MError, OSError) as error:
            failures.append(make_failure(error, location=entry.path, uid=None, stage="discover", key=""))
        else:
            store.clear_failure(None, entry.path)
    digests.save()
    videos, duplicates = _name(taken, store)
    for failure in failures:
        store.save_failure(failure)
    store.add_videos(videos)
    return Intake(tuple(videos), tuple(failures), tuple(duplicates))
