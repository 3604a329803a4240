"""The named colours of a picture, by a table of hue, saturation and value.

A name is what a person would call a flat patch of the colour. Real things shade off, so a share counts pixels, not things.
"""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class NamedColour:
    """A box in HSV space; each range is [from, to)."""

    name: str
    hue: tuple[int, int] = (0, 360)
    """Degrees; from more than to wraps around 360."""
    saturation: tuple[float, float] = (0.0, 1.01)
    value: tuple[float, float] = (0.0, 1.01)

    def covers(self, hue: float, saturation: float, value: float) -> bool:
        """Tell whether a colour lies in the box."""
        low, high = self.hue
        in_hue = low <= hue < high if low < high else hue >= low or hue < high
        return in_hue and self.saturation[0] <= saturation < self.saturation[1] and self.value[0] <= value < self.value[1]


COLOURS: Final = (
    NamedColour("black", value=(0.0, 0.2)),
    NamedColour("white", saturation=(0.0, 0.12), value=(0.8, 1.01)),
    NamedColour("grey", saturation=(0.0, 0.18)),
    NamedColour("grey", saturation=(0.0, 0.3), value=(0.0, 0.35)),  # in the dark, a slight cast is noise
    NamedColour("beige", hue=(15, 60), saturation=(0.0, 0.45), value=(0.6, 1.01)),
    NamedColour("pink", hue=(340, 15), saturation=(0.0, 0.5), value=(0.7, 1.01)),
    NamedColour("brown", hue=(10, 48), value=(0.0, 0.7)),
    NamedColour("red", hue=(345, 14)),
    NamedColour("orange", hue=(14, 45)),
    NamedColour("yellow", hue=(45, 68)),
    NamedColour("green", hue=(68, 165)),
    NamedColour("cyan", hue=(165, 195)),
    NamedColour("blue", hue=(195, 258)),
    NamedColour("purple", hue=(258, 300)),
    NamedColour("pink", hue=(300, 345)),
)
"""The first box that covers a colour names it. Together they cover all."""

COLOUR_NAMES: Final = tuple(dict.fromkeys(colour.name for colour in COLOURS))
"""Each name once, in the order of `Signals.colours`."""

_BITS: Final = 5
"""Of each of red, green and blue that are looked at: finer steps change no name that a person would notice."""


def name_of(red: float, green: float, blue: float) -> str:
    """Return the name of a colour with parts 0 to 1."""
    hue, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
    return next(colour.name for colour in COLOURS if colour.covers(hue * 360, saturation, value))


def colour_codes(frame: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Return uint16 (h, w): a picture uint8 (h, w, 3) with one number for each pixel's colour, to look its name or bin up."""
    coarse = (frame >> (8 - _BITS)).astype(np.uint16)
    return np.asarray(coarse[..., 0] << (2 * _BITS) | coarse[..., 1] << _BITS | coarse[..., 2], np.uint16)


def name_shares(codes: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Return float32 (len(COLOUR_NAMES),): the share of the picture that has each name."""
    shares: NDArray[np.float64] = np.bincount(_names()[codes].ravel(), minlength=len(COLOUR_NAMES)) / codes.size
    return shares.astype(np.float32)


def code_colours() -> NDArray[np.float64]:
    """Return float64 (2**15, 3): red, green and blue, 0 to 1, in the middle of what each colour code stands for."""
    steps = (np.arange(2**_BITS) + 0.5) / 2**_BITS
    return np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)


@cache
def _names() -> NDArray[np.uint8]:
    return np.array([COLOUR_NAMES.index(name_of(*colour)) for colour in code_colours().tolist()], np.uint8)
