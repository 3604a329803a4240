"""What `compare` returns: figures of agreement, each beside what chance would give."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class BoundaryScore:
    """Agreement on where to cut, at one tolerance. Counts are added up over videos."""

    tolerance: float
    """Seconds that two boundaries may be apart to be matched, one to one."""
    precision: float
    """Share of A's boundaries that are matched."""
    recall: float
    """Share of B's boundaries that are matched."""
    f1: float
    chance: float
    """F1 of A with its leaves in another order."""


@dataclass(frozen=True, slots=True)
class OverlapScore:
    """Mean temporal IoU of nodes with their best match on the other side."""

    level: int | None
    """Nodes of this level, among those of the same level. None: all nodes, among all."""
    a_nodes: int
    b_nodes: int
    a: float
    """Mean over A's nodes."""
    b: float
    """Mean over B's nodes."""
    chance_a: float
    chance_b: float


@dataclass(frozen=True, slots=True)
class TreeScore:
    """The T-measure: whether both trees tell alike which of two instants is nearer to a third.

    For instants q, i, j a tree says "q is nearer to i" where the deepest node that holds q and i is below the deepest that holds q and j. Precision
    is the share of what A says so that B says too, recall the share of what B says that A says too, each averaged over q, then over videos (McFee,
    Nieto and Bello, ISMIR 2015, in its transitive form).
    """

    videos: int
    """With a cut on both sides."""
    precision: float
    recall: float
    f1: float
    """Mean over videos of 2 precision recall / (precision + recall)."""
    chance: float
    corrected: float
    """(f1 - chance) / (1 - chance): 1 is perfect, 0 is chance."""


@dataclass(frozen=True, slots=True)
class DetectionScore:
    """A as predictions of B."""

    tiou: float
    """Least temporal IoU of a true prediction."""
    mean_average_precision: float
    chance: float


@dataclass(frozen=True, slots=True)
class TextScore:
    """Likeness of the texts of nodes that are each other's best match."""

    field: str
    pairs: int
    """In which both nodes have the text."""
    token_f1: float
    chance: float | None
    """Token F1 with a text of another pair of the same video, over the videos with several pairs. None where there is none."""
    cosine: float | None
    """None without an encoder."""
    chance_cosine: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """How A and B agree."""

    videos: int
    """That both have."""
    only_a: tuple[str, ...]
    """Uids; the first 1,000 of `only_a_count`."""
    only_b: tuple[str, ...]
    only_a_count: int
    only_b_count: int
    boundaries: tuple[BoundaryScore, ...]
    overlap: tuple[OverlapScore, ...]
    """All nodes first, then level by level."""
    tree: TreeScore
    detection: tuple[DetectionScore, ...]
    texts: tuple[TextScore, ...]
    failures: tuple[str, ...]
    """Records that could not be read, in words; the first 1,000 of `failure_count`."""
    failure_count: int

    @property
    def ok(self) -> bool:
        """Whether every record could be read."""
        return not self.failures

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)
