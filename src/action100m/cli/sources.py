"""Where a command that reads records finds them: in a run, or in a data set."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from action100m.dataset.io import read_records
from action100m.errors import ConfigError
from action100m.record import Record
from action100m.run.pack import run_locations, run_records
from action100m.run.store import RunStore
from action100m.video.discover import find_videos


def open_source(source: str, videos: str | None) -> tuple[Iterator[Record], dict[str, str]]:
    """Return the records of a run or a data set, and the paths of their videos by uid.

    Raises:
        ConfigError: `videos` is not a folder.
        StoreError, DataSetError: the source is neither.
    """
    if RunStore(source).exists():
        if videos is not None:
            raise ConfigError(f"--videos is for data sets; the run {source} knows where its videos are")
        return run_records(source), run_locations(source)
    return read_records(source), {} if videos is None else find_locations(videos)


def find_locations(videos: str) -> dict[str, str]:
    """Return the videos of a folder by their uids, which are their names without endings.

    Raises:
        ConfigError: it is not a folder.
    """
    if not Path(videos).is_dir():
        raise ConfigError(f"--videos {videos} is not a folder")
    return {Path(found.path).stem: found.path for found in find_videos([videos])}
