"""What a page shows of a record beside the record: quality flags with what was found, and the replies of all refine rounds.

The page's script reads these names: change both together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from action100m.dataset.audit.finding import MEANINGS
from action100m.dataset.audit.measures import measure_all
from action100m.dataset.audit.reading import Reading
from action100m.dataset.rounds import Round
from action100m.record import Record
from action100m.tree import tree_from_json, tree_to_json

_LONGEST: Final = 50_000
"""Characters of a text that are measured here. Those of a text of megabytes would keep the server from answering others meanwhile."""


def flags_payload(record: Record) -> dict[str, list[dict[str, str]]]:
    """Return the findings of `audit` about a record, by node."""
    found: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
    for finding in measure_all(Reading(_shorten(record))).findings:
        about = {"flag": finding.flag, "field": finding.field, "message": finding.message, "meaning": MEANINGS[finding.flag]}
        if about not in found[finding.node]:
            found[finding.node].append(about)
    return dict(found)


def rounds_payload(replies: Iterable[Round]) -> dict[str, list[dict[str, Any]]]:
    """Return every reply, by node and in order: what it says, or why it could not be used and how it read."""
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for reply in replies:
        annotation = reply.annotation
        said = {"annotation": None, "raw": reply.text} if annotation is None else {"annotation": annotation.to_dict(), "raw": None}
        found[reply.node].append({"round": reply.round, "attempt": reply.attempt, "problem": reply.problem, **said})
    return dict(found)


def _shorten(record: Record) -> Record:
    metadata = record.metadata
    cues = metadata.transcript and tuple(replace(cue, text=cue.text[:_LONGEST]) for cue in metadata.transcript)
    title, description = (text and text[:_LONGEST] for text in (metadata.title, metadata.description))
    about = replace(metadata, transcript=cues, title=title, description=description)
    return replace(record, metadata=about, tree=tree_from_json(map(_cut, tree_to_json(record.tree))))


def _cut(value: Any) -> Any:
    """Cut every text in JSON values."""
    if isinstance(value, dict):
        return {key: _cut(item) for key, item in value.items()}
    return value[:_LONGEST] if isinstance(value, str) else value
