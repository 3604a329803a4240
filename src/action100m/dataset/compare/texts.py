"""How alike two texts are: by the words they share, and by the angle between their vectors."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from action100m.models.base import TextEncoder

_WORD: Final = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")


def token_f1(a: Counter[str], b: Counter[str]) -> float:
    """Return the harmonic mean of the shares of words that are in the other too, each as often as it is in both (SQuAD, Rajpurkar et al. 2016)."""
    total = a.total() + b.total()
    return 2 * sum((a & b).values()) / total if total else 1.0


def count_words(text: str) -> Counter[str]:
    """Return the words of a text, in lower case, without punctuation."""
    return Counter(_WORD.findall(text.casefold()))


def sum_token_f1(a: Sequence[str], b: Sequence[str], order: NDArray[np.intp]) -> tuple[float, float]:
    """Return the sums of `token_f1` over pairs of texts, and over the pairs in which b is taken in another order."""
    words_a, words_b = [count_words(text) for text in a], [count_words(text) for text in b]
    shuffled = (words_b[number] for number in order)
    return sum(map(token_f1, words_a, words_b)), sum(map(token_f1, words_a, shuffled))


def sum_cosines(a: Sequence[str], b: Sequence[str], order: NDArray[np.intp], encoder: TextEncoder) -> tuple[float, float]:
    """Return the sums of the cosines of pairs of texts, and of the pairs in which b is taken in another order."""
    vectors = encoder.encode([*a, *b])
    first, second = vectors[: len(a)], vectors[len(a) :]
    return float(np.sum(first * second)), float(np.sum(first * second[order]))
