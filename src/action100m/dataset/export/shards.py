"""Tar files of bounded size, each of which appears when it is complete; what is in them already is not written again.

Names and bytes depend only on what is written and in which order: an export that was interrupted and goes on ends with the same shards.
"""

from __future__ import annotations

import io
import os
import re
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from action100m.errors import DataSetError

_NAME: Final = re.compile(r"shard-(\d{6,})\.tar")
_BLOCK: Final = 512
"""Bytes. Tar files are made of them: one as a header, then the content, filled up."""

Member = tuple[str, bytes | Path]
"""Ending, without its point, and content or the file that holds it."""


class ShardWriter:
    """Fills one shard after the other. Close it to finish the last."""

    def __init__(self, folder: Path, *, max_bytes: int, max_samples: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(".shard-*.partial"):  # of a call that was killed
            left.unlink()
        self.folder = folder
        self._max_bytes, self._max_samples = max_bytes, max_samples
        self._tar: tarfile.TarFile | None = None
        self._bytes = self._samples = 0
        self.files = sorted((path for path in folder.iterdir() if _NAME.fullmatch(path.name)), key=_number)
        """Those that are complete."""
        self.keys = {key for file in self.files for key in _read_keys(file)}
        """Samples in complete shards."""
        self.places = {key.rpartition("-")[0] for key in self.keys}
        """The same without what follows the last hyphen: what they are of, whatever is said of it."""
        self._number = _number(self.files[-1]) + 1 if self.files else 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._finish()
        elif self._tar is not None:
            self._tar.close()
            self._partial.unlink()

    def add(self, key: str, members: Sequence[Member]) -> None:
        """Write a sample whole into one shard; one larger than a shard gets its own."""
        size = sum(_size(content) for _, content in members)
        if self._samples and (self._bytes + size > self._max_bytes or self._samples >= self._max_samples):
            self._finish()
        if self._tar is None:
            self._tar = tarfile.TarFile(self._partial, "w", format=tarfile.GNU_FORMAT)
        for ending, content in members:
            _add_member(self._tar, f"{key}.{ending}", content)
        self._bytes, self._samples = self._bytes + size, self._samples + 1

    @property
    def _path(self) -> Path:
        return self.folder / f"shard-{self._number:06d}.tar"

    @property
    def _partial(self) -> Path:
        return self.folder / f".{self._path.name}.partial"

    def _finish(self) -> None:
        if self._tar is None:
            return
        self._tar.close()
        with self._partial.open("rb") as file:
            os.fsync(file.fileno())
        self._partial.replace(self._path)
        self.files.append(self._path)
        self._tar, self._bytes, self._samples, self._number = None, 0, 0, self._number + 1


def _number(path: Path) -> int:
    return int(path.name[len("shard-") : -len(".tar")])


def _read_keys(shard: Path) -> list[str]:
    """A key ends at the first point of a name, as WebDataset has it."""
    try:
        with tarfile.open(shard) as tar:
            return [name.partition(".")[0] for name in tar.getnames()]
    except (OSError, tarfile.TarError) as error:
        raise DataSetError(f"{shard} is not a whole tar file ({error}); remove it, and it is made again") from error


def _size(content: bytes | Path) -> int:
    length = len(content) if isinstance(content, bytes) else content.stat().st_size
    return _BLOCK + -(-length // _BLOCK) * _BLOCK


def _add_member(tar: tarfile.TarFile, name: str, content: bytes | Path) -> None:
    """Write only what depends on the content: no owner, no time."""
    info = tarfile.TarInfo(name)
    if isinstance(content, bytes):
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    else:
        info.size = content.stat().st_size
        with content.open("rb") as file:
            tar.addfile(info, file)
