"""A canvas for flat pictures: shapes are drawn at twice their size and averaged down, which gives smooth edges.

Points are complex numbers, x + y * 1j, in pixels of the finished picture. A canvas has an origin, a turn and a size of its own, so that a prop
is drawn in its own coordinates and put anywhere: `whisk(canvas.at(320, 180, turn=30))`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageFont

WIDTH, HEIGHT = 640, 360
_OVERSAMPLING = 2

Points = Sequence[complex] | NDArray[Any]


@dataclass(frozen=True)
class Canvas:
    """A picture being drawn, seen from one prop."""

    image: Image.Image
    origin: complex = 0
    scale: complex = _OVERSAMPLING
    """How one unit to the right lies in the picture: its length is the size, its angle the turn."""
    pen: ImageDraw.ImageDraw = field(init=False)
    glaze: ImageDraw.ImageDraw = field(init=False)
    """A pen for see-through colours: several times slower, because it reads each pixel that it writes."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "pen", ImageDraw.Draw(self.image))
        object.__setattr__(self, "glaze", ImageDraw.Draw(self.image, "RGBA"))

    @classmethod
    def blank(cls) -> Self:
        """Return a black picture."""
        return cls(Image.new("RGB", (WIDTH * _OVERSAMPLING, HEIGHT * _OVERSAMPLING)))

    def at(self, x: float, y: float, *, turn: float = 0, size: float = 1) -> Canvas:
        """Return the same picture with its origin at (x, y), turned clockwise by degrees."""
        scale = self.scale * size * np.exp(1j * np.radians(turn))
        return replace(self, origin=self.origin + (x + y * 1j) * self.scale, scale=scale)

    def zoomed(self, factor: float, *, x: float = WIDTH / 2, y: float = HEIGHT / 2) -> Canvas:
        """Return the same picture enlarged around (x, y)."""
        return self.at(x * (1 - factor), y * (1 - factor), size=factor)

    def polygon(self, points: Points, colour: str, *, opacity: float = 1) -> None:
        """Fill the area within the points."""
        placed = self.origin + self.scale * np.asarray(points, dtype=complex)
        pen = self.pen if opacity == 1 else self.glaze
        pen.polygon(placed.view(float).tolist(), _ink(colour, opacity))

    def disc(self, x: float, y: float, rx: float, ry: float | None = None, *, colour: str, opacity: float = 1) -> None:
        """Fill a circle or an ellipse."""
        ry = rx if ry is None else ry
        circle = _circle(64 if max(rx, ry) > 40 else 32 if max(rx, ry) > 12 else 16)
        self.polygon(x + y * 1j + rx * circle.real + ry * 1j * circle.imag, colour, opacity=opacity)

    def box(self, x: float, y: float, width: float, height: float, *, colour: str, opacity: float = 1) -> None:
        """Fill a rectangle, given its upper left corner."""
        corner = x + y * 1j
        self.polygon([corner, corner + width, corner + width + height * 1j, corner + height * 1j], colour, opacity=opacity)

    def line(self, points: Points, width: float, colour: str) -> None:
        """Draw a line with round ends."""
        placed = self.origin + self.scale * np.asarray(points, dtype=complex)
        radius = width * abs(self.scale) / 2
        self.pen.line(placed.view(float).tolist(), _ink(colour, 1), max(round(2 * radius), 1), joint="curve")
        for end in (placed[0], placed[-1]):
            self.pen.ellipse((end.real - radius, end.imag - radius, end.real + radius, end.imag + radius), _ink(colour, 1))

    def shadow(self, x: float, y: float, rx: float, ry: float) -> None:
        """Darken an ellipse with a soft edge."""
        for grown in (1.0, 0.92, 0.84, 0.76):
            self.disc(x, y, rx * grown, ry * grown, colour="#20140a", opacity=0.075)

    def text(self, x: float, y: float, words: str, size: float, colour: str, *, anchor: str = "lm", bold: bool = False) -> None:
        """Write one line."""
        place = self.origin + self.scale * (x + y * 1j)
        font = _font(round(size * abs(self.scale)))
        self.pen.text((place.real, place.imag), words, colour, font, anchor=anchor, stroke_width=1 if bold else 0)

    def text_width(self, words: str, size: float) -> float:
        """Return how much room a line needs."""
        return _font(round(size * abs(self.scale))).getlength(words) / abs(self.scale)

    def finish(self) -> NDArray[np.uint8]:
        """Return the picture, (HEIGHT, WIDTH, 3), lit from above and darker towards its corners."""
        return np.asarray(ImageChops.multiply(self.image.reduce(_OVERSAMPLING), _light()))


@cache
def _circle(corners: int) -> NDArray[np.complex128]:
    return np.asarray(np.exp(2j * np.pi * np.arange(corners) / corners))


@cache
def _ink(colour: str, opacity: float) -> tuple[int, ...]:
    return (*ImageColor.getrgb(colour), *(() if opacity == 1 else (round(255 * opacity),)))


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


@cache
def _light() -> Image.Image:
    y, x = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j]
    brightness = np.clip(1.03 - 0.16 * (x**2 + (y + 0.15) ** 2), 0, 1)
    return Image.fromarray(np.uint8(255 * brightness[..., None] * [1, 0.99, 0.96]))


def rising(t: float, start: float, end: float) -> float:
    """Return 0 before `start`, 1 after `end`, and a smooth way between."""
    share = min(max((t - start) / (end - start), 0), 1)
    return share * share * (3 - 2 * share)


def between(a: complex, b: complex, share: float) -> complex:
    """Return the point that lies `share` of the way from a to b."""
    return a + (b - a) * share


def blend(a: str, b: str, share: float) -> str:
    """Return the colour that lies `share` of the way from a to b."""
    mixed = (round(between(x, y, share).real) for x, y in zip(ImageColor.getrgb(a), ImageColor.getrgb(b), strict=True))
    return "#" + "".join(f"{channel:02x}" for channel in mixed)
