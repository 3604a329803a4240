"""WebDataset: tar files of clips, or of their frames as JPEG, each with its texts, for trainers that read in sequence.

shard-000000.tar
├── UID-00000000-00010000-1f0c9a7e-5b2e83d0.json     uid, node, start, end, texts, presentation times ...
├── UID-00000000-00010000-1f0c9a7e-5b2e83d0.mp4      or .00000.jpg, .00001.jpg ...
└── UID-00000000-00010000-1f0c9a7e-5b2e83d0.txt      the first text
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal, get_args

from action100m.dataset.export.cut import cut
from action100m.dataset.export.cutters import ClipCutter, Cutter, FrameCutter, YuvOnce
from action100m.dataset.export.segments import Segment, VideoSegments
from action100m.dataset.export.shards import ShardWriter
from action100m.dataset.export.tally import Tally
from action100m.dataset.whole import open_whole
from action100m.errors import ConfigError, MissingVideoError, VideoError
from action100m.video.decode import DecodeReport
from action100m.video.picture import Picture
from action100m.video.video import file_stem

Media = Literal["clips", "frames"]

_SETTINGS: Final = "export.json"
_CUTTING: Final = ".cutting-"
"""Begins the name of the folder that holds the clips of one video until it is read to its end."""


@dataclass(frozen=True, slots=True)
class WebDataset:
    """A folder of shards. Sound is left out."""

    media: Media = "clips"
    """"clips": H.264 in MP4 with all frames. "frames": JPEG files."""
    longest_side: int | None = None
    """Pixels; larger pictures are shrunk to it. None keeps the displayed size (made even)."""
    crf: int = 18
    """Quality of clips, 0 to 51, less is better; x264 calls 18 visually lossless."""
    rate: float = 2.0
    """Frames a second, for "frames": the first of the segment, and then the first at or after each 1 / rate seconds."""
    max_bytes: int = 500_000_000
    """Of a shard. A sample larger than this gets a shard of its own."""
    max_samples: int = 10_000
    """In a shard."""

    def __post_init__(self) -> None:
        if self.media not in get_args(Media):
            raise ConfigError(f"media is {' or '.join(get_args(Media))}, got {self.media!r}")
        if not 0 <= self.crf <= 51:
            raise ConfigError(f"crf must be 0 to 51, got {self.crf}")
        if not 0 < self.rate < float("inf"):
            raise ConfigError(f"rate must be > 0 frames a second, got {self.rate}")
        for name, least in (("longest_side", 2), ("max_bytes", 1), ("max_samples", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ConfigError(f"{name} must be >= {least}, got {value}")


def write_webdataset(videos: Iterable[VideoSegments], out: Path, config: WebDataset, *, locations: Mapping[str, str], tally: Tally) -> list[str]:
    """Write the shards and return their names. Samples that complete shards of an earlier call hold are not made again.

    A video that is missing or broken, and a segment in which no frame is presented, is counted and leaves nothing behind.

    Raises:
        ConfigError: the folder holds shards that were made with other settings, or a segment of these videos with other texts.
        DataSetError: a shard cannot be written, or is damaged.
    """
    _check_settings(out, config)
    for left in out.glob(f"{_CUTTING}*"):  # of a call that was killed
        shutil.rmtree(left)
    with ShardWriter(out, max_bytes=config.max_bytes, max_samples=config.max_samples) as shards:
        for video in videos:
            try:
                tally.add(_add_video(video, shards, config, locations, tally))
            except VideoError as error:
                tally.fail(error, uid=video.uid)
    return [str(path) for path in shards.files]


def _check_settings(out: Path, config: WebDataset) -> None:
    path, settings = out / _SETTINGS, {"format": "webdataset", **asdict(config)}
    if path.exists():
        try:
            found = json.loads(path.read_bytes())
        except ValueError:
            found = None
        if found != settings:
            raise ConfigError(f"{out} holds shards that were made with other settings ({path.name}); write to another folder, or remove it")
    with open_whole(str(path)) as file:
        file.write(json.dumps(settings, indent=1).encode() + b"\n")


def _add_video(video: VideoSegments, shards: ShardWriter, config: WebDataset, locations: Mapping[str, str], tally: Tally) -> int:
    """Return how many segments of a video are in the shards. Nothing is written before the whole video has decoded."""
    wanted = {_key(video.uid, one): one for one in video.segments}
    missing = {key: one for key, one in wanted.items() if key not in shards.keys}
    _check_texts(missing, shards)
    if not missing:
        return len(wanted)
    if video.uid not in locations:
        raise MissingVideoError(f"{video.uid}: no file for this video; name it by its uid in the folder of the videos")
    written = len(wanted) - len(missing)
    with tempfile.TemporaryDirectory(prefix=_CUTTING, dir=shards.folder) as folder:
        cutters, report = _cut(locations[video.uid], list(missing.values()), Path(folder), config)
        for (key, segment), made in zip(missing.items(), cutters, strict=True):
            if isinstance(made, VideoError):
                tally.fail(made, uid=video.uid, node=segment.node)
                continue
            about = _describe(video, segment, made, report)
            shards.add(key, [("json", json.dumps(about, ensure_ascii=False).encode()), *made.files, ("txt", segment.label.encode())])
            written += 1
    for lost in report.lost:
        tally.damaged.add(f"{video.uid}: {lost}")
    return written


def _cut(location: str, segments: Sequence[Segment], folder: Path, config: WebDataset) -> tuple[list[Cutter | VideoError], DecodeReport]:
    yuv = YuvOnce()

    def make(number: int, first: Picture) -> Cutter:
        target = folder / f"{number}"
        if config.media == "frames":
            return FrameCutter(first, target, longest_side=config.longest_side, rate=config.rate)
        return ClipCutter(first, target, longest_side=config.longest_side, crf=config.crf, yuv=yuv)

    return cut(location, segments, make)


def _key(uid: str, segment: Segment) -> str:
    """Return the name of a sample: its video, start and end in milliseconds, digests of its node and of its texts. A key may hold no point."""
    stem = file_stem(uid).replace(".", "%2E")
    texts = json.dumps(list(segment.texts.items()))  # the first of them is the label
    return f"{stem}-{round(segment.start * 1000):08d}-{round(segment.end * 1000):08d}-{_digest(segment.node)}-{_digest(texts)}"


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _check_texts(missing: Iterable[str], shards: ShardWriter) -> None:
    """Refuse to put a segment with other texts, or other fields, beside the one that is there."""
    for key in missing:
        if key.rpartition("-")[0] in shards.places:
            raise ConfigError(
                f"{shards.folder} holds the sample {key.rpartition('-')[0]} with other texts or fields; write to another folder, or remove it"
            )


def _describe(video: VideoSegments, segment: Segment, made: Cutter, report: DecodeReport) -> dict[str, Any]:
    return {
        "uid": video.uid,
        "node": segment.node,
        "level": segment.level,
        "start": segment.start,
        "end": segment.end,
        **segment.texts,
        "frames": len(made.seconds),
        "seconds": list(made.seconds),
        "lost": list(report.lost),
    }
