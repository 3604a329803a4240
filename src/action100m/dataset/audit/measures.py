"""All measures: each reads a record and says what it found. A new one is a file of its own and a line here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, get_args

from action100m.dataset.audit.actors import find_actors
from action100m.dataset.audit.blanks import find_blanks
from action100m.dataset.audit.conflicts import find_conflicts
from action100m.dataset.audit.coverage import find_uncovered
from action100m.dataset.audit.duplicates import find_duplicates
from action100m.dataset.audit.finding import Finding, Flag, Measured, ScoreName
from action100m.dataset.audit.foreign import find_foreign
from action100m.dataset.audit.loops import find_loops
from action100m.dataset.audit.placement import find_misplaced
from action100m.dataset.audit.reading import Reading
from action100m.dataset.audit.support import find_unsupported
from action100m.record import Record

Measure = Callable[[Reading], Measured]

MEASURES: Final[tuple[Measure, ...]] = (
    find_blanks,
    find_loops,
    find_duplicates,
    find_misplaced,
    find_foreign,
    find_uncovered,
    find_unsupported,
    find_conflicts,
    find_actors,
)


@dataclass(frozen=True, slots=True)
class Audited:
    """What all measures say about one record."""

    uid: str
    findings: tuple[Finding, ...]
    scores: Mapping[ScoreName, Mapping[str, float]]
    """Name -> node -> score."""

    @property
    def flags(self) -> dict[str, tuple[Flag, ...]]:
        """Node -> its flags, in the order of `Flag`. Nodes without any are left out."""
        found: dict[str, set[Flag]] = defaultdict(set)
        for finding in self.findings:
            found[finding.node].add(finding.flag)
        return {node: tuple(flag for flag in get_args(Flag) if flag in its_flags) for node, its_flags in found.items()}


def measure_all(reading: Reading) -> Audited:
    """Return what all measures say about a record."""
    measured = [measure(reading) for measure in MEASURES]
    findings = tuple(finding for one in measured for finding in one.findings)
    return Audited(reading.record.uid, findings, {name: scores for one in measured for name, scores in one.scores.items()})


def flags(record: Record) -> dict[str, tuple[Flag, ...]]:
    """Return the quality flags of a record: node id -> its flags. Nodes without any are left out."""
    return measure_all(Reading(record)).flags
