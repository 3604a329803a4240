"""Sums over a data set: how many nodes have each flag, how high the scores are, per level and in all."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Final, get_args

from action100m.dataset.audit.finding import Finding, Flag, ScoreName
from action100m.dataset.audit.judgement import Judgement
from action100m.dataset.audit.measures import Audited
from action100m.dataset.audit.refinement import RoundChange, add_changes
from action100m.dataset.capped import Capped
from action100m.record import Record

_EXAMPLES: Final = 20
"""Kept for each flag."""


@dataclass(frozen=True, slots=True)
class Example:
    """One finding, and where it is."""

    uid: str
    start: float
    end: float
    finding: Finding


@dataclass(frozen=True, slots=True)
class Sums:
    """What some nodes come to."""

    nodes: int
    annotated: int
    flagged: int
    """Nodes with a flag."""
    flags: dict[Flag, int]
    """Flag -> nodes that have it, in the order of `Flag`; without those that no node has."""
    scores: dict[ScoreName, float]
    """Name -> mean over the nodes that have one."""


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What all measures say about a data set."""

    videos: int
    total: Sums
    levels: dict[int, Sums]
    examples: tuple[Example, ...]
    """The first 20 of each flag, in the order of the data."""
    rounds: tuple[RoundChange, ...]
    """What each round of refining changed; empty where the replies are not given."""
    judgement: Judgement | None
    """What a second model says; None where none was asked."""
    left_out: tuple[str, ...]
    """Why records or files could not be read; the first 1,000."""
    left_out_count: int

    def to_json(self) -> str:
        """Return the report as a JSON object, with the fields of this class."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False)


@dataclass
class _Counts:
    nodes: int = 0
    annotated: int = 0
    flagged: int = 0
    flags: Counter[Flag] = field(default_factory=Counter)
    sums: Counter[ScoreName] = field(default_factory=Counter)
    scored: Counter[ScoreName] = field(default_factory=Counter)

    def freeze(self) -> Sums:
        flags: dict[Flag, int] = {flag: self.flags[flag] for flag in get_args(Flag) if self.flags[flag]}
        scores: dict[ScoreName, float] = {name: self.sums[name] / self.scored[name] for name in get_args(ScoreName) if self.scored[name]}
        return Sums(self.nodes, self.annotated, self.flagged, flags, scores)


@dataclass
class Tally:
    """What has been audited so far. It does not grow with the data set."""

    videos: int = 0
    total: _Counts = field(default_factory=_Counts)
    levels: dict[int, _Counts] = field(default_factory=dict)
    examples: list[Example] = field(default_factory=list)
    rounds: tuple[RoundChange, ...] = ()
    left_out: Capped[str] = field(default_factory=Capped)

    def add(self, record: Record, audited: Audited, changes: Iterable[RoundChange]) -> None:
        """Count one record."""
        self.videos += 1
        flags = audited.flags
        for node in record.tree.nodes:
            for counts in (self.total, self.levels.setdefault(node.level, _Counts())):
                counts.nodes += 1
                counts.annotated += node.annotation is not None
                counts.flagged += node.id in flags
                counts.flags.update(flags.get(node.id, ()))
                for name, scores in audited.scores.items():
                    if node.id in scores:
                        counts.sums[name] += scores[node.id]  # type: ignore[assignment]
                        counts.scored[name] += 1
        self._keep_examples(record, audited)
        self.rounds = add_changes((*self.rounds, *changes))

    def leave_out(self, error: Exception) -> None:
        """Note a record or file that cannot be read."""
        self.left_out.add(str(error))

    def freeze(self, judgement: Judgement | None) -> AuditReport:
        """Return the report."""
        levels = {level: self.levels[level].freeze() for level in sorted(self.levels)}
        kept = (tuple(self.examples), self.rounds, judgement, tuple(self.left_out.first), self.left_out.count)
        return AuditReport(self.videos, self.total.freeze(), levels, *kept)

    def _keep_examples(self, record: Record, audited: Audited) -> None:
        kept = Counter(example.finding.flag for example in self.examples)
        for finding in audited.findings:
            if kept[finding.flag] < _EXAMPLES:
                kept[finding.flag] += 1
                node = record.tree[finding.node]
                self.examples.append(Example(record.uid, node.start, node.end, finding))
