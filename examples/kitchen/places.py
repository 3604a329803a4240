"""Backgrounds: walls, tables and cloths."""

from __future__ import annotations

import numpy as np

from kitchen.canvas import HEIGHT, WIDTH, Canvas, blend
from kitchen.things import CHIVE

_MARGIN = 20
"""Pixels painted beyond the picture, so that a shaking camera finds no edge."""


def fill(canvas: Canvas, colour: str) -> None:
    """Paint everything in one colour."""
    canvas.box(-_MARGIN, -_MARGIN, WIDTH + 2 * _MARGIN, HEIGHT + 2 * _MARGIN, colour=colour)


def tiled_wall(canvas: Canvas, colour: str, joint: str) -> None:
    """Paint a wall of brick-shaped tiles."""
    fill(canvas, colour)
    for row in range(7):
        canvas.box(-_MARGIN, 40 * row, WIDTH + 2 * _MARGIN, 2.5, colour=joint)
        for x in range(-60 + 40 * (row % 2), WIDTH + 60, 80):
            canvas.box(x, 40 * row, 2.5, 40, colour=joint)


def worktop(canvas: Canvas, colour: str, edge: str) -> None:
    """Paint a kitchen top in front of a wall."""
    canvas.box(-_MARGIN, 286, WIDTH + 2 * _MARGIN, 100, colour=colour)
    canvas.box(-_MARGIN, 280, WIDTH + 2 * _MARGIN, 12, colour=edge)


def shelf(canvas: Canvas) -> None:
    """Paint a shelf with jars and a plant."""
    canvas.box(30, 96, 190, 10, colour="#a86d3e")
    canvas.box(30, 104, 190, 4, colour="#8a5730")
    for x, height, colour in ((52, 46, "#e9c46a"), (98, 58, "#e76f51"), (144, 40, "#f1efe8")):
        canvas.box(x, 96 - height, 34, height, colour=colour)
        canvas.box(x + 4, 104 - height, 7, height - 14, colour=blend(colour, "#ffffff", 0.4))
        canvas.box(x - 1, 90 - height, 36, 9, colour="#7a4a2b")
    for lean in (-22, -8, 8, 24):
        canvas.line([200 + 84j, 200 + lean + (40 + abs(lean) / 2) * 1j], 9, CHIVE)
    canvas.polygon([186 + 74j, 216 + 74j, 211 + 97j, 191 + 97j], "#d9734e")


def hood(canvas: Canvas) -> None:
    """Paint a cooker hood."""
    canvas.box(60, -_MARGIN, 300, 26 + _MARGIN, colour="#9aa3ab")
    canvas.polygon([60 + 26j, 360 + 26j, 400 + 62j, 20 + 62j], "#b7c0c8")


def planks(canvas: Canvas) -> None:
    """Paint a wooden table."""
    rng = np.random.default_rng(2)
    for row in range(6):
        canvas.box(-_MARGIN, 62 * row, WIDTH + 2 * _MARGIN, 62, colour=blend("#e4c598", "#d8b482", rng.uniform()))
        canvas.box(-_MARGIN, 62 * row, WIDTH + 2 * _MARGIN, 2, colour="#b98f5d")
        for x in rng.uniform(0, WIDTH, 5):
            canvas.box(x, 62 * row + rng.uniform(8, 50), rng.uniform(40, 130), 1.5, colour="#c9a473")


def cloth(canvas: Canvas, colour: str, ground: str) -> None:
    """Paint a chequered towel around the origin."""
    canvas.shadow(6, 10, 170, 130)
    canvas.box(-150, -110, 300, 220, colour=ground)
    for k in range(10):
        canvas.box(-150 + 32 * k, -110, 12, 220, colour=colour, opacity=0.75)
    for k in range(7):
        canvas.box(-150, -104 + 32 * k, 300, 12, colour=colour, opacity=0.75)


def gingham(canvas: Canvas) -> None:
    """Paint a tablecloth with large checks."""
    fill(canvas, "#fbf3ee")
    for k in range(-1, 10):
        canvas.box(72 * k, -_MARGIN, 36, HEIGHT + 2 * _MARGIN, colour="#d1344b", opacity=0.5)
        canvas.box(-_MARGIN, 72 * k, WIDTH + 2 * _MARGIN, 36, colour="#d1344b", opacity=0.5)


def stove(canvas: Canvas) -> None:
    """Paint a steel stove from above, with four places to cook."""
    fill(canvas, "#77828d")
    for x, y in ((40, 40), (40, 330), (545, 40), (545, 330)):
        for radius, colour in ((92, "#69737d"), (84, "#7f8a95"), (50, "#69737d"), (44, "#5a636c")):
            canvas.disc(x, y, radius, colour=colour)
