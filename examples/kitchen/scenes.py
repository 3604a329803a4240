"""The scenes of the demo video: each paints one moment of one step of a recipe, `t` seconds after the step began."""

from __future__ import annotations

import numpy as np

from kitchen import places, things
from kitchen.canvas import WIDTH, Canvas, between, blend, rising
from kitchen.things import BEATEN, CHIVE, EGG_WHITE, PEPPER, YOLK


def title(canvas: Canvas, t: float) -> None:
    """Paint the title card: a fried egg before turning rays."""
    places.fill(canvas, "#24655f")
    rays = canvas.at(WIDTH / 2, 150, turn=12 * t)
    for ray in range(18):
        rays.polygon([0, *(520 * np.exp(2j * np.pi * (ray + np.array([0, 0.5])) / 18))], "#2f7f79")
    egg = canvas.at(WIDTH / 2, 140, size=0.7 + 0.3 * rising(t, 0, 0.7), turn=4 * np.sin(2 * t))
    around = np.exp(2j * np.pi * np.arange(90) / 90)
    edge = around * (96 + 9 * np.sin(3 * np.angle(around) + 1) + 6 * np.sin(5 * np.angle(around)))
    egg.polygon(edge + 6 + 9j, "#1c4f4b")
    egg.polygon(edge, EGG_WHITE)
    egg.disc(4, -6, 42, colour="#e8941a")
    egg.disc(4, -8, 40, colour=YOLK)
    egg.disc(-10, -24, 10, 6, colour="#ffe2a0")
    canvas.text(WIDTH / 2, 278, "Creamy scrambled eggs", 40, EGG_WHITE, anchor="mm", bold=True)
    canvas.text(WIDTH / 2, 318, "from shell to plate in seven steps", 19, "#bfe3dc", anchor="mm")


def crack(canvas: Canvas, t: float) -> None:
    """Paint two eggs being cracked into a bowl, three seconds each."""
    places.tiled_wall(canvas, "#86cabf", "#97d5cb")
    places.shelf(canvas)
    places.worktop(canvas, "#c88a56", "#dca36c")
    cracked, beat = divmod(t, 3)
    things.carton(canvas.at(112, 262), eggs=4 - int(cracked) - (beat > 0.5))
    in_bowl = min(int(cracked) + (beat > 2.25), 2)

    def yolks(bowl: Canvas) -> None:
        for radius, depth, colour in ((44, 4, "#fdf3cf"), (19, 1, YOLK)):
            for k in range(in_bowl):
                bowl.disc(-24 + 48 * k, depth, radius, 9, colour=colour)

    things.bowl(canvas.at(360, 205), yolks)
    _crack_one(canvas, beat)


def _crack_one(canvas: Canvas, beat: float) -> None:
    in_carton, at_rim, over_bowl = 112 + 226j, 298 + 166j, 372 + 104j
    place = between(in_carton, at_rim, rising(beat, 0.5, 1.0))
    place += 24j * abs(np.sin(3 * np.pi * rising(beat, 1.0, 1.6))) * (beat < 1.6)
    place = between(between(place, over_bowl, rising(beat, 1.6, 1.95)), in_carton, rising(beat, 2.5, 3.0))
    fall = max(beat - 2.05, 0)
    if 0 < fall < 0.28:
        drop = place.imag + 22 + 1050 * fall**2
        canvas.disc(place.real - 18, drop, 10, 24, colour="#fbf5e3")
        canvas.disc(place.real - 18, drop + 8, 15, colour=YOLK)

    def egg(fist: Canvas) -> None:
        if 0.5 < beat < 2.4:
            things.egg(fist.at(-27, 3, turn=42), gap=16 * rising(beat, 1.95, 2.15))

    things.hand(canvas.at(place.real, place.imag, turn=-42), egg)


def whisk(canvas: Canvas, t: float) -> None:
    """Paint eggs being whisked: the yolks break and everything turns yellow. The camera shakes along."""
    shaken = canvas.at(1.5 * np.sin(9 * t), 1.2 * np.sin(11 * t))
    places.fill(shaken, "#ecdcc4")
    places.cloth(shaken.at(70, 60, turn=-18), "#3f6fb5", "#eef2f8")
    mixed = rising(t, 0.3, 3.5)
    angle = 3.2 * t + 1.1 * t * min(t, 3)
    bowl = shaken.at(310, 178)
    things.bowl_from_above(bowl, blend("#fdf3cf", BEATEN, mixed))
    _streaks(bowl, angle, mixed)
    around = 62 * np.exp(1j * angle)
    things.whisk(bowl.at(around.real, around.imag, turn=32 + 6 * np.cos(angle)))


