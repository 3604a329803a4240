"""One row of the data set: where makers and users meet."""

from __future__ import annotations

from dataclasses import dataclass

from action100m.tree import Tree
from action100m.video.video import VideoMetadata


@dataclass(frozen=True, slots=True)
class Gap:
    """A caption or annotation that a node lacks, and why."""

    node: str
    field: str
    """"frame_caption", "clip_caption", "clip_action" or "annotation"."""
    reason: str
    """Such as "leaf", "shorter than 4 s", or the error that ended it."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """How a record was made. Models are named with their revision, prompts by SHA-256."""

    package_version: str
    sha256: str
    """Of the video file."""
    duration: float
    """Exact seconds from the first presented frame to the end of the last one."""
    encoder: str
    captioner: str
    chat_model: str
    prompts: tuple[tuple[str, str], ...] = ()
    """(name, sha256 of its text), sorted."""
    lost: tuple[str, ...] = ()
    """What could not be decoded, in words; empty for a sound file."""
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """A video's metadata and its annotated tree."""

    uid: str
    metadata: VideoMetadata
    tree: Tree
    provenance: Provenance | None = None
    """None for the authors' released records, which do not tell."""
