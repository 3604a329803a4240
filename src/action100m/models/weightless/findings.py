"""What the measurements of a stretch of video add up to: how the camera moved, what moved before it and where, which colours, which cuts.

Every finding is a plain value with its unit. `preview.py` puts them into words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from action100m.video.colours import COLOUR_NAMES
from action100m.video.signals import SHOT_CHANGE, Signals

CameraMotion = Literal["still", "directed", "unsteady", "unknown"]
"""directed: it gets somewhere, by a pan, tilt or zoom. unsteady: it moves but ends about where it began, as in a hand. unknown: it cannot be told."""

_STILL_SPEED: Final = 0.02
"""Picture widths a second. Cameras on a tripod measure below 0.01, held in a hand 0.03 and more."""
_STILL_ZOOM: Final = 0.03
"""Share a second."""
_LEAST_PAN: Final = 0.08
"""Of the picture's width or height, over the whole stretch: less is not worth telling, or a jolt."""
_LEAST_ZOOM: Final = 0.08
"""Share by which the picture grows or shrinks over the whole stretch."""
_STRAIGHT: Final = 0.5
"""Share of the way that the camera moved which brings it forward: less is to and fro."""
_LEAST_KNOWN: Final = 0.5
"""Share of the frames whose camera movement must be known to tell of it."""
_LEAST_COLOUR: Final = 0.12
"""Share of the picture from which a colour counts as dominant."""
_MOST_COLOURS: Final = 3
_LEAST_MOVING: Final = 0.2
"""Share of the time: a camera that moves for less is still, and something large passed before it, or it was touched."""
_LEAST_CHANGE: Final = 0.003
"""Mean share of the liveliest ninth that changes, below which nothing moves: noise."""
_LEAST_BESIDE_CAMERA: Final = 0.02
"""The same under a moving camera, which leaves some edges unexplained."""
_BURST: Final = 10.0
"""Times that share which one moment must reach to be told of although little moves before and after."""
_CONCENTRATED: Final = 0.6
"""Share of all movement that a row or column of the picture must hold to be named as its place."""
_PEAK: Final = 3.0
"""Times the mean from which the largest movement stands out."""
_LEAST_FRAMES: Final = 8
"""In fewer, about a second, a peak is no news."""

Row = Literal["upper", "middle", "lower"]
Column = Literal["left", "middle", "right"]
_ROWS: Final[tuple[Row, ...]] = get_args(Row)
_COLUMNS: Final[tuple[Column, ...]] = get_args(Column)


@dataclass(frozen=True, slots=True)
class Camera:
    """How the camera moved over a stretch of video."""

    motion: CameraMotion
    right: float = 0.0
    """Net turn to the right, in picture widths; 0 where it is none to speak of."""
    down: float = 0.0
    """Net turn downwards, in picture heights, likewise."""
    growth: float = 0.0
    """Net growth of the picture, as a share: 0.5 is half as large again, likewise."""
    moving: float = 0.0
    """Share of the time in which it moved."""


@dataclass(frozen=True, slots=True)
class Activity:
    """What moved on its own."""

    amount: float
    """Mean share of the picture that changes from one sampled frame to the next."""
    row: Row | None = None
    column: Column | None = None
    """Where most of it is; None where it is spread."""
    peak: float | None = None
    """Seconds at which there is most, where that stands out."""


def dominant_colours(signals: Signals) -> tuple[tuple[str, float], ...]:
    """Return (name, mean share of the picture) of the colours that stand out, the largest first."""
    shares = signals.colours.mean(axis=0)
    order = np.argsort(-shares, kind="stable")[:_MOST_COLOURS]
    return tuple((COLOUR_NAMES[number], float(shares[number])) for number in order if shares[number] >= _LEAST_COLOUR)


def shot_changes(signals: Signals) -> tuple[float, ...]:
    """Return the times of shot changes in seconds: midway between the frames on either side, as all boundaries are.

    The first frame given is compared with one outside, and left out.
    """
    midway = (signals.seconds[1:] + signals.seconds[:-1]) / 2
    return tuple(midway[signals.change[1:] >= SHOT_CHANGE].tolist())


def camera(signals: Signals) -> Camera:
    """Return how the camera moved between the first frame given and the last."""
    known = np.isfinite(signals.zoom[1:])
    if not len(known) or known.mean() < _LEAST_KNOWN:
        return Camera("unknown")
    passed = np.diff(signals.seconds)[known]
    pan, zoom = signals.pan[1:][known].astype(np.float64), signals.zoom[1:][known].astype(np.float64)
    moves = (np.linalg.norm(pan, axis=1) >= _STILL_SPEED) | (np.abs(zoom) >= _STILL_ZOOM)
    moving = float(passed[moves].sum() / passed.sum())
    if moving < _LEAST_MOVING:
        return Camera("still", moving=moving)
    steps = passed * moves  # slower than a camera moves is rounding, which would add up
    right, down = _net(pan * steps[:, None], _LEAST_PAN)
    growth = _net((zoom * steps)[:, None], _LEAST_ZOOM)[0]
    return Camera("directed" if right or down or growth else "unsteady", right, down, growth, moving)


def _net(steps: NDArray[np.float64], least: float) -> list[float]:
    """Return how far steps (n, axes) lead along each axis, or 0 where that is below `least`; 0 for all where they mostly lead to and fro."""
    net = steps.sum(axis=0)
    straight = np.linalg.norm(net) >= _STRAIGHT * np.linalg.norm(steps, axis=1).sum()
    return [float(step) if straight and abs(step) >= least else 0.0 for step in net]


def activity(signals: Signals, seen_by: Camera) -> Activity | None:
    """Return what moved on its own between the first frame given and the last; None where nothing did, or there is nothing to compare."""
    known = np.isfinite(signals.motion[1:]).all(axis=(1, 2))
    ninths = signals.motion[1:][known].astype(np.float64)
    least = _LEAST_BESIDE_CAMERA if seen_by.motion in ("directed", "unsteady") else _LEAST_CHANGE
    if not len(ninths) or (ninths.mean(axis=0).max() < least and ninths.max() < _BURST * least):
        return None
    where, when = ninths.mean(axis=0), ninths.mean(axis=(1, 2))
    apart = np.maximum(where - np.median(where), 0.0)  # what is everywhere has no place
    spread = where.sum() > _CONCENTRATED**-1 * apart.sum()
    row, column = (None, None) if spread else (_concentrated(apart.sum(axis=1)), _concentrated(apart.sum(axis=0)))
    stands_out = len(when) >= _LEAST_FRAMES and when.max() >= _PEAK * when.mean()
    return Activity(
        amount=float(where.mean()),
        row=None if row is None else _ROWS[row],
        column=None if column is None else _COLUMNS[column],
        peak=float(signals.seconds[1:][known][when.argmax()]) if stands_out else None,
    )


def _concentrated(parts: NDArray[np.float64]) -> int | None:
    """Return which part holds most of the sum, if one does."""
    most = int(parts.argmax())
    return most if parts[most] >= _CONCENTRATED * parts.sum() > 0 else None
