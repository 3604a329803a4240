"""The named colours of a picture, by a table of hue, saturation and value.

A name is what a person would call a flat patch of the colour. Real things shade off, so a share counts pixels, not things.
"""

from __future__ import annotations

from dataclasses import dataclass
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

    def covers(self, hue: NDArray[np.float64], saturation: NDArray[np.float64], value: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell which colours (n,) lie in the box."""
        low, high = self.hue
        in_hue = (low <= hue) & (hue < high) if low < high else (hue >= low) | (hue < high)
        return in_hue & (self.saturation[0] <= saturation) & (saturation < self.saturation[1]) & (self.value[0] <= value) & (value < self.value[1])


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


def name_colours(colours: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return uint8 (n,): the numbers in `COLOUR_NAMES` of colours (n, 3), red, green and blue from 0 to 1."""
    hue, saturation, value = to_hsv(colours)
    names = [COLOUR_NAMES.index(colour.name) for colour in COLOURS]
    return np.select([colour.covers(hue, saturation, value) for colour in COLOURS], names).astype(np.uint8)


def to_hsv(colours: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return hue in degrees, saturation and value."""
    value = colours.max(axis=1)
    spread = value - colours.min(axis=1)
    red, green, blue = ((value - part) / np.where(spread > 0, spread, 1.0) for part in colours.T)
    sixth = np.select([red == 0, green == 0], [blue - green, 2.0 + red - blue], 4.0 + green - red)
    return sixth / 6.0 % 1.0 * 360, spread / np.where(value > 0, value, 1.0), value
