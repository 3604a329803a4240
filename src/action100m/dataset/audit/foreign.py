"""Captions that do not speak of the same video as all the other texts.

foreign(text) = content words that no other node has, and that are neither said nor in title and description / its content words
"""

from __future__ import annotations

import math
from typing import Final

from action100m.dataset.audit.finding import Finding, Measured
from action100m.dataset.audit.reading import CAPTIONS, Reading

FOREIGN: Final = 0.35
"""Share of words of its own from which a caption is flagged."""
_FEWEST_WORDS: Final = 6
_FEWEST_NODES: Final = 12
"""In a small tree most words are met once."""


def find_foreign(reading: Reading) -> Measured:
    """Find captions that are `foreign`."""
    if len(reading.tree) < _FEWEST_NODES:
        return Measured()
    met_once = math.log1p(len(reading.tree)) - 1e-9
    spoken = reading.about.union(*(reading.heard(reading.tree.root),))
    findings = []
    for node in reading.tree.nodes:
        for name in CAPTIONS:
            words = reading.of(node, name)
            alone = [word for word in words if reading.weights[word] >= met_once and word not in spoken]
            if len(words) >= _FEWEST_WORDS and len(alone) >= FOREIGN * len(words):
                example = ", ".join(sorted(alone)[:5])
                findings.append(Finding(node.id, "foreign", name, f"{len(alone)} of {len(words)} words are met nowhere else: {example}"))
    return Measured(tuple(findings))
