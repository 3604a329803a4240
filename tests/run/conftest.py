"""Real clips for tests of whole runs."""

from __future__ import annotations

import numpy as np
import pytest

from support.clips import write_clip

FPS = 12


def scenes(*levels: int, seconds: float = 3.0, seed: int = 0):
    """Yield noise around each grey level in turn: a cut between any two."""
    chance = np.random.default_rng(seed)
    for level in levels:
        for _ in range(int(seconds * FPS)):
            yield np.clip(level + chance.integers(-20, 20, (90, 160, 3)), 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def clips(tmp_path_factory):
    """A folder with three clips of 9 s, cut at 3 and 6 s; the first has a transcript and a title beside it."""
    folder = tmp_path_factory.mktemp("clips")
    for number, name in enumerate(("eggs", "talk", "walk")):
        write_clip(folder / f"{name}.mp4", scenes(40, 200, 90, seed=number), fps=FPS)
    (folder / "eggs.srt").write_text("1\n00:00:03,500 --> 00:00:05,500\nNow whisk the eggs.\n")
    (folder / "eggs.info.json").write_text('{"id": "egg-video", "title": "Eggs <b>done</b> right"}')
    return folder
