"""What a second model says about annotations, and how far the measures agree with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from action100m.dataset.audit.finding import Flag

Grade = Literal["yes", "partly", "no"]
Question = Literal["supported", "contradictory", "complete"]

DOUBTS: Final[Mapping[Question, tuple[Flag, ...]]] = {
    "supported": ("unsupported", "misplaced", "foreign"),
    "contradictory": ("conflict", "actor"),
    "complete": ("uncovered", "truncated", "short"),
}
"""Question -> the flags that say the same as a bad answer to it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A reply of the judge."""

    supported: Grade
    contradictory: bool
    complete: Grade
    reason: str

    def doubts(self, question: Question) -> bool:
        """Tell whether the answer to a question is a bad one."""
        return self.contradictory if question == "contradictory" else getattr(self, question) != "yes"


@dataclass(frozen=True, slots=True)
class Judged:
    """A node, what the measures say of it, and what the judge does."""

    uid: str
    node: str
    flags: tuple[Flag, ...]
    verdict: Verdict | None
    """None where no reply fitted."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of the nodes that were judged: how many both doubt, only one of them, or neither."""

    question: Question
    both: int
    only_flags: int
    only_judge: int
    neither: int

    @property
    def kappa(self) -> float | None:
        """Cohen's kappa: 1 is full agreement, 0 what chance gives. None where chance alone agrees fully."""
        total = self.both + self.only_flags + self.only_judge + self.neither
        flagged, doubted = self.both + self.only_flags, self.both + self.only_judge
        chance = (flagged * doubted + (total - flagged) * (total - doubted)) / max(total, 1) ** 2
        return None if total == 0 or chance == 1 else ((self.both + self.neither) / total - chance) / (1 - chance)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a second model says about a sample of a data set."""

    model: str
    prompt_sha256: str
    seed: int
    nodes: tuple[Judged, ...]
    """The sample, sorted by uid and node."""
    agreements: tuple[Agreement, ...]


def compare_verdicts(nodes: Iterable[Judged]) -> tuple[Agreement, ...]:
    """Return how far flags and verdicts agree, for each question."""
    judged = [(node.flags, node.verdict) for node in nodes if node.verdict is not None]
    agreements = []
    for question, flags in DOUBTS.items():
        pairs = [(bool(set(flags) & set(found)), verdict.doubts(question)) for found, verdict in judged]
        counts = [pairs.count(pair) for pair in ((True, True), (True, False), (False, True), (False, False))]
        agreements.append(Agreement(question, *counts))
    return tuple(agreements)
