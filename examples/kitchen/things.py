"""Hands, food, dishes and tools, each drawn in its own coordinates around its origin."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kitchen.canvas import Canvas, Points, blend

YOLK, EGG_WHITE, BEATEN, CHIVE, PEPPER = "#f6a623", "#fff6df", "#f9d45c", "#4e9f3d", "#2a211b"
_SKIN, _SKIN_SHADE, _SLEEVE, _SLEEVE_LIGHT, _CUFF = "#e9b48f", "#cf9471", "#e4572e", "#f07a55", "#f7e9d7"
_SHELL, _CHINA, _CHINA_SHADE, _STEEL, _WOOD = "#f3dcc2", "#f4f1ea", "#dcd5c8", "#c9d1d8", "#b97a44"
_IRON, _IRON_MID, _IRON_LIGHT, _IRON_EDGE = "#23262b", "#2c3036", "#3d424a", "#565c66"
_HALF_CIRCLE = np.exp(1j * np.pi * np.arange(33) / 32)
"""From the right over the bottom to the left: y grows downwards."""


def hand(canvas: Canvas, tool: Callable[[Canvas], None] | None = None, *, size: float = 1) -> None:
    """Draw an arm from the right. Its fist is at the origin, around a tool if there is one: thumb behind it, fingers before it."""
    arm = canvas.at(0, 0, size=size)
    arm.line([96, 700], 62, _SLEEVE)
    arm.line([92 - 16j, 700 - 16j], 12, _SLEEVE_LIGHT)
    arm.line([90 - 26j, 90 + 26j], 18, _CUFF)
    arm.line([84, 22], 42, _SKIN)
    arm.line([24 + 14j, 4 + 26j, -14 + 22j], 13, _SKIN_SHADE)
    arm.disc(18, 0, 30, 27, colour=_SKIN)
    if tool:
        tool(arm)
    for k in range(4):
        knuckle, tip = 14 + (-19 + 12 * k) * 1j, (-22 + 3 * abs(k - 1)) + (-17 + 10.5 * k) * 1j
        arm.line([knuckle + 1.5j, tip + 1.5j], 12, _SKIN_SHADE)
        arm.line([knuckle, tip], 11.5, _SKIN)
        arm.disc(tip.real - 1, tip.imag, 3.2, 2.6, colour="#f6d3bd")


def egg(canvas: Canvas, *, gap: float) -> None:
    """Draw an egg, whole or broken in two halves that are `gap` away from the middle."""
    for side, colour in ((-1, _SHELL), (1, "#ead0b3")):
        half = canvas.at(side * gap, -gap / 3, turn=side * gap * 1.6)
        arc = _HALF_CIRCLE * -1j
        shell = side * 20 * arc.real + 25j * arc.imag
        half.polygon(shell, colour)
        if gap:
            half.polygon([shell[0], 4 * side - 10j, -3 * side - 3j, 4 * side + 4j, -2 * side + 12j, shell[-1]], EGG_WHITE)


def carton(canvas: Canvas, *, eggs: int) -> None:
    """Draw a carton for four eggs."""
    canvas.shadow(0, 34, 92, 14)
    for k in range(eggs):
        canvas.disc(-54 + 36 * k, -22, 16, 20, colour=_SHELL)
        canvas.disc(-58 + 36 * k, -28, 5, 7, colour="#fdf0df")
    canvas.polygon([-82 - 14j, 82 - 14j, 74 + 34j, -74 + 34j], "#8d99a6")
    for k in range(4):
        canvas.disc(-54 + 36 * k, -14, 16, 8, colour="#76828f")
    canvas.box(-78, 6, 156, 5, colour="#a7b2bd")


def bowl(canvas: Canvas, content: Callable[[Canvas], None]) -> None:
    """Draw a bowl from the side, its rim around the origin, with what is in it."""
    canvas.disc(0, 0, 100, 17, colour="#d8d0c2")
    canvas.disc(0, 2, 93, 13, colour="#bfb6a6")
    content(canvas)
    body = 100 * _HALF_CIRCLE.real + 1j * (3 + 84 * _HALF_CIRCLE.imag)
    rim = 100 * _HALF_CIRCLE.real + 17j * _HALF_CIRCLE.imag
    canvas.polygon([*body, *rim[::-1]], _CHINA)
    canvas.polygon([*(0.98 * body[:14]), *(0.78 * body[:14][::-1] + 6j)], _CHINA_SHADE)
    canvas.box(-38, 82, 76, 9, colour=_CHINA_SHADE)


def bowl_from_above(canvas: Canvas, liquid: str) -> None:
    """Draw a bowl that is full."""
    canvas.shadow(10, 14, 162, 160)
    for radius, colour in ((152, "#d8d0c2"), (146, _CHINA), (136, "#e2dbcd"), (124, liquid)):
        canvas.disc(0, 0, radius, colour=colour)


def whisk(canvas: Canvas) -> None:
    """Draw a whisk, its wires around the origin, and the hand that holds it."""
    canvas.shadow(24, 22, 60, 20)
    loop = np.exp(2j * np.pi * np.arange(41) / 40)
    for spread in (26, 17, 8):
        canvas.line(-4 + 52 * loop.real + 1j * spread * loop.imag, 3, _STEEL)
    canvas.line([-56, 50], 3, "#e6ebef")

    def handle(fist: Canvas) -> None:
        fist.line([-106, 6], 12, "#8b97a2")
        fist.line([-102 - 2j, -10 - 2j], 4, _STEEL)

    hand(canvas.at(152, 0), handle)


def spatula(canvas: Canvas) -> None:
    """Draw a spatula, its blade around the origin, and the hand that holds it."""
    canvas.shadow(10, 16, 44, 34)
    canvas.line([-22 - 18j, 18 - 20j, 34, 18 + 20j, -22 + 18j, -22 - 18j], 10, "#2a9d8f")
    canvas.polygon([-24 - 20j, 18 - 22j, 36, 18 + 22j, -24 + 20j], "#2a9d8f")
    canvas.polygon([-24 - 20j, -14 - 21j, -14 + 21j, -24 + 20j], "#52bdb0")

    def handle(fist: Canvas) -> None:
        fist.line([-162, 6], 13, _WOOD)
        fist.line([-156 - 3j, -10 - 3j], 4, "#d69d63")

    hand(canvas.at(196, 0), handle)


def pepper_mill(fist: Canvas) -> None:
    """Draw a mill for a hand that is turned by about -32 degrees: then it stands upright."""
    mill = fist.at(-6, 0, turn=32)
    mill.polygon([-20 - 62j, 20 - 62j, 15 - 6j, 24 + 54j, -24 + 54j, -15 - 6j], "#7a4a2b")
    mill.polygon([-20 - 62j, -8 - 62j, -6 - 6j, -10 + 54j, -24 + 54j, -15 - 6j], "#96613c")
    mill.disc(0, -66, 20, 15, colour="#8a5633")
    mill.disc(0, -84, 7, colour=_STEEL)
    mill.box(-24, 46, 48, 8, colour=_STEEL)


def pan_from_above(canvas: Canvas, radius: float) -> None:
    """Draw an empty pan, its handle to the right."""
    canvas.line([radius * 0.9 + 6j, radius + 240 + 14j], 30, _IRON)
    canvas.line([radius * 0.95, radius + 240 + 8j], 8, _IRON_LIGHT)
    for share, colour in ((1.0, _IRON), (0.96, _IRON_EDGE), (0.93, _IRON_MID), (0.87, _IRON_LIGHT)):
        canvas.disc(0, 0, radius * share, colour=colour)
    canvas.disc(-radius * 0.2, -radius * 0.25, radius * 0.5, radius * 0.42, colour="#4a505a")


def pan(canvas: Canvas, *, filled: float) -> None:
    """Draw a pan from the side, its rim around the origin, filled with beaten egg by a share of its width."""
    canvas.line([-120 + 8j, -300 - 6j], 18, _IRON)
    canvas.disc(0, 0, 136, 19, colour=_IRON_EDGE)
    canvas.disc(0, 2, 130, 16, colour=_IRON_MID)
    if filled:
        canvas.disc(76 * (1 - filled), 5, 122 * filled, 12 * filled, colour=BEATEN)
        canvas.disc(72 * (1 - filled), 3, 90 * filled, 7 * filled, colour="#fce486")
    rim = 136 * _HALF_CIRCLE.real + 19j * _HALF_CIRCLE.imag
    canvas.polygon([*rim, -108 + 42j, 108 + 42j], _IRON)
    canvas.polygon([*rim[3:12], 70 + 38j, 100 + 38j], "#3f444c")


def heap(canvas: Canvas, radius: float, *, seed: int, curds: int = 26) -> None:
    """Draw scrambled egg."""
    rng = np.random.default_rng(seed)
    canvas.disc(4, 7, radius, radius * 0.92, colour="#8a6a1e", opacity=0.35)
    canvas.disc(0, 0, radius * 0.96, radius * 0.88, colour="#f0bf42")
    golden = np.exp(2j * np.pi * 0.618 * np.arange(curds))
    places = radius * 0.88 * np.sqrt((np.arange(curds) + 0.5) / curds) * golden + rng.normal(0, radius / 25, curds)
    for place in rng.permutation(places):
        curd(canvas, place, radius * rng.uniform(0.75, 1.25) / curds**0.5, blend(BEATEN, "#ffe58d", rng.uniform()))


def curd(canvas: Canvas, place: complex, radius: float, colour: str) -> None:
    """Draw one lump of egg with its shade and its gloss."""
    canvas.disc(place.real + 2, place.imag + 0.25 * radius, radius, radius * 0.82, colour="#d9a432")
    canvas.disc(place.real, place.imag, radius, radius * 0.82, colour=colour)
    canvas.disc(place.real - radius * 0.25, place.imag - radius * 0.3, radius * 0.48, radius * 0.28, colour="#fff0b3")


def strewn(canvas: Canvas, count: float, colour: str, *, seed: int, size: float, radius: float = 94) -> None:
    """Draw the first `count` of up to 80 bits that lie about."""
    rng = np.random.default_rng(seed)
    places = radius * np.sqrt(rng.uniform(0, 1, 80)) * np.exp(2j * np.pi * rng.uniform(0, 1, 80))
    ways = size * np.exp(2j * np.pi * rng.uniform(0, 1, 80))
    for place, way in list(zip(places, ways, strict=True))[: int(count)]:
        canvas.line([place - way, place + way], max(size * 0.8, 2), colour)


def falling(canvas: Canvas, source: complex, t: float, colour: str, *, size: float) -> None:
    """Draw bits on their way down from a place, to the lower left."""
    for k in range(16):
        age = (2.2 * t + 0.18 * k) % 1
        place = source + (9 * np.sin(5.1 * k) - 46 * age) + (26 + 84 * age**2) * 1j
        canvas.line([place - size, place + size * 1j], max(size * 0.8, 2), colour)


def steam(canvas: Canvas, x: float, y: float, t: float, *, strength: float) -> None:
    """Draw four wisps that rise from around (x, y)."""
    heights = np.linspace(0, 54, 12)
    for k in range(4):
        age = (0.45 * t + k / 4) % 1
        curl = x + 34 * k + 9 * np.sin(heights / 13 + 3 * t + k) + 1j * (y - 110 * age - heights)
        half_width = 6 * np.sin(np.pi * heights / 54)
        fading = round(0.4 * strength * np.sin(np.pi * age), 2)
        canvas.polygon([*(curl - half_width), *(curl + half_width)[::-1]], "#ffffff", opacity=fading)


def flames(canvas: Canvas, t: float, feet: Points, way: complex = -1j, *, size: float = 16) -> None:
    """Draw gas flames that stand on their feet and flicker."""
    for k, foot in enumerate(feet):
        up = (way if way else foot / abs(foot)) * size * (1 + 0.3 * np.sin(14 * t + 2.1 * k))
        side = 0.5j * size * up / abs(up)
        canvas.polygon([foot - side, foot + side, foot + up], "#4a97f2")
        canvas.polygon([foot - side / 2, foot + side / 2, foot + 0.6 * up], "#cfe6ff")


def plate(canvas: Canvas) -> None:
    """Draw an empty plate from above."""
    canvas.shadow(8, 14, 158, 152)
    for radius, colour in ((150, "#e3e3e6"), (146, "#fbfbfd"), (112, "#e9e9ee"), (108, "#f6f6f9")):
        canvas.disc(0, 0, radius, colour=colour)


def toast(canvas: Canvas) -> None:
    """Draw a slice of toasted bread."""
    canvas.shadow(4, 10, 88, 74)
    for inset, colour in ((0, "#8f5524"), (4, "#b5712f"), (12, "#e0a55c")):
        width, height, ear = 78 - inset, 62 - inset, 30 - inset / 2
        canvas.box(-width, -height * 0.55, 2 * width, height * 1.5, colour=colour)
        for side in (-1, 1):
            canvas.disc(side * (width - 40 + inset / 2), -height * 0.62, ear + 12, ear, colour=colour)
        canvas.disc(0, -height * 0.66, width * 0.6, ear, colour=colour)


def fork(canvas: Canvas) -> None:
    """Draw a fork, its tines up."""
    for dx, colour in ((4, "#9a2b2b"), (0, _STEEL)):
        for tine in (-12, -4, 4, 12):
            canvas.line([tine + dx - 92j, tine * 0.9 + dx - 48j], 4, colour)
        canvas.disc(dx, -44, 14.5, 17, colour=colour)
        canvas.line([dx - 30j, dx + 100j], 9, colour)
    canvas.line([-1.5 - 26j, -1.5 + 98j], 2.5, "#eef2f5")
