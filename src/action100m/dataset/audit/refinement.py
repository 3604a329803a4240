"""What each round of refining changed: words that it added and removed, and how many of them no evidence holds.

A round is compared with the last one before it that found an answer. Words are stems of content words over all five texts of the annotation; evidence
is that of `support.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from itertools import pairwise

from action100m.annotation import Annotation
from action100m.dataset.audit.reading import Reading
from action100m.dataset.audit.support import evidence, unsupported_words
from action100m.dataset.audit.words import content_words
from action100m.dataset.rounds import Round, answers


@dataclass(frozen=True, slots=True)
class RoundChange:
    """What one round did to the answers before it, summed over nodes."""

    round: int
    nodes: int
    """Those that it answered, with an answer before."""
    changed: int = 0
    """Nodes whose annotation is another text now."""
    added: int = 0
    removed: int = 0
    """Words."""
    unsupported_added: int = 0
    unsupported_removed: int = 0
    """Of these, the ones without evidence."""


def measure_rounds(reading: Reading, replies: Iterable[Round]) -> tuple[RoundChange, ...]:
    """Return what each round changed in one record. Replies about nodes that it does not have are passed over."""
    known = {node.id: node for node in reading.tree.nodes}
    changes = []
    for node, rounds in answers(replies).items():
        if node in known and len(rounds) > 1:
            shown = evidence(reading, known[node])
            changes += [_compare(number, before, after, shown) for (_, before), (number, after) in pairwise(rounds)]
    return add_changes(changes)


def add_changes(changes: Iterable[RoundChange]) -> tuple[RoundChange, ...]:
    """Return the sums for each round."""
    totals: dict[int, RoundChange] = {}
    for change in changes:
        before = totals.get(change.round, RoundChange(change.round, 0))
        totals[change.round] = RoundChange(change.round, *map(sum, zip(astuple(before)[1:], astuple(change)[1:], strict=True)))
    return tuple(totals[number] for number in sorted(totals))


def _compare(number: int, before: Annotation, after: Annotation, shown: frozenset[str]) -> RoundChange:
    old, new = _words(before), _words(after)
    unsupported = [len(unsupported_words(words, shown)) for words in (new - old, old - new)]
    return RoundChange(number, 1, int(before != after), len(new - old), len(old - new), *unsupported)


def _words(annotation: Annotation) -> frozenset[str]:
    halves = annotation.to_dict().values()
    return content_words("\n".join(text for half in halves for text in half.values() if text))
