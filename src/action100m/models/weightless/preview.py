"""A weightless captioner that says only what was measured, and what the transcript says.

It names no thing and nobody, because nothing that it rests on does. For a quick look at a tree, and for machines without a GPU.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal

from pydantic import ConfigDict

from action100m.models.base import CaptionReply, CaptionRequest, Evidence
from action100m.models.weightless.findings import Activity, Camera, activity, camera, dominant_colours, shot_changes
from action100m.video.signals import Signals
from action100m.video.video import Cue

_BRIGHTNESS: Final = ((0.04, "black"), (0.2, "very dark"), (0.35, "dark"), (0.6, "moderately bright"), (0.8, "bright"), (math.inf, "very bright"))
"""(mean luma below which, word)."""
_FADE: Final = 0.15
"""Change of mean luma, from the first quarter of the frames to the last, that is told."""
_LOW_CONTRAST: Final = 0.08
_AMOUNTS: Final = ((0.01, "Slight movement"), (0.05, "Some movement"), (0.15, "Much movement"), (math.inf, "Very much movement"))
"""(mean changing share of the picture below which, words)."""
_ALL_THE_TIME: Final = 0.9
_MOST_TIMES: Final = 6
_MOST_WORDS: Final = 100


@dataclass(frozen=True, slots=True)
class PreviewConfig:
    """The weightless captioner."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    kind: Literal["preview"] = "preview"

    def identity(self) -> dict[str, Any]:
        """Return all that the captions depend on."""
        return {"kind": self.kind, "version": 1}

    def load(self) -> Preview:
        """Return the captioner; there is nothing to load."""
        return Preview()


class Preview:
    """Captioner of the protocol in `models.base`. It does not read the prompt."""

    name = "preview-v1"
    evidence: Evidence = "signals"
    is_free = True

    def caption(self, requests: Iterable[CaptionRequest]) -> Iterator[CaptionReply]:
        """Answer every request.

        Raises:
            ValueError: a request brings no signals.
        """
        return (CaptionReply(request.node, request.field, _caption(request)) for request in requests)


def _caption(request: CaptionRequest) -> str:
    if request.signals is None or not len(request.signals):
        raise ValueError(f"the preview captioner needs the signals of node {request.node}, got {request.signals}")
    if request.field == "frame_caption":
        return f"A {_look(request.signals)}."
    if request.field == "clip_action":
        return _action(request.signals)
    return " ".join(_sentences(request.signals, request.end - request.start, request.transcript))


def _sentences(signals: Signals, duration: float, transcript: Sequence[Cue]) -> Iterator[str]:
    """Yield the sentences of a clip caption. The first one sums up: it becomes the brief summary of an extractive annotation."""
    changes, moves = shot_changes(signals), camera(signals)
    if len(signals) > 1:
        yield f"{duration:.1f} s {_tell_shots(changes)}{_tell_camera(moves, cuts=len(changes))}."
        yield _tell_activity(activity(signals, moves), moves)
    yield f"A {_look(signals)}." if not changes else f"On average, a {_look(signals)}."
    yield from _tell_fade(signals)
    yield from _quote(transcript)


def _tell_shots(changes: Sequence[float]) -> str:
    if not changes:
        return "without a hard cut"
    times = _join([f"{seconds:.1f}" for seconds in changes[:_MOST_TIMES]])
    number = "a hard cut" if len(changes) == 1 else f"{len(changes)} hard cuts,"
    return f"with {number} at {times} s{' and later' if len(changes) > _MOST_TIMES else ''}"


def _tell_camera(moves: Camera, *, cuts: int) -> str:
    """Return the end of a sentence about a stretch of video."""
    share = "" if moves.moving > _ALL_THE_TIME else f" for {moves.moving:.0%} of the time"
    match moves.motion:
        case "unknown":
            return ", in which the camera's own movement cannot be told"
        case "still":
            return ", and no camera movement is measured" + ("" if cuts else ": the shot is static")
        case "unsteady":
            return f", in which the camera is unsteady{share}, to and fro"
    return f", in which the camera {_join([*_tell_turn(moves), *_tell_zoom(moves)])}{f', moving{share}' if share else ''}"


