"""The vectors of millions of texts, in a file that is memory-mapped: only a chunk of them is ever in memory, and a break loses at most that chunk.

vectors.npy           float32 (n, width), there when it is complete
vectors.npy.json      whose vectors they are: encoder, number and digest of the texts, and how many are done
vectors.npy.partial   while it is being made
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from action100m.models.base import TextEncoder

_CHUNK: Final = 2048
"""Texts that are encoded together and then safe on the disk; sorted by length, they need little padding."""


class Texts(Protocol):
    """A list of texts, or what reads a slice of one from a file."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> Sequence[str]: ...


def embed_texts(
    texts: Texts, path: str | os.PathLike[str], *, encoder: TextEncoder, on_progress: Callable[[int, int], None] | None = None
) -> NDArray[np.float32]:
    """Write the vectors of n texts to a .npy file and return them, float32 (n, width), read-only and memory-mapped.

    What a call that was killed had made is kept, if texts and encoder are the same; a complete file of the same is only opened. The vectors of
    others are replaced.
    on_progress: called with how many are done, of how many.
    """
    path = Path(path)
    told, notes = on_progress or _say_nothing, path.with_name(f"{path.name}.json")
    asked = {"encoder": encoder.name, "width": encoder.width, "texts": len(texts), "sha256": _digest(texts)}
    done = _read_done(notes, asked)
    partial = path.with_name(f"{path.name}.partial")
    if done < len(texts) or partial.exists() or not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _fill(partial, texts, encoder, done=done if partial.exists() else 0, save=lambda count: _save(notes, asked, count), told=told)
        partial.replace(path)
    told(len(texts), len(texts))
    vectors: NDArray[np.float32] = np.load(path, mmap_mode="r" if len(texts) else None)
    return vectors


def _fill(partial: Path, texts: Texts, encoder: TextEncoder, *, done: int, save: Callable[[int], None], told: Callable[[int, int], None]) -> None:
    total = len(texts)
    if not done:
        save(0)  # before the file is emptied: what it held is not done any more
    if not total:
        with partial.open("wb") as file:  # nothing cannot be memory-mapped
            return np.save(file, np.empty((0, encoder.width), np.float32))
    vectors = open_memmap(partial, mode="r+" if done else "w+", dtype=np.float32, shape=(total, encoder.width))
    for start in range(done, total, _CHUNK):
        told(start, total)
        vectors[start : start + _CHUNK] = encoder.encode(texts[start : start + _CHUNK])
        vectors.flush()  # the vectors are on the disk before the note that they are
        save(min(start + _CHUNK, total))
    return None


def _read_done(notes: Path, asked: dict[str, Any]) -> int:
    """Return how many vectors of just these texts and this encoder are there."""
    try:
        found = json.loads(notes.read_text(encoding="utf-8"))
        done = int(found.pop("done"))
    except (OSError, ValueError, TypeError, LookupError, AttributeError):  # none, or not ours: they are made anew
        return 0
    return done if found == asked else 0


def _save(notes: Path, asked: dict[str, Any], done: int) -> None:
    fresh = notes.with_name(f"{notes.name}.partial")
    fresh.write_text(json.dumps(asked | {"done": done}, indent=1), encoding="utf-8")
    fresh.replace(notes)


def _digest(texts: Texts) -> str:
    total = hashlib.sha256()
    for start in range(0, len(texts), _CHUNK):
        for text in texts[start : start + _CHUNK]:
            data = text.encode("utf-8", "surrogatepass")
            total.update(len(data).to_bytes(8, "little") + data)
    return total.hexdigest()


def _say_nothing(done: int, total: int) -> None:
    """Progress that nobody asked for."""
