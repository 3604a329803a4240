"""From what was measured on some videos to an interval for others.

    amount ahead = size ahead * (amounts tried / sizes tried), up or down by t * spread * sqrt(1 / videos tried + 1 / videos ahead)

A prediction interval of 95 %, under which videos count by their length. Few videos tell little of their spread, so that of the ten official records
stands beside it as if two more videos had shown it: a pilot of one video gives a wide interval, not a narrow one and not none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, fsum, sqrt
from statistics import NormalDist
from typing import Final

from action100m.run.figures.estimate import ZERO, Estimate

_USUAL_SPREAD: Final = 0.34
"""Between videos, relative. Of what the ten official records hold a second (nodes 0.33, segments 0.17, bytes of clip captions 0.34, of frame
captions 0.20) the widest. The tests measure them."""
_USUAL_VIDEOS: Final = 2
"""As many videos is the usual spread worth."""
_LEVEL: Final = 0.95


@dataclass(frozen=True, slots=True)
class Ahead:
    """Videos to be predicted."""

    size: float
    """Of all together, in seconds, windows or whatever amounts are measured by."""
    videos: float
    """How many they are worth, as `count_effective` counts."""


def count_effective(sizes: Sequence[float]) -> float:
    """Return how many videos of one size tell as much on average: all of them if they are alike, one if one outweighs the others."""
    return fsum(sizes) ** 2 / fsum(size**2 for size in sizes)


def extrapolate(amounts: Sequence[float], sizes: Sequence[float], ahead: Ahead) -> Estimate:
    """Return the interval of an amount over the videos ahead. amounts, sizes: of each video tried; sizes > 0."""
    rate = fsum(amounts) / fsum(sizes)
    if not rate or not ahead.size:
        return ZERO
    tried = count_effective(sizes)
    degrees = tried - 1 + _USUAL_VIDEOS
    shares = [size / fsum(sizes) for size in sizes]
    seen = fsum(share * (amount / size / rate - 1) ** 2 for share, amount, size in zip(shares, amounts, sizes, strict=True)) * tried
    spread = sqrt((seen + _USUAL_VIDEOS * _USUAL_SPREAD**2) / degrees)
    reach = _t_quantile((1 + _LEVEL) / 2, degrees) * spread * sqrt(1 / tried + 1 / ahead.videos)
    return Estimate(rate * ahead.size * exp(-reach), rate * ahead.size * exp(reach))


def _t_quantile(level: float, degrees: float) -> float:
    """Return the quantile of Student's t, by Fisher's expansion about the normal one: 3 % too low at 2 degrees of freedom, 0.1 % at 5."""
    z = NormalDist().inv_cdf(level)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return fsum(term / degrees**power for power, term in enumerate(terms))
