"""In which order, and how many together, the dialogues of a video are held, so that a server that caches prompt prefixes reads little twice.

A prefix is found again only while it is in the cache, from which the least recently used goes first. So segments that begin alike are sent one after
the other, and only as many as the cache holds go through all rounds together before the next ones begin.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator

from action100m.stages.opening import TALK_TOKENS, bound_tokens, count_tokens, read_opening
from action100m.stages.refine import Dialogue
from action100m.tree import Node


def order_for_cache(nodes: Iterable[Node]) -> list[Node]:
    """Return nodes so that each follows the one with which it shares most: those with the same start in a row, the shortest first."""
    return sorted(nodes, key=lambda node: (node.start, node.end))


def group_for_cache(dialogues: Iterable[Dialogue], cache_tokens: int | None) -> Iterator[list[Dialogue]]:
    """Yield dialogues in their order, as many together as a cache of so many tokens holds, but at least one; None holds all."""
    group: list[Dialogue] = []
    held, before = 0, b""
    for dialogue in dialogues:
        opening = read_opening(dialogue)
        added = count_tokens(opening[_count_shared(before, opening) :]) + TALK_TOKENS
        if group and cache_tokens is not None and held + added > cache_tokens:
            yield group
            group, held, added = [], 0, bound_tokens(dialogue)
        group.append(dialogue)
        held, before = held + added, opening
    if group:
        yield group


def _count_shared(one: bytes, other: bytes) -> int:
    """Return how many bytes two texts begin with alike. Halving compares in C; a loop over bytes would take longer than sending them."""
    return bisect_left(range(1, min(len(one), len(other)) + 1), True, key=lambda length: one[:length] != other[:length])