def _streaks(bowl: Canvas, angle: float, mixed: float) -> None:
    along = np.linspace(0, 1, 16)
    for k in range(7):
        radius = (30 + 13 * k) * (1 + 0.08 * along)
        turn = 0.8 * angle * (1 - k / 12) + 2.4 * k + (0.7 + 1.1 * mixed) * along
        bowl.line(radius * np.exp(1j * turn), 9 - 5 * mixed, blend(YOLK, "#fde58f", mixed))
    for k in (0, 1):
        yolk = 46 * np.exp(1j * (0.7 * angle + np.pi * k))
        bowl.disc(yolk.real, yolk.imag, 30 * (1 - mixed), 22 * (1 - mixed), colour=YOLK)


def melt(canvas: Canvas, t: float) -> None:
    """Paint butter melting in a pan that is swayed over the flame."""
    places.stove(canvas)
    ring = np.exp(2j * np.pi * np.arange(36) / 36)
    things.flames(canvas.at(292, 180), t, 138 * ring, way=0, size=22)
    sway = np.exp(2.4j * t)
    pan = canvas.at(292 + 9 * sway.real, 180 + 6 * sway.imag)
    things.pan_from_above(pan, 138)
    melted = rising(t, 0.4, 4.6)
    slide = (26 + 20 * melted) * np.exp(1j * (2.4 * t - 0.9))
    _puddle(pan.at(0.4 * slide.real, 0.4 * slide.imag), t, 20 + 72 * melted, bubbles=int(22 * melted))
    butter = pan.at(slide.real, slide.imag, turn=40 * np.sin(1.7 * t), size=1.15 - 0.95 * melted)
    butter.box(-26, -16, 56, 40, colour="#d9b03c")
    butter.box(-28, -22, 56, 40, colour="#ffe38a")
    butter.box(-28, -22, 56, 12, colour="#fff0b8")
    things.hand(pan.at(282, 10, turn=4), size=1.15)


def _puddle(pan: Canvas, t: float, radius: float, *, bubbles: int) -> None:
    around = np.exp(2j * np.pi * np.arange(80) / 80)
    wobble = 1 + 0.05 * np.sin(3 * np.angle(around) + 1.5 * t) + 0.03 * np.sin(7 * np.angle(around) - 2 * t)
    pan.polygon(around * radius * wobble, "#f2c94c")
    pan.polygon(around * radius * wobble * 0.93 - 2 - 3j, "#f7da74")
    for k in range(bubbles):
        spot = 0.85 * radius * np.sqrt((k * 0.618) % 1) * np.exp(2.4j * k)
        pan.disc(spot.real, spot.imag, 2.4 + 1.8 * np.sin(7 * t + k), colour="#fff3c4")


def pour(canvas: Canvas, t: float) -> None:
    """Paint the eggs being poured from the bowl into the pan."""
    places.tiled_wall(canvas, "#e7a27a", "#efb08a")
    places.hood(canvas)
    places.worktop(canvas, "#4a4e55", "#666b73")
    tilt = rising(t, 0.6, 1.6) * (1 - rising(t, 3.7, 4.4))
    filled = rising(t, 1.5, 3.8)
    things.flames(canvas.at(230, 290), t, np.arange(-76, 77, 19), size=15)
    things.pan(canvas.at(230, 232), filled=filled)
    place = between(470 + 112j, 398 + 90j, tilt)
    bowl = canvas.at(place.real, place.imag, turn=-52 * tilt, size=0.88)
    if 1.3 < t < 4:
        lip = place - 84 * np.exp(-1j * np.radians(52 * tilt))
        _stream(canvas, lip, 15 * min(rising(t, 1.3, 1.6), 1 - rising(t, 3.7, 4.0)), sway=3 * np.sin(9 * t))
    things.bowl(bowl, lambda inside: inside.disc(-14 * tilt, 3, 82 * (1 - filled), 10 * (1 - filled), colour=BEATEN))
    grip = place + 76 * np.exp(-1j * np.radians(52 * tilt)) + 12j
    things.hand(canvas.at(grip.real, grip.imag, turn=-16))
    things.steam(canvas, 175, 215, t, strength=filled)


def _stream(canvas: Canvas, lip: complex, width: float, *, sway: float) -> None:
    fallen = np.linspace(0, 1, 12)
    arc = lip + 8 - 3j + (sway - 40) * fallen + 1j * (238 - lip.imag) * fallen**2
    canvas.line(arc, width, BEATEN)
    canvas.line(arc - width / 5, width / 4, "#fdeaa0")


def stir(canvas: Canvas, t: float) -> None:
    """Paint curds forming under a spatula, close up."""
    places.fill(canvas, "#1b1d21")
    egg = canvas.at(320, 186)
    things.pan_from_above(egg, 262)
    egg.disc(0, 0, 214, colour="#f6cf55")
    wake = _spatula_path(t - np.linspace(0.35, 0.02, 10))
    egg.line(wake, 44, "#dca93a")
    egg.line(wake, 26, "#b8862c")
    blade = complex(_spatula_path(t))
    for place, radius, colour in _curds(t, blade, rising(t, 0, 5)):
        things.curd(egg, place, radius, colour)
    things.spatula(egg.at(blade.real, blade.imag, turn=24 + 12 * np.sin(2.6 * t)))
    things.steam(canvas, 250, 150, t, strength=0.8)


