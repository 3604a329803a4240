"""How alike two texts are: by the words they share, and by the angle between their vectors."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from action100m.models.base import TextEncoder

_SHORT: Final = 100
"""Characters of a text whose words are kept: longer ones seldom come again."""
_WORD: Final = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")


def token_f1(a: str, b: str) -> float:
    """Return the harmonic mean of the shares of words that are in the other too, each as often as it is in both (SQuAD, Rajpurkar et al. 2016).

    In lower case, without punctuation. Two texts without words are alike.
    """
    of_a, of_b = (_count_again(text) if len(text) <= _SHORT else _count_words(text) for text in (a, b))
    total = sum(of_a.values()) + sum(of_b.values())
    return 2 * sum(min(count, of_b[word]) for word, count in of_a.items() if word in of_b) / total if total else 1.0


def _count_words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(text.casefold()))


@lru_cache(maxsize=10_000)
def _count_again(text: str) -> Counter[str]:
    """Most brief actions come again and again. Not to be changed."""
    return _count_words(text)


def sum_token_f1(a: Sequence[str], b: Sequence[str], order: NDArray[np.intp]) -> tuple[float, float]:
    """Return the sums of `token_f1` over pairs of texts, and over the pairs in which b is taken in another order."""
    return sum(map(token_f1, a, b)), sum(token_f1(text, b[number]) for text, number in zip(a, order.tolist(), strict=True))


def sum_cosines(a: Sequence[str], b: Sequence[str], order: NDArray[np.intp], encoder: TextEncoder) -> tuple[float, float]:
    """Return the sums of the cosines of pairs of texts, and of the pairs in which b is taken in another order."""
    vectors = encoder.encode([*a, *b])
    first, second = vectors[: len(a)], vectors[len(a) :]
    return float(np.sum(first * second)), float(np.sum(first * second[order]))
