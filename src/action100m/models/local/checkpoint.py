"""Which checkpoint: a folder here, or a model on the Hugging Face Hub, what tells it from others, and how it is brought.

Neither PyTorch nor transformers is imported; weights are read only to tell one folder from another.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from action100m.errors import CheckpointError, ConfigError, MissingPackageError, ModelError

Device = Literal["auto", "cpu", "cuda"]
Precision = Literal["auto", "float32", "bfloat16", "float16"]

_HUB_ID = re.compile(r"\w[\w.-]*/[\w.-]+")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A folder, or one revision of a model on the Hub."""

    place: str
    """The folder, or the id on the Hub."""
    revision: str | None
    kind: str
    """Of the model: the section of its settings, for errors."""
    example: str
    """An id on the Hub that would do."""
    files: tuple[str, ...]
    """Patterns of all that is read of it. Pickled weights (.bin) must not be: loading them may run code."""

    def identity(self) -> dict[str, str]:
        """Return what tells it from others: for a folder the digest of its files, wherever it lies, else id and revision.

        Raises:
            CheckpointError: there is no such folder, or its files cannot be read.
            ConfigError: a revision is given for a folder.
        """
        if folder := self._folder():
            return {"sha256": self._digest(folder)}
        return {"checkpoint": self._hub_id(), "revision": self.revision or "main"}

    def fetch(self) -> tuple[Path, str]:
        """Return its folder, from the Hub if need be, and its name with the digest or the commit.

        Raises:
            CheckpointError: there is no such folder, and the Hub does not give it.
            ConfigError: a revision is given for a folder.
        """
        if folder := self._folder():
            return folder, f"{folder.name} {self._digest(folder)[:12]}"
        folder = _download(self._hub_id(), self.revision, self.files)
        return folder, f"{self.place} {folder.name}"

    def _folder(self) -> Path | None:
        folder = Path(self.place).expanduser()
        if not folder.is_dir():
            return None
        if self.revision is not None:
            raise ConfigError(f"{self.kind}.revision is for checkpoints on the Hub; {self.place} is a folder, got revision {self.revision!r}")
        return folder

    def _hub_id(self) -> str:
        if not _HUB_ID.fullmatch(self.place):
            raise CheckpointError(f"{self.place!r} is not a folder, nor an id on the Hugging Face Hub such as {self.example!r}")
        return self.place

    def _digest(self, folder: Path) -> str:
        """Return a hex digest of the names and contents of the files."""
        total = hashlib.sha256()
        try:
            for path in sorted({path for pattern in self.files for path in folder.glob(pattern)}):
                status = path.stat()
                total.update(f"{path.name} {_file_digest(path, status.st_size, status.st_mtime_ns)}\n".encode())
        except OSError as error:
            raise CheckpointError(f"cannot read the checkpoint {folder}: {error}") from error
        return total.hexdigest()


def check_settings(kind: str, *, checkpoint: str, device: str, dtype: str) -> None:
    """Refuse settings that no checkpoint could be loaded with.

    Raises:
        ConfigError: one is empty or unknown.
    """
    if not checkpoint:
        raise ConfigError(f"{kind}.checkpoint must name a model on the Hugging Face Hub or a folder, got {checkpoint!r}")
    for name, value, known in (("device", device, get_args(Device)), ("dtype", dtype, get_args(Precision))):
        if value not in known:
            raise ConfigError(f"{kind}.{name} must be one of {', '.join(known)}, got {value!r}")


def explain_import(error: ImportError, *, extra: str, needed_by: str, packages: tuple[str, ...] = ()) -> ModelError:
    """Return the error for a model whose code cannot be imported. packages: needed besides PyTorch, transformers and what comes with them."""
    package = (error.name or "").partition(".")[0]
    if package in ("torch", "transformers", "safetensors", "huggingface_hub", *packages):
        return MissingPackageError(package, extra=extra, needed_by=needed_by)
    return ModelError(
        f"transformers is installed but cannot bring up {needed_by} ({error}). A torchvision made for another PyTorch does that: install the "
        "one made for yours, or uninstall it"
    )


def _download(hub_id: str, revision: str | None, files: tuple[str, ...]) -> Path:
    """Return the folder of one revision, whose name is its commit, from the local cache or the Hub."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError

    try:
        return Path(snapshot_download(hub_id, revision=revision, allow_patterns=list(files)))
    except GatedRepoError as error:
        raise CheckpointError(f"{hub_id} is gated: accept its terms at https://huggingface.co/{hub_id}, then set HF_TOKEN to your token") from error
    except (OSError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise CheckpointError(
            f"{hub_id!r} is no folder here, and the Hugging Face Hub does not give it: {reason} Check the name and the revision "
            f"({revision or 'main'}); where there is no network, fetch it elsewhere with `hf download {hub_id} --local-dir FOLDER` and set "
            "checkpoint to that folder; a private model needs HF_TOKEN"
        ) from error


def read_architecture(folder: Path) -> tuple[str, str | None]:
    """Return the kind of model that config.json is of, and the class that the weights were saved from, as far as it tells.

    Raises:
        CheckpointError: config.json is missing, broken, or tells no kind.
    """
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        kind, (name, *_) = config["model_type"], config.get("architectures") or [None]
    except (OSError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise CheckpointError(f"cannot read the checkpoint's {path}: {error}. Fetch the whole checkpoint") from error
    return str(kind), name if name is None else str(name)


@cache
def _file_digest(path: Path, size: int, modified: int) -> str:
    """Read gigabytes of weights once, as long as size and time of the file (part of the key) stay."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
