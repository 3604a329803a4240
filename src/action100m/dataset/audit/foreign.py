"""Captions that do not speak of the same video as all the other texts.

    strangeness(text) = mean over its content words of log(1 + N / n) / log(1 + N)

N nodes, n of them with the word: 1 where no other node has any of its words. Words that are said in the video, or stand in its title and description,
count as if half the nodes had them.
"""

from __future__ import annotations

import math
from typing import Final

from action100m.dataset.audit.finding import Finding, Measured
from action100m.dataset.audit.reading import CAPTIONS, Reading

FOREIGN: Final = 0.55
"""Strangeness from which a caption is flagged."""
_FEWEST_WORDS: Final = 6
_FEWEST_NODES: Final = 24
"""In a small tree most words are met once."""


def find_foreign(reading: Reading) -> Measured:
    """Find captions that are `foreign`."""
    if len(reading.tree) < _FEWEST_NODES:
        return Measured()
    strangest = math.log1p(len(reading.tree))
    known = reading.about | reading.heard(reading.tree.root)
    findings = []
    for node in reading.tree.nodes:
        for name in CAPTIONS:
            words = sorted(reading.of(node, name), key=lambda word: (-reading.weights[word], word))
            weight = sum(min(reading.weights[word], math.log(3)) if word in known else reading.weights[word] for word in words)
            if len(words) >= _FEWEST_WORDS and (strangeness := weight / len(words) / strangest) >= FOREIGN:
                findings.append(Finding(node.id, "foreign", name, f"hardly met elsewhere in the video ({strangeness:.2f}): {', '.join(words[:5])}"))
    return Measured(tuple(findings))
