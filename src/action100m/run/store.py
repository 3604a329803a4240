"""What a run has made, on disk or behind any fsspec URL: one artifact per stage, video and settings.

    runs/mine/
      run.json                                   format version and the resolved settings
      videos.jsonl                               one line per video: uid, path, digest, metadata
      named.json                                 each path that was named, with what a manifest said of it
      files.json                                 size, time of change and digest of each path, so that a rerun reads no file again
      videos/<uid>/<stage>-<key>.<suffix>        an artifact; the key is a digest of all it depends on
      failures/<uid>.json                        why a video stopped, until it succeeds
      ledger.sqlite                              every reply of every model that costs something, and how long the stages worked (`ledger.py`)
      prices.json                                the prices that were given, for `status` and later runs

An artifact is there whole or not at all, so a killed run loses at most what was in the making. Other settings have other keys, so going
back to old settings finds the old artifacts; only a retry of failed annotations writes an artifact anew.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import fsspec
from fsspec.implementations.local import LocalFileSystem
from pydantic import TypeAdapter

from action100m.errors import ConfigError, StoreError
from action100m.run.config import RunConfig, config_from_dict, config_to_dict
from action100m.run.figures.costs import Price
from action100m.run.figures.estimate import Estimate
from action100m.run.spending.prices import Prices, prices_from_json, prices_to_json
from action100m.stages.base import Artifact, Stage
from action100m.video.discover import Candidate
from action100m.video.video import Video, file_stem

_FORMAT: Final = 1
_LEFTOVER_AGE: Final = 3600.0
"""Seconds."""
_KEY_LENGTH: Final = 16
"""Hex digits of the digest in file names: 64 bits keep apart the few settings that one video sees."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a video stopped. Kept until the video succeeds."""

    location: str
    uid: str | None
    """None when the file could not even be fingerprinted."""
    stage: str
    """The stage that failed, or "discover"."""
    cause: str
    """Name of the error class."""
    message: str
    retryable: bool
    """Whether a rerun tries again by itself."""
    key: str
    """Of the artifact that was not made: under other settings the failure says nothing."""
    evidence: str = ""
    """Traceback or raw reply."""
    partial: bool = False
    """The record is made all the same, but some of its nodes lack what they should have."""


@dataclass(frozen=True, slots=True)
class FileState:
    """A file as it was when it was fingerprinted."""

    size: int
    changed: int
    """Nanoseconds."""
    sha256: str


def stage_key(stage: Stage, video: Video, given: str) -> str:
    """Return the digest of all that an artifact depends on: stage, settings, what it reads of the video, and `given`, the key before it."""
    facets = {
        "pixels": video.sha256,
        "uid": video.uid,
        "transcript": [asdict(cue) for cue in video.metadata.transcript or ()],
        "metadata": asdict(video.metadata),
    }
    parts = [stage.name, stage.settings, {name: facets[name] for name in sorted(stage.reads)}, given]
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