def _spatula_path(t: float | np.ndarray) -> np.ndarray:
    return np.asarray(116 * np.cos(2.6 * t) + 62j * np.sin(5.2 * t))


def _curds(t: float, blade: complex, firm: float) -> list[tuple[complex, float, str]]:
    """Return place, radius and colour of each curd: they drift round the pan, give way to the blade and grow."""
    rng = np.random.default_rng(7)
    radius, angle = 200 * np.sqrt(rng.uniform(0.02, 1, 80)), rng.uniform(0, 2 * np.pi, 80)
    place = radius * (1 - 0.12 * firm) * np.exp(1j * (angle + 0.25 * np.sin(2.6 * t) * (1.2 - radius / 220)))
    away = place - blade
    distance = np.maximum(np.abs(away), 1)
    place = place + 46 * away / distance * np.exp(-((distance / 60) ** 2))
    sizes = rng.uniform(9, 19, 80) * (0.35 + 0.85 * firm)
    colours = (blend(BEATEN, "#ffe58d", share) for share in rng.uniform(0, 1, 80))
    return list(zip(place, sizes, colours, strict=True))


def season(canvas: Canvas, t: float) -> None:
    """Paint pepper being ground and chives being strewn over the eggs."""
    places.planks(canvas)
    places.cloth(canvas.at(560, 330, turn=24), "#5c9e6f", "#eef5ea")
    pan = canvas.at(268, 190)
    pan.shadow(10, 14, 150, 146)
    things.pan_from_above(pan, 140)
    things.heap(pan, 112, seed=3, curds=60)
    things.strewn(pan, 70 * rising(t, 0.9, 2.6), PEPPER, seed=5, size=1.5)
    things.strewn(pan, 46 * rising(t, 3.2, 5.1), CHIVE, seed=8, size=4.2)
    if t < 2.9:
        _grind(canvas, t)
    else:
        _strew_chives(canvas, t)


def _grind(canvas: Canvas, t: float) -> None:
    place = between(640 - 180j, 330 + 92j, rising(t, 0, 0.7) - rising(t, 2.5, 2.9))
    grinding = 0.8 < t < 2.5
    if grinding:
        things.falling(canvas, place + 4j, t, PEPPER, size=1.4)
    canvas.shadow(place.real + 40, place.imag + 60, 46, 26)
    things.hand(canvas.at(place.real, place.imag, turn=-32 + 22 * np.sin(9 * t) * grinding), things.pepper_mill, size=1.05)


def _strew_chives(canvas: Canvas, t: float) -> None:
    place = between(660 - 180j, 330 + 96j, rising(t, 2.9, 3.3) - rising(t, 5.1, 5.5))
    strewing = 3.2 < t < 5.1
    if strewing:
        place += 30 * np.sin(4 * t)
        things.falling(canvas, place - 16 + 18j, t, CHIVE, size=3.4)
    canvas.shadow(place.real + 40, place.imag + 60, 46, 26)
    things.hand(canvas.at(place.real, place.imag, turn=-36 + 8 * np.sin(12 * t)))


def serve(canvas: Canvas, t: float) -> None:
    """Paint toast, then three spoonfuls of egg, then a fork; the camera moves closer at the end."""
    near = canvas.zoomed(1 + 0.28 * rising(t, 4.4, 6), x=330, y=190)
    places.gingham(near)
    plate = near.at(330, 186)
    things.plate(plate)
    things.toast(plate.at(-460 + 442 * rising(t, 0.1, 0.9), 4, turn=-12))
    for visit, (x, y) in enumerate(((-40, 14), (18, 8), (-8, -26))):
        served = rising(t, 1.55 + 0.95 * visit, 1.75 + 0.95 * visit)
        if served:
            things.heap(plate.at(x, y, size=served), 46, seed=11 + visit)
    things.strewn(plate.at(-10, 0), 26 * rising(t, 4.1, 4.6), CHIVE, seed=21, size=3.6, radius=58)
    things.fork(near.at(-62 + 200 * rising(t, 3.9, 4.5), 190))
    if 1.05 <= t < 3.9:
        spoonful, beat = divmod(t - 1.05, 0.95)
        _bring_egg(near, int(spoonful), beat)


def _bring_egg(canvas: Canvas, visit: int, beat: float) -> None:
    place = between(720 + 330j, 322 + 30 * visit + 190j, rising(beat, 0, 0.45) - rising(beat, 0.6, 0.95))
    blade = canvas.at(place.real, place.imag, turn=26)
    things.spatula(blade)
    if beat < 0.55:
        things.heap(blade, 34, seed=11 + visit)
