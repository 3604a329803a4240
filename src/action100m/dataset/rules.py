"""What must hold for one row, rule by rule.

The rules are few and named; `RULES` says how bad each is and what it means. All hold for the records that the authors published.
"""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final, Literal

from action100m.annotation import Annotation
from action100m.dataset.convert import Row
from action100m.record import Provenance
from action100m.tree import Fault, Node, find_tree_faults

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Rule:
    """error: readers will fail or be misled. warning: unlike the released data, but usable."""

    severity: Severity
    meaning: str


RULES: Final = {
    "file": Rule("error", "the file opens, is whole, and has every published column"),
    "schema": Rule("warning", "every column has the published type"),
    "required": Rule("error", "uid, nodes, and the id, level, start and end of each node are not null"),
    "unique-uid": Rule("error", "no uid is empty or comes twice, over all files"),
    "one-root": Rule("error", "exactly one node has no parent"),
    "unique-ids": Rule("error", "no two nodes of a video share an id"),
    "parent-exists": Rule("error", "the parent of a node is a node of the same video"),
    "level": Rule("error", "the root has level 0, any other node the level of its parent + 1"),
    "interval": Rule("error", "0 <= start < end"),
    "binary": Rule("error", "a node has two children or none"),
    "cover": Rule("error", "children touch and cover their parent exactly"),
    "order": Rule("error", "nodes are sorted by (level, start)"),
    "finite": Rule("error", "the root ends at a finite time, and with it all nodes"),
    "caption-placement": Rule("error", "only leaves have a frame caption"),
    "gap": Rule("error", "each gap in the provenance names a node of the video and a field that it does lack"),
    "provenance": Rule("error", "digests are SHA-256, and the root ends where the provenance says that the video ends"),
    "evidence": Rule("error", "the frames that a caption rests on lie in its node"),
    "node-id": Rule("warning", "a node's id is a UUID"),
    "root-start": Rule("warning", "the root starts at 0"),
    "annotation-placement": Rule("warning", "without provenance, a node is annotated exactly if it is an inner one of at least 4 s"),
    "unexplained": Rule("warning", "with provenance, each caption or annotation that a node lacks has a gap with its reason"),
    "annotation-fields": Rule("warning", "an annotation has all five fields"),
    "text": Rule("warning", "captions and annotations are not blank and hold no control characters"),
    "transcript": Rule("warning", "cues have text and a time in seconds, and come in the order of their times"),
    "metadata": Rule("warning", "counts and the duration are not negative, and the upload date is YYYYMMDD"),
}
"""Name -> severity and what holds, in the order in which they are checked."""

_ANNOTATED_FROM: Final = 4.0
"""Seconds; paper section 3.3, and without exception so in the released records."""
_TIME_TOLERANCE: Final = 0.01
"""Seconds; released times are rounded to two decimals and then to float32, which shifts a duration by less."""
_CONTROL_CHARACTERS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


def find_row_faults(row: Row) -> Iterator[Fault]:
    """Yield each breach of a rule in one row. A row that lacks required values is not looked into further."""
    if row.nulls:
        yield from (Fault("required", None, f"{name} is null") for name in row.nulls)
        return
    yield from find_tree_faults(row.nodes)
    parents = {node.parent for node in row.nodes}
    for node in row.nodes:
        yield from _node_faults(node)
        yield from _placement_faults(node, is_leaf=node.id not in parents)
        if row.provenance is None:
            yield from _published_placement_faults(node, is_leaf=node.id not in parents)
    if row.provenance is not None:
        yield from _gap_faults(row.nodes, row.provenance)
        yield from _provenance_faults(row.nodes, row.provenance)
        yield from _evidence_faults(row.nodes, row.provenance)
    yield from _transcript_faults(row)
    yield from _metadata_faults(row)


def _node_faults(node: Node) -> Iterator[Fault]:
    if not _is_uuid(node.id):
        yield Fault("node-id", node.id, "the id is not a UUID")
    if node.parent is None and node.start > 0:
        yield Fault("root-start", node.id, f"the root starts at {node.start} s: times count from the first presented frame")
    if node.parent is None and math.isinf(node.end):
        yield Fault("finite", node.id, "the root ends at infinity")
    for name, text in _texts(node):
        if text is not None and (not text.strip() or _CONTROL_CHARACTERS.search(text)):
            yield Fault("text", node.id, f"{name} is blank or holds control characters: {text[:40]!r}")


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def _texts(node: Node) -> Iterator[tuple[str, str | None]]:
    yield from (("frame_caption", node.frame_caption), ("clip_caption", node.clip_caption), ("clip_action", node.clip_action))
    if node.annotation is not None:
        yield from _annotation_texts(node.annotation)