def _tell_turn(moves: Camera) -> Iterator[str]:
    if moves.right:
        yield f"pans {'right' if moves.right > 0 else 'left'} by {abs(moves.right):.0%} of the picture's width"
    if moves.down:
        yield f"tilts {'down' if moves.down > 0 else 'up'} by {abs(moves.down):.0%} of its height"


def _tell_zoom(moves: Camera) -> Iterator[str]:
    """A zoom, and a camera that goes nearer, look alike."""
    if moves.growth:
        yield "zooms in or comes nearer" if moves.growth > 0 else "zooms out or goes back"


def _tell_activity(found: Activity | None, moves: Camera) -> str:
    if found is None:
        other = "else " if moves.motion in ("directed", "unsteady") else ""
        return f"Too little {other}moves to be measured."
    amount = next(words for bound, words in _AMOUNTS if found.amount < bound)
    share = "less than 1%" if found.amount < 0.01 else f"about {found.amount:.0%}"
    peak = "" if found.peak is None else f", most of it around {found.peak:.1f} s"
    return f"{amount} {_place(found)}{peak}: {share} of the picture changes at a time."


def _place(found: Activity) -> str:
    match found.row, found.column:
        case None, None:
            return "all over the picture"
        case None, "middle":
            return "down the middle"
        case None, side:
            return f"on the {side}"
        case "middle", None:
            return "across the middle"
        case row, None:
            return f"in the {row} part"
        case "middle", "middle":
            return "in the middle"
        case row, column:
            return f"in the {row} {column}"


def _look(signals: Signals) -> str:
    """Return brightness, contrast and colours as a noun phrase."""
    brightness = next(word for bound, word in _BRIGHTNESS if signals.brightness.mean() < bound)
    contrast = " with little contrast" if signals.contrast.mean() < _LOW_CONTRAST else ""
    colours = _join([f"{name} ({share:.0%})" for name, share in dominant_colours(signals)])
    return f"{brightness} picture{contrast}, {f'mostly {colours}' if colours else 'of many colours'}"


def _tell_fade(signals: Signals) -> Iterator[str]:
    quarter = len(signals) // 4
    if quarter and not shot_changes(signals):
        first, last = float(signals.brightness[:quarter].mean()), float(signals.brightness[-quarter:].mean())
        if abs(last - first) >= _FADE:
            yield f"It gets {'brighter' if last > first else 'darker'}, from {first:.0%} of full brightness to {last:.0%}."


def _quote(transcript: Sequence[Cue]) -> Iterator[str]:
    words = " ".join(cue.text for cue in transcript).split()
    if words:
        yield f'The transcript says: "{" ".join(words[:_MOST_WORDS])}{" ..." if len(words) > _MOST_WORDS else ""}"'


def _action(signals: Signals) -> str:
    """Return a short phrase: shot changes, camera, movement, or that there is none."""
    changes, moves = shot_changes(signals), camera(signals)
    found = activity(signals, moves)
    parts = [f"{len(changes)} hard cut{'s' * (len(changes) > 1)}"] if changes else []
    verbs = [phrase.split(" by ")[0].split(" or ")[0] for phrase in (*_tell_turn(moves), *_tell_zoom(moves))]
    parts += [f"camera {_join(verbs)}"] if verbs else ["camera unsteady"] if moves.motion == "unsteady" else []
    parts += [f"movement {_place(found)}"] if found else []
    return ", ".join(parts) or "no movement measured"


def _join(parts: Sequence[str]) -> str:
    """Return "a", "a and b" or "a, b and c"."""
    return " and ".join([", ".join(parts[:-1]), *parts[-1:]] if len(parts) > 1 else parts)
