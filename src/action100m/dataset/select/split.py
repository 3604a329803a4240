"""Parts of a data set that share no video: each video's part follows from its uid alone.

A video falls into the same part in whatever file it stands, in whatever order, and however many are added later.
"""

from __future__ import annotations

import hashlib
from typing import Final, get_args

from action100m.dataset.select.choices import SplitName
from action100m.errors import ConfigError

SPLITS: Final[tuple[SplitName, ...]] = get_args(SplitName)


def find_split(uid: str, *, shares: tuple[float, float, float] = (0.8, 0.1, 0.1), salt: str = "") -> SplitName:
    """Return the part that a video belongs to.

    shares: of train, val and test; they add up to 1. salt: another one deals the videos anew.

    Raises:
        ConfigError: the shares do not add up to 1, or one is negative.
    """
    check_shares(shares)
    place = int.from_bytes(hashlib.sha256(f"{salt}\0{uid}".encode("utf-8", "surrogatepass")).digest()[:8]) / 2**64  # uniform in [0, 1)
    if place < shares[0]:
        return "train"
    return "val" if place < shares[0] + shares[1] else "test"


def check_shares(shares: tuple[float, ...]) -> None:
    """Refuse shares that are none."""
    if len(shares) != len(SPLITS) or min(shares) < 0 or abs(sum(shares) - 1) > 1e-9:
        raise ConfigError(f"the shares of {', '.join(SPLITS)} are three numbers that add up to 1, got {', '.join(map(str, shares))}")
