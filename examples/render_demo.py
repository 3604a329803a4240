"""Render a short cooking video with its side-cars, all drawn by code: the material of `make demo`.

    python examples/render_demo.py demo

writes demo/cooking.mp4 (640x360, 25 frames per second, H.264), demo/cooking.vtt (what a narrator would say) and demo/cooking.info.json (title,
description and so on, as video downloaders write it). The same files come out each time. Steps follow each other by hard cuts at the times that
`steps()` gives, so a test can tell whether a tree found them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from kitchen import scenes
from kitchen.canvas import HEIGHT, WIDTH, Canvas

FPS = 25

_SCRIPT: tuple[tuple[str, float, Callable[[Canvas, float], None], tuple[str, ...]], ...] = (
    ("Welcome", 2.6, scenes.title, ("Let's make creamy scrambled eggs.",)),
    ("Crack the eggs", 6.0, scenes.crack, ("Crack the first egg into the bowl.", "Now add the second egg.")),
    ("Whisk", 5.0, scenes.whisk, ("Break the yolks with the whisk.", "Whisk the eggs until they are evenly yellow.")),
    ("Melt the butter", 5.0, scenes.melt, ("Melt a piece of butter in the pan.", "Sway the pan until the butter foams.")),
    ("Pour in the eggs", 4.6, scenes.pour, ("Pour the eggs into the hot pan.",)),
    ("Stir", 5.2, scenes.stir, ("Stir the eggs slowly with a spatula.", "Little by little, soft curds appear.")),
    ("Season", 5.6, scenes.season, ("Grind some pepper over the eggs.", "Sprinkle chopped chives on top.")),
    ("Serve", 6.0, scenes.serve, ("Put a slice of toast on a plate.", "Spoon the eggs onto the toast.")),
)
"""Title, seconds, how it looks, and what is said, spread evenly."""

_PAUSE = 0.25
"""Seconds of silence before and after each sentence: nobody speaks across a cut."""


@dataclass(frozen=True, slots=True)
class Step:
    """One scene of the video, the interval [start, end) in seconds."""

    title: str
    start: float
    end: float
    narration: tuple[str, ...]

    def cues(self) -> Iterator[tuple[float, float, str]]:
        """Yield (start, end, sentence), to the millisecond: the sentences share the step evenly."""
        times = np.linspace(self.start, self.end, len(self.narration) + 1)
        starts, ends = (times[:-1] + _PAUSE).round(3).tolist(), (times[1:] - _PAUSE).round(3).tolist()
        yield from zip(starts, ends, self.narration, strict=True)


@cache
def steps() -> tuple[Step, ...]:
    """Return what happens when. Each start but the first is a hard cut."""
    ends = [round(end, 3) for end in accumulate(seconds for _, seconds, _, _ in _SCRIPT)]
    titles_and_words = ((title, narration) for title, _, _, narration in _SCRIPT)
    return tuple(Step(title, start, end, words) for (title, words), start, end in zip(titles_and_words, [0.0, *ends], ends, strict=False))


def picture_at(index: int) -> NDArray[np.uint8]:
    """Return frame number `index` as uint8 (360, 640, 3). It is shown from index / FPS on."""
    seconds = index / FPS
    number = next(k for k, step in enumerate(steps()) if seconds < step.end)
    step, (title, _, paint, _) = steps()[number], _SCRIPT[number]
    canvas = Canvas.blank()
    paint(canvas, seconds - step.start)
    if number:
        _write_caption(canvas, f"{number}   {title}")
    return canvas.finish()


def _write_caption(canvas: Canvas, words: str) -> None:
    width = canvas.text_width(words, 20)
    canvas.line([38 + 326j, 38 + width + 326j], 36, "#1d2430")
    canvas.disc(38 + canvas.text_width(words[0], 20) / 2, 326, 14, colour="#e4572e")
    canvas.text(38, 326, words, 20, "#ffffff")


def write_video(path: Path, *, frames: int) -> None:
    """Encode the first frames. The number of threads is fixed, because x264 writes other bytes with another."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "crf": "20", "threads": "2"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for index in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture_at(index), format="rgb24")))
        container.mux(stream.encode())


def transcript() -> str:
    """Return what is said, as WebVTT."""
    cues = (cue for step in steps() for cue in step.cues())
    return "WEBVTT\n\n" + "\n".join(f"{_clock(start)} --> {_clock(end)}\n{sentence}\n" for start, end, sentence in cues)


def _clock(seconds: float) -> str:
    return f"00:{int(seconds // 60):02d}:{seconds % 60:06.3f}"


def metadata() -> dict[str, object]:
    """Return what is known about the video, with the field names of video downloaders."""
    return {
        "id": "scrambled-eggs",
        "title": "Creamy scrambled eggs in seven steps",
        "description": "A drawn recipe: crack and whisk two eggs, melt butter, pour, stir, season with pepper and chives, and serve on toast.",
        "duration": round(steps()[-1].end),
        "upload_date": "20260105",
        "categories": ["Food"],
        "tags": ["scrambled eggs", "breakfast", "cooking"],
    }


def main(folder: Path) -> None:
    """Write the video and its side-cars. The side-cars come first: who finds the video finds all."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cooking.vtt").write_text(transcript(), encoding="utf-8")
    (folder / "cooking.info.json").write_text(json.dumps(metadata(), indent=2) + "\n", encoding="utf-8")
    seconds = steps()[-1].end
    write_video(folder / "cooking.mp4", frames=round(seconds * FPS))
    print(f"Rendered {folder / 'cooking.mp4'}: {seconds:g} s, {len(steps())} scenes")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python examples/render_demo.py OUT_DIR")
    main(Path(sys.argv[1]))
