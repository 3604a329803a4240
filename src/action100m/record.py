"""One row of the data set, where makers and users meet; and one text of it, which is what a trainer reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from action100m.tree import Node, Tree
from action100m.video.video import VideoMetadata

TextField = Literal["brief_action", "detailed_action", "actor", "brief_caption", "detailed_caption", "clip_action", "clip_caption", "frame_caption"]
"""What can be read of a node: five texts of the annotation by the paper's names (section 3.3), and the three captions it was written from."""


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


@dataclass(frozen=True, slots=True)
class Sample:
    """One training pair: a stretch of a video, and a text about it."""

    uid: str
    node: str
    """Id of the node that the text is of."""
    start: float
    end: float
    """Seconds; the stretch is [start, end)."""
    field: TextField
    text: str


def read_text(node: Node, field: TextField) -> str | None:
    """Return one text of a node, or None where it has none."""
    annotation = node.annotation
    match field:
        case "frame_caption" | "clip_caption" | "clip_action":
            text: str | None = getattr(node, field)
            return text
        case _ if annotation is None:
            return None
        case "brief_action":
            return annotation.action.brief
        case "detailed_action":
            return annotation.action.detailed
        case "actor":
            return annotation.action.actor
        case "brief_caption":
            return annotation.summary.brief
        case "detailed_caption":
            return annotation.summary.detailed
