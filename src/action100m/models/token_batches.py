"""Batches by tokens, not by count: as many rows as a budget holds when all are padded to the longest."""

from __future__ import annotations

from collections.abc import Sequence


def group_by_tokens(lengths: Sequence[int], *, budget: int) -> list[list[int]]:
    """Return places in `lengths`, grouped so that rows times the longest stays within the budget; what alone is longer goes alone.

    The longest come first: rows of like length share a batch, so little is padded, and memory that does not suffice is seen at once.
    """
    groups: list[list[int]] = []
    for place in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        if groups and (len(groups[-1]) + 1) * lengths[groups[-1][0]] <= budget:
            groups[-1].append(place)
        else:
            groups.append([place])
    return groups
