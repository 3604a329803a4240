"""Texts that fit other places of their video better than their own, as swapped captions do.

Texts are unit vectors of their content words, weighted by rarity. For a kind of text (clip captions, frame captions, annotations) the place of a node
is the sum of what else is said there: its texts of the two other kinds, those of its ancestors, its children and its sibling.

    fit(i, j)       = cosine of the text of node i and the place of node j, each number by its square root
    placement(i)    = fit(i, i) - 95th percentile of fit(i, j) - max of [fit(i, j) + fit(j, i) - fit(i, i) - fit(j, j)]

over the nodes j that share no time and no parent with i. The last term is what both would win by being exchanged. In a video where everything looks
alike all placements are low, so a text is flagged where its placement is below 0 and far below the median of its kind in this video, counted in
median absolute deviations.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from action100m.dataset.audit.finding import Finding, Measured
from action100m.dataset.audit.reading import ANNOTATION, Reading
from action100m.record import TextField
from action100m.tree import Node

Kind = Literal["clip_caption", "frame_caption", "detailed_caption"]
"""A kind of text; "detailed_caption" is the whole annotation."""
Vectors = NDArray[np.float32]

MISPLACED: Final = -2.8
"""Deviations from the median below which a text is flagged."""
_FIELDS: Final[dict[Kind, tuple[TextField, ...]]] = {
    "clip_caption": ("clip_caption",),
    "frame_caption": ("frame_caption",),
    "detailed_caption": ANNOTATION,
}
_OWN: Final[dict[Kind, float]] = {"clip_caption": 3.0, "frame_caption": 2.0, "detailed_caption": 3.0}
"""What the other texts of the same node weigh in its place. Results hardly change with these."""
_RELATIVE: Final = 0.5
"""What a child, the sibling, or the parent's clip caption weighs; ancestors of the n-th degree weigh 1/n of it, up to 3, and annotations double."""
_FEWEST_PLACES: Final = 12
"""With fewer other places there is no chance to compare with."""
_MOST_PLACES: Final = 2048
"""With more, evenly spread ones stand for all: an hour of video has thousands, and time would grow with their square."""
_BLOCK: Final = 512
"""Nodes compared at once."""


def find_misplaced(reading: Reading) -> Measured:
    """Score the `placement` of texts (of a node, that of its worst one), and find those that are `misplaced`."""
    nodes = reading.tree.nodes
    vectors = _vectors(reading)
    related = _Kinship(reading)
    scores: dict[str, float] = {}
    findings = []
    for kind, own in vectors.items():
        present: NDArray[np.bool_] = np.asarray(own.any(axis=1))
        found = dict(_placements(_damp(own), _damp(_places(reading, vectors, kind)), related, present))
        for row, score, deviation in _deviations(found):
            node = nodes[row].id
            scores[node] = min(scores.get(node, np.inf), score)
            if score < 0 and deviation < MISPLACED:
                findings.append(Finding(node, "misplaced", kind, f"fits other places of the video better than its own: {score:.2f}"))
    return Measured(tuple(findings), {"placement": scores})


def _deviations(placements: Mapping[int, float]) -> Iterator[tuple[int, float, float]]:
    """Yield (row, placement, deviation of it from the median in median absolute deviations)."""
    values = np.array([*placements.values()] or [0.0])
    median = float(np.median(values))
    spread = max(float(np.median(np.abs(values - median))), 1e-3)
    yield from ((row, score, (score - median) / spread) for row, score in placements.items())


def _vectors(reading: Reading) -> dict[Kind, Vectors]:
    """Return float32 (nodes, words) for each kind. Words of a single node match nothing; they only count for the length."""
    counts = Counter(word for node in reading.tree.nodes for word in reading.of(node, *(name for fields in _FIELDS.values() for name in fields)))
    columns = {word: place for place, word in enumerate(word for word, count in counts.items() if count > 1)}
    found: dict[Kind, Vectors] = {}
    for kind, fields in _FIELDS.items():
        found[kind] = matrix = np.zeros((len(reading.tree), len(columns)), np.float32)
        for row, node in enumerate(reading.tree.nodes):
            words = reading.of(node, *fields)
            known = [word for word in words if word in columns]
            weights = np.array([reading.weights[word] for word in known], np.float32)
            length = float(np.sqrt(sum(reading.weights[word] ** 2 for word in words)))
            matrix[row, [columns[word] for word in known]] = weights / max(length, 1e-9)
    return found


def _places(reading: Reading, vectors: dict[Kind, Vectors], kind: Kind) -> Vectors:
    tree = reading.tree
    rows = {node.id: row for row, node in enumerate(tree.nodes)}
    everything = sum(vectors.values())
    places = sum(_OWN[other] * matrix for other, matrix in vectors.items() if other != kind)
    assert isinstance(everything, np.ndarray)
    assert isinstance(places, np.ndarray)
    for row, node in enumerate(tree.nodes):
        for degree, ancestor in zip((1, 2, 3), tree.ancestors(node), strict=False):
            above = rows[ancestor.id]
            places[row] += _RELATIVE / degree * (vectors["clip_caption"][above] + 2 * vectors["detailed_caption"][above])
        for relative in (*tree.children(node), *_siblings(reading, node)):
            places[row] += _RELATIVE * everything[rows[relative.id]]
    return places


def _damp(vectors: Vectors) -> Vectors:
    """Return unit vectors of the square roots: a word that comes twice, or is twice as rare, does not count twice."""
    roots = np.sqrt(vectors)
    return np.asarray(roots / np.maximum(np.linalg.norm(roots, axis=1, keepdims=True), 1e-9), np.float32)


def _siblings(reading: Reading, node: Node) -> Iterator[Node]:
    if node.parent is not None:
        yield from (other for other in reading.tree.children(reading.tree[node.parent]) if other.id != node.id)


class _Kinship:
    """Which nodes share time or a parent: they may well say the same."""

    def __init__(self, reading: Reading) -> None:
        nodes = reading.tree.nodes
        numbers = {node.id: number for number, node in enumerate(nodes)}
        self._starts, self._ends = np.array([node.start for node in nodes]), np.array([node.end for node in nodes])
        self._parents = np.array([numbers.get(node.parent or "", -1) for node in nodes])

    def __call__(self, rows: slice) -> NDArray[np.bool_]:
        overlap = (self._starts[rows, None] < self._ends) & (self._starts < self._ends[rows, None])
        return np.asarray(overlap | (self._parents[rows, None] == self._parents))


def _placements(own: Vectors, places: Vectors, related: _Kinship, present: NDArray[np.bool_]) -> Iterator[tuple[int, float]]:
    """Yield (row, placement) of each text that has enough other places."""
    fits = np.einsum("ij,ij->i", own, places)
    others = np.flatnonzero(present)
    others = others[:: max(-(-len(others) // _MOST_PLACES), 1)]
    for begin in range(0, len(own), _BLOCK):
        rows = slice(begin, begin + _BLOCK)
        comparable = ~related(rows)[:, others]
        here, there = own[rows] @ places[others].T, places[rows] @ own[others].T
        gains = np.where(comparable, here + there - fits[rows, None] - fits[others], -np.inf).max(axis=1, initial=-np.inf)
        for offset in np.flatnonzero(present[rows] & (comparable.sum(axis=1) >= _FEWEST_PLACES)):
            rival = np.quantile(here[offset][comparable[offset]], 0.95)
            yield begin + int(offset), float(fits[begin + offset] - rival - gains[offset])
