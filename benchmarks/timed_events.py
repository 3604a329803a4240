"""Where do the cuts of the descriptor's trees fall, and where did people mark that something begins or ends? See how often they meet.

Of each annotated clip, as many cuts are taken from the top of its tree as it has inner boundaries: distinct starts and ends of events, at least 0.5 s
from both ends of the video, where a tree can cut. Beside it: cuts at even distances, and the highest peaks of PySceneDetect's content score.

    found        share of boundaries that have a cut within 0.5 s
    one-to-one   the same, where each cut counts for one boundary only
    halves       found, over every other clip: figures that one half was chosen by should hold on the other
    clips        mean of found over clips, whatever their number of boundaries

python benchmarks/timed_events.py [--shared ../shared]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tree_cuts import cuts_from_top, embed

TOLERANCE = 0.5
MARGIN = 0.5
"""Seconds: the shortest segment of a tree."""
GOAL = 0.70
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Clip:
    """One annotated clip."""

    path: Path
    end: float
    boundaries: tuple[float, ...]
    presented: np.ndarray
    """Times of its frames, for PySceneDetect, which counts them."""
    tree_cuts: tuple[float, ...]


@dataclass(frozen=True)
class Found:
    """How many boundaries of one clip were found."""

    boundaries: int
    any: int
    one_to_one: int


def load_clips(shared: Path) -> list[Clip]:
    """Embed and cut every clip that has events with inner boundaries."""
    videos = json.loads((shared / "data" / "videos.json").read_text())
    clips = (_load_clip(shared / "data" / "videos" / video["file"], video["events"]) for video in videos if video.get("events"))
    return [clip for clip in clips if clip.boundaries]


def _load_clip(path: Path, events: Sequence[dict[str, Any]]) -> Clip:
    embedded = embed(str(path))
    end = float(embedded.embeddings.edges[-1])
    times = sorted({float(event[side]) for event in events for side in ("start", "end")})
    inner = tuple(time for time in times if MARGIN <= time <= end - MARGIN)
    cuts = tuple(cut.seconds for cut in cuts_from_top(embedded.embeddings))
    return Clip(path, end, inner, embedded.report.presented, cuts)


def even_cuts(clip: Clip) -> list[float]:
    count = len(clip.boundaries)
    return [clip.end * (number + 1) / (count + 1) for number in range(count)]


def tree_cuts(clip: Clip) -> list[float]:
    return list(clip.tree_cuts[: len(clip.boundaries)])


def scene_detect_cuts(clip: Clip) -> list[float]:
    """Return the highest peaks of the content score that lie at least 0.5 s from each other and from the ends."""
    from scenedetect import ContentDetector, SceneManager, StatsManager, open_video

    stats = StatsManager()
    manager = SceneManager(stats)
    manager.add_detector(ContentDetector())
    manager.detect_scenes(open_video(str(clip.path), backend="pyav"))
    scores = [(stats.get_metrics(frame, ["content_val"])[0] or 0.0, time) for frame, time in enumerate(clip.presented.tolist())]
    cuts: list[float] = []
    for _, time in sorted(scores, key=lambda scored: -scored[0]):
        if MARGIN <= time <= clip.end - MARGIN and all(abs(time - cut) >= MARGIN for cut in cuts) and len(cuts) < len(clip.boundaries):
            cuts.append(time)
    return cuts


def match(boundaries: Sequence[float], cuts: Sequence[float]) -> Found:
    """Count the boundaries that a cut lies near to. One-to-one is the largest matching; on a line, pairing from left to right finds it."""
    near = sum(any(abs(boundary - cut) <= TOLERANCE + _ROUNDING for cut in cuts) for boundary in boundaries)
    pairs, left = 0, sorted(cuts)
    for boundary in boundaries:
        while left and left[0] < boundary - TOLERANCE - _ROUNDING:
            left.pop(0)
        if left and left[0] <= boundary + TOLERANCE + _ROUNDING:
            left.pop(0)
            pairs += 1
    return Found(len(boundaries), near, pairs)


def summarise(results: Sequence[Found]) -> dict[str, float]:
    """Return the figures of one row of the table."""

    def share(part: Sequence[Found]) -> float:
        return sum(found.any for found in part) / sum(found.boundaries for found in part)

    return {
        "found": share(results),
        "one-to-one": sum(found.one_to_one for found in results) / sum(found.boundaries for found in results),
        "half 1": share(results[0::2]),
        "half 2": share(results[1::2]),
        "clips": float(np.mean([found.any / found.boundaries for found in results])),
    }


def measure(shared: Path) -> dict[str, dict[str, float]]:
    """Return the figures of each method. That of PySceneDetect is missing where it is not installed."""
    clips = load_clips(shared)
    methods: dict[str, Callable[[Clip], list[float]]] = {"even distances": even_cuts, "descriptor tree": tree_cuts}
    try:
        import scenedetect  # noqa: F401
    except ImportError:
        print("PySceneDetect is not installed, so its row is missing: pip install --no-deps scenedetect opencv-python-headless click platformdirs")
    else:
        methods["PySceneDetect"] = scene_detect_cuts
    print(f"{len(clips)} clips, {sum(len(clip.boundaries) for clip in clips)} inner boundaries")
    return {name: summarise([match(clip.boundaries, method(clip)) for clip in clips]) for name, method in methods.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[2] / "shared")
    rows = measure(parser.parse_args().shared)
    print(f"{'':18}" + "".join(f"{column:>12}" for column in next(iter(rows.values()))))
    for name, figures in rows.items():
        print(f"{name:18}" + "".join(f"{value:12.2f}" for value in figures.values()))
    print(f"goal: {GOAL:.2f} found by the descriptor's trees")


if __name__ == "__main__":
    main()
