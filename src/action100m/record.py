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
class Remark:
    """What its model said of a caption that is there, but is not all that it had to say."""

    node: str
    field: str
    """"frame_caption", "clip_caption" or "clip_action"."""
    text: str
    """Such as "cut off at 1024 tokens"."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The frames that a caption rests on."""

    node: str
    field: str
    """"frame_caption", "clip_caption" or "clip_action"."""
    seconds: tuple[float, ...]
    """Their presentation times."""


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
    """Of clips."""
    frame_captioner: str
    chat_model: str
    rounds: int
    """Of the chat model, the draft included."""
    valid_at_first: tuple[int, int]
    """Its replies that fitted the schema at the first try of their round, and how many rounds there were over all nodes."""
    prompts: tuple[tuple[str, str], ...] = ()
    """(name, sha256 of its text), sorted."""
    lost: tuple[str, ...] = ()
    """What could not be decoded, in words; empty for a sound file."""
    gaps: tuple[Gap, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    """For each caption that was written from frames."""
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """A video's metadata and its annotated tree."""

    uid: str
    metadata: VideoMetadata
    tree: Tree
    provenance: Provenance | None = None
    """None for the authors' released records, which do not tell."""
