"""Make one ranking of several by their ranks alone, since scores of different kinds cannot be compared.

Reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009): whoever is on rank r of a ranking gets 1 / (60 + r) for it. LanceDB's own fuses
whole rows, which costs reading hundreds of texts for ten answers, and leaves the order of equals open.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

_K: Final = 60
"""Of the paper: the first ranks count for more, but not for all."""


def fuse_ranks(*rankings: Sequence[int]) -> list[tuple[int, float]]:
    """Return all that are ranked somewhere with their scores, best first; of equals, the one that a ranking named before the others has."""
    scores: defaultdict[int, float] = defaultdict(float)
    for ranking in rankings:
        for rank, row in enumerate(ranking, 1):
            scores[row] += 1 / (_K + rank)
    return sorted(scores.items(), key=lambda item: -item[1])
