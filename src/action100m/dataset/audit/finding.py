"""What a measure says: which flag, at which node and text, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from action100m.record import TextField

Flag = Literal[
    "missing",
    "sentinel",
    "short",
    "looping",
    "truncated",
    "duplicate",
    "misplaced",
    "foreign",
    "uncovered",
    "unsupported",
    "conflict",
    "actor",
]
"""What may be wrong with a node. The meanings stand in `MEANINGS`, the formulas in docs/audit.md."""

MEANINGS: Final[Mapping[Flag, str]] = {
    "missing": "a text is blank, or a caption is missing that other nodes have",
    "sentinel": 'a text stands for "nothing": N/A, "NA - no actions shown", unknown',
    "short": "a text has hardly a word",
    "looping": "a text goes round in a loop",
    "truncated": "a text breaks off",
    "duplicate": "a text is the same as that of its parent, its sibling or another node of the video",
    "misplaced": "a text fits other places of the video better than its own: captions were swapped, say",
    "foreign": "a text speaks of what nothing else in the video speaks of: it may be another video's",
    "uncovered": "the text of a parent leaves out what its children say",
    "unsupported": "the text speaks of what no evidence holds: no caption of the segment, nothing said during it, not the title",
    "conflict": "two texts about the same contradict each other in a colour, a number, a state, or a negation",
    "actor": "who acts is not who is seen",
}
"""Flag -> what it says."""

ScoreName = Literal["coverage", "placement", "support"]
"""How well a parent covers its children, a text fits its place, evidence supports an annotation. Higher is better."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One doubt about one text of one node."""

    node: str
    flag: Flag
    field: TextField
    message: str
    """What was found, in words."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one family of measures says about a record."""

    findings: tuple[Finding, ...] = ()
    scores: Mapping[ScoreName, Mapping[str, float]] = field(default_factory=dict)
    """Name -> node -> score."""
