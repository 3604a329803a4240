"""How the records of a data set were made, summed up from their provenance."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from action100m.record import Record

ROLES: Final = {
    "encoder": "encoder of frames",
    "captioner": "captions of clips",
    "frame_captioner": "captions of frames",
    "chat_model": "annotations",
    "package_version": "action100m",
}
"""Field of `Provenance` -> what the card calls it."""


@dataclass
class Makers:
    """Who made how many records."""

    records: int = 0
    untold: int = 0
    """Records without provenance."""
    made_by: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(role, model or version) -> records."""
    prompts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(name, SHA-256) -> records."""
    rounds: Counter[int] = field(default_factory=Counter)
    replies: int = 0
    """Rounds over all nodes."""
    fitting: int = 0
    """Of these, the ones whose first reply fitted the schema."""
    gaps: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(field, reason) -> nodes."""
    remarks: int = 0
    """Captions that are not all that their model had to say."""
    damaged: int = 0
    """Records of videos that did not decode in full."""

    def add(self, record: Record) -> None:
        """Count one record."""
        self.records += 1
        told = record.provenance
        if told is None:
            self.untold += 1
            return
        self.made_by.update((role, getattr(told, role)) for role in ROLES)
        self.prompts.update(told.prompts)
        self.rounds[told.rounds] += 1
        self.fitting, self.replies = self.fitting + told.valid_at_first[0], self.replies + told.valid_at_first[1]
        self.gaps.update((gap.field, _kind(gap.reason)) for gap in told.gaps)
        self.remarks += len(told.remarks)
        self.damaged += bool(told.lost)


def _kind(reason: str) -> str:
    """Return the kind of a reason without what is special about one node: errors tell replies and lengths."""
    return reason.split(":")[0][:60]
