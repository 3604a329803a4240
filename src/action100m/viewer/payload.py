"""What a page needs to know of a record, as JSON values.

The page's script reads these names: change both together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, replace
from itertools import pairwise
from typing import Any

from action100m.record import Provenance, Record
from action100m.tree import tree_to_json
from action100m.video.video import Cue, VideoMetadata


def record_payload(record: Record, player: Mapping[str, Any]) -> dict[str, Any]:
    """Return the whole record; `player` says where its video file is, or why there is none."""
    return {
        "uid": record.uid,
        "title": record_title(record.uid, record.metadata),
        "metadata": asdict(replace(record.metadata, transcript=None)),
        "provenance": record.provenance and asdict(replace(record.provenance, gaps=())),
        "nodes": [{**node, "gaps": gaps} for node, gaps in _with_gaps(record)],
        "transcript": _lines(record.metadata.transcript or (), record.tree.root.end),
        "player": dict(player),
    }


def record_title(uid: str, metadata: VideoMetadata) -> str:
    """Return the video's title, or its uid where it has none."""
    return (metadata.title or "").strip() or uid


def _with_gaps(record: Record) -> list[tuple[dict[str, Any], dict[str, str]]]:
    reasons = _reasons(record.provenance)
    return [(node, reasons[node["id"]]) for node in tree_to_json(record.tree)]


def _reasons(provenance: Provenance | None) -> defaultdict[str, dict[str, str]]:
    """Return why fields are missing: node id -> field -> reason."""
    reasons: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for gap in provenance.gaps if provenance else ():
        reasons[gap.node][gap.field] = gap.reason
    return reasons


def _lines(cues: tuple[Cue, ...], end: float) -> list[dict[str, Any]]:
    """A line whose end is unknown lasts until the next one starts; one whose start is no number has no time at all."""
    starts = [end if cue.start is None else cue.start for cue in cues]
    following = [after for _, after in pairwise([*starts, end])]
    return [{"start": cue.start, "end": after if cue.end is None else cue.end, "text": cue.text} for cue, after in zip(cues, following, strict=True)]