def _annotation_texts(annotation: Annotation) -> Iterator[tuple[str, str | None]]:
    summary, action = annotation.summary, annotation.action
    yield from (("annotation.summary.brief", summary.brief), ("annotation.summary.detailed", summary.detailed))
    yield from (("annotation.action.brief", action.brief), ("annotation.action.detailed", action.detailed), ("annotation.action.actor", action.actor))


def _placement_faults(node: Node, *, is_leaf: bool) -> Iterator[Fault]:
    if node.frame_caption is not None and not is_leaf:
        yield Fault("caption-placement", node.id, "an inner node has a frame caption")
    if node.annotation is not None:
        missing = [name for name, text in _annotation_texts(node.annotation) if text is None]
        if missing:
            yield Fault("annotation-fields", node.id, f"{', '.join(missing)} missing")


def _published_placement_faults(node: Node, *, is_leaf: bool) -> Iterator[Fault]:
    """Follow the rule of the released data. With provenance other rules are possible, and it tells why an annotation is missing."""
    if node.annotation is not None:
        if is_leaf or node.duration < _ANNOTATED_FROM - _TIME_TOLERANCE:
            yield Fault("annotation-placement", node.id, f"a {'leaf' if is_leaf else 'node'} of {node.duration:.2f} s is annotated")
    elif not is_leaf and node.duration > _ANNOTATED_FROM + _TIME_TOLERANCE:
        yield Fault("annotation-placement", node.id, f"an inner node of {node.duration:.2f} s is not annotated")


def _gap_faults(nodes: tuple[Node, ...], provenance: Provenance) -> Iterator[Fault]:
    lacking = set(_lacking(nodes))
    known, named = {node.id for node in nodes}, {(gap.node, gap.field) for gap in provenance.gaps}
    for node, field in sorted(named - lacking):
        found = "the node has it" if node in known else "there is no such node"
        yield Fault("gap", node, f"the provenance explains why {field} is missing, but {found}")
    for node, field in sorted(lacking - named):
        yield Fault("unexplained", node, f"{field} is missing, and the provenance does not say why")


def _lacking(nodes: tuple[Node, ...]) -> Iterator[tuple[str, str]]:
    parents = {node.parent for node in nodes}
    for node in nodes:
        fields = ("clip_caption", "clip_action", "annotation", *(() if node.id in parents else ("frame_caption",)))
        yield from ((node.id, field) for field in fields if getattr(node, field) is None)


def _provenance_faults(nodes: tuple[Node, ...], provenance: Provenance) -> Iterator[Fault]:
    digests = {"the video": provenance.sha256} | {f"prompt {name}": digest for name, digest in provenance.prompts}
    for name, digest in digests.items():
        if not _SHA256.fullmatch(digest):
            yield Fault("provenance", None, f"the digest of {name} is no SHA-256: {digest!r}")
    end = max((node.end for node in nodes), default=0.0)
    if not math.isclose(end, provenance.duration, abs_tol=_TIME_TOLERANCE):
        yield Fault("provenance", None, f"the nodes end at {end} s, the video at {provenance.duration} s")


def _evidence_faults(nodes: tuple[Node, ...], provenance: Provenance) -> Iterator[Fault]:
    by_id = {node.id: node for node in nodes}
    for seen in provenance.evidence:
        node = by_id.get(seen.node)
        if node is None:
            yield Fault("evidence", seen.node, f"the provenance tells the frames of {seen.field}, but there is no such node")
        elif outside := [time for time in seen.seconds if not node.start - _TIME_TOLERANCE <= time <= node.end + _TIME_TOLERANCE]:
            yield Fault("evidence", node.id, f"{seen.field} rests on a frame at {outside[0]} s, outside [{node.start}, {node.end}) s")


def _transcript_faults(row: Row) -> Iterator[Fault]:
    cues = row.metadata.transcript or ()
    for index, cue in enumerate(cues):
        if cue.start is None or not 0 <= cue.start < math.inf:
            yield Fault("transcript", None, f"cue {index} has no time in seconds: {cue.time!r}")
        if not cue.text.strip():
            yield Fault("transcript", None, f"cue {index} has no text")
    starts = [cue.start for cue in cues if cue.start is not None]
    if any(before > after for before, after in pairwise(starts)):
        yield Fault("transcript", None, "the cues are not in the order of their times")


def _metadata_faults(row: Row) -> Iterator[Fault]:
    metadata = row.metadata
    for name in ("view_count", "like_count", "duration"):
        value = getattr(metadata, name)
        if value is not None and value < 0:
            yield Fault("metadata", None, f"{name} is {value}")
    if metadata.upload_date is not None and not _is_date(metadata.upload_date):
        yield Fault("metadata", None, f"upload_date is not YYYYMMDD: {metadata.upload_date!r}")


def _is_date(text: str) -> bool:
    try:
        return datetime.strptime(text, "%Y%m%d").strftime("%Y%m%d") == text  # strptime alone takes fewer digits
    except ValueError:
        return False
