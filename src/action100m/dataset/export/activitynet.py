"""ActivityNet's JSON: `database` -> video -> `annotations` with `segment` and `label`, as detection and captioning code reads it.

{"version": "...", "taxonomy": [], "database": {
  "uid": {"duration": 16.0, "subset": "validation", "annotations": [{"segment": [0.0, 10.0], "label": "Whisk the eggs"}]}}}
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from action100m.dataset.export.segments import VideoSegments
from action100m.dataset.export.tally import Tally
from action100m.dataset.whole import open_whole
from action100m.errors import ConfigError

Subset = Literal["training", "validation", "testing"]
TextKey = Literal["label", "sentence"]

_HEAD: Final = {"version": "Action100M 1.0", "taxonomy": []}
"""ActivityNet's own evaluation refuses a file without these keys, but reads nothing from them."""


@dataclass(frozen=True, slots=True)
class ActivityNet:
    """One JSON file."""

    subset: Subset = "validation"
    """What all videos are said to belong to. Evaluation code reads one subset only, "validation" unless told otherwise."""
    key: TextKey = "label"
    """What the text is called: "label" for detection, "sentence" for captioning (as YouCook2 has it, with a running `id`)."""

    def __post_init__(self) -> None:
        if self.subset not in get_args(Subset):
            raise ConfigError(f"a subset is {', '.join(get_args(Subset))}, got {self.subset!r}")
        if self.key not in get_args(TextKey):
            raise ConfigError(f"the text is a {' or a '.join(get_args(TextKey))}, got {self.key!r}")


def write_activitynet(videos: Iterable[VideoSegments], out: str, config: ActivityNet, *, tally: Tally) -> list[str]:
    """Write the file `out`, a path or fsspec URL, video by video, and return its name.

    A segment's text is its first one; the others are left out. A video without segments is listed with none.

    Raises:
        DataSetError: it cannot be written.
    """
    separator = b"\n"
    with open_whole(out) as file:
        file.write(json.dumps(_HEAD)[:-1].encode() + b', "database": {')
        for video in videos:
            entry = f"{json.dumps(video.uid)}: {json.dumps(_entry(video, config), ensure_ascii=False)}"
            file.write(separator + entry.encode())
            separator = b",\n"
            tally.add(len(video.segments))
        file.write(b"\n}}\n")
    return [out]


def _entry(video: VideoSegments, config: ActivityNet) -> dict[str, Any]:
    annotations = [
        {"segment": [one.start, one.end], **({"id": number} if config.key == "sentence" else {}), config.key: one.label}
        for number, one in enumerate(video.segments)
    ]
    return {"duration": video.duration, "subset": config.subset, "annotations": annotations}