class RunStore:
    """The folder of one run."""

    def __init__(self, url: str | Path) -> None:
        self.url = str(url)
        try:
            self._fs, self._root = fsspec.url_to_fs(self.url)
        except (ImportError, ValueError) as error:  # an unknown scheme, or one whose package is not installed
            raise StoreError(f"{self.url} cannot be opened: {error}") from error

    @property
    def folder(self) -> Path | None:
        """The folder on this machine; None behind a URL."""
        return Path(self._root) if isinstance(self._fs, LocalFileSystem) else None

    # Settings and videos

    def open(self, config: RunConfig) -> None:
        """Make the folder, or take over the one that is there, and note the settings of this run.

        Raises:
            StoreError: it holds something else, or the run of another format version.
        """
        if self.exists():
            self.read_config()
        self._remove_leftovers()
        self._write("run.json", _json({"format": _FORMAT, "config": config_to_dict(config)}))

    def exists(self) -> bool:
        """Tell whether there is a run."""
        return bool(self._fs.exists(self._path("run.json")))

    def read_config(self) -> RunConfig:
        """Return the settings that the run was last started with.

        Raises:
            StoreError: there is no run, or of another format version.
        """
        if not self.exists():
            raise StoreError(f"{self.url} is not a run: it has no run.json. Make one with: action100m run VIDEO --out {self.url}")
        try:
            value = json.loads(self._read("run.json"))
        except ValueError as error:
            raise StoreError(f"{self._path('run.json')} is damaged ({error}); run with a --preset or --config to write it anew") from error
        if value.get("format") != _FORMAT:
            raise StoreError(f"{self.url} has format {value.get('format')!r}, this version reads {_FORMAT}; start a new folder")
        return config_from_dict(value["config"])

    def read_prices(self) -> dict[str, Price | Estimate]:
        """Return the prices given to the run so far.

        Raises:
            StoreError: the file that keeps them is damaged.
        """
        if not self._fs.exists(self._path("prices.json")):
            return {}
        try:
            return prices_from_json(json.loads(self._read("prices.json")))
        except (ValueError, ConfigError) as error:
            raise StoreError(f"{self._path('prices.json')} is damaged ({error}); remove it and give the prices again with --price") from error

    def write_prices(self, prices: Prices) -> None:
        """Keep prices."""
        self._write("prices.json", _json(prices_to_json(prices)))

    def read_videos(self) -> list[Video]:
        """Return all videos that the run has met, sorted by uid."""
        if not self._fs.exists(self._path("videos.jsonl")):
            return []
        adapter = TypeAdapter(Video)
        return [adapter.validate_python(json.loads(line)) for line in self._read("videos.jsonl").splitlines()]

    def add_videos(self, videos: Iterable[Video]) -> None:
        """Note videos; one with a known uid is replaced."""
        known = {video.uid: video for video in self.read_videos()} | {video.uid: video for video in videos}
        self._write("videos.jsonl", "".join(json.dumps(asdict(known[uid])) + "\n" for uid in sorted(known)).encode())

    def read_files(self) -> dict[str, FileState]:
        """Return the state of each path that was fingerprinted."""
        if not self._fs.exists(self._path("files.json")):
            return {}
        return {path: FileState(*state) for path, state in json.loads(self._read("files.json")).items()}

    def write_files(self, files: Mapping[str, FileState]) -> None:
        """Note the state of each path."""
        self._write("files.json", _json({path: [state.size, state.changed, state.sha256] for path, state in sorted(files.items())}))

    def read_candidates(self) -> list[Candidate]:
        """Return every file that was ever named, with what a manifest said of it."""
        if not self._fs.exists(self._path("named.json")):
            return []
        return [Candidate(**entry) for entry in json.loads(self._read("named.json"))]

    def write_candidates(self, candidates: Iterable[Candidate]) -> None:
        """Note the files that were named."""
        self._write("named.json", _json([asdict(candidate) for candidate in candidates]))

    # Artifacts

    def artifacts(self) -> frozenset[str]:
        """Return the names of all artifacts, relative to the run."""
        prefix = self._path("videos") + "/"
        found = self._fs.find(prefix) if self._fs.exists(prefix) else []
        return frozenset("videos/" + path.removeprefix(prefix) for path in found)

    def name(self, stage: Stage, video: Video, key: str) -> str:
        """Return the name of an artifact, relative to the run."""
        return f"videos/{file_stem(video.uid)}/{stage.name}-{key[:_KEY_LENGTH]}.{stage.artifact.suffix}"

    def has(self, stage: Stage, video: Video, key: str) -> bool:
        """Tell whether an artifact is made."""
        return bool(self._fs.exists(self._path(self.name(stage, video, key))))

    def size(self, stage: Stage, video: Video, key: str) -> int:
        """Return how many bytes an artifact takes."""
        return int(self._fs.size(self._path(self.name(stage, video, key))))

    def load(self, stage: Stage, video: Video, key: str) -> Artifact:
        """Read an artifact.

        Raises:
            StoreError: it is damaged. The message says which file to remove.
        """
        name = self.name(stage, video, key)
        try:
            return stage.artifact.from_bytes(self._read(name))
        except Exception as error:  # whatever a damaged file makes a parser raise
            raise StoreError(f"{self._path(name)} cannot be read ({error}); remove it and run again") from error

    def save(self, stage: Stage, video: Video, key: str, artifact: Artifact) -> None:
        """Write an artifact, whole or not at all."""
        self._write(self.name(stage, video, key), artifact.to_bytes())

    # Failures

    def read_failures(self) -> list[Failure]:
        """Return what failed and has not succeeded since, sorted by path."""
        folder = self._path("failures")
        paths = self._fs.find(folder) if self._fs.exists(folder) else []
        adapter = TypeAdapter(Failure)
        failures = [adapter.validate_python(json.loads(self._fs.cat_file(path))) for path in paths if path.endswith(".json")]
        return sorted(failures, key=lambda failure: failure.location)

    def save_failure(self, failure: Failure) -> None:
        """Note why a video stopped."""
        self._write(_failure_name(failure.uid, failure.location), _json(asdict(failure)))

    def clear_failure(self, uid: str | None, location: str) -> None:
        """Forget the failure of a video that has succeeded."""
        path = self._path(_failure_name(uid, location))
        if self._fs.exists(path):
            self._fs.rm_file(path)

    # Bytes

    def _remove_leftovers(self) -> None:
        """Remove what killed writers left behind, once it is too old for one that still writes."""
        if isinstance(self._fs, LocalFileSystem):
            for path in Path(self._root).rglob(".*.tmp"):
                if time.time() - path.stat().st_mtime > _LEFTOVER_AGE:
                    path.unlink(missing_ok=True)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _read(self, name: str) -> bytes:
        return bytes(self._fs.cat_file(self._path(name)))

    def _write(self, name: str, data: bytes) -> None:
        """Write whole or not at all: by a rename on a local disk; object stores show an upload only when it is complete."""
        if isinstance(self._fs, LocalFileSystem):
            write_atomically(Path(self._path(name)), data)
        else:
            self._fs.pipe_file(self._path(name), data)


def write_atomically(path: Path, data: bytes) -> None:
    """Write a local file so that it is there whole or not at all, also when the machine stops."""
    temporary = path.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error}") from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def _failure_name(uid: str | None, location: str) -> str:
    """A file that never got a uid is told apart by its path."""
    stem = file_stem(uid) if uid is not None else f"path-{sha256(os.fsencode(location)).hexdigest()[:_KEY_LENGTH]}"
    return f"failures/{stem}.json"


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1).encode()
