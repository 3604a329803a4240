"""V-JEPA 2: which checkpoint, where it lies, and what makes it another one. Weights and PyTorch are touched by `load` only."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

from pydantic import ConfigDict

from action100m.errors import CheckpointError, ConfigError, MissingPackageError, ModelError

if TYPE_CHECKING:
    from action100m.models.vjepa2_encoder import VJepa2

Device = Literal["auto", "cpu", "cuda"]
Precision = Literal["auto", "float32", "bfloat16", "float16"]

CHECKPOINT_FILES = ("*.json", "*.safetensors")
"""All that is read of a checkpoint. Pickled weights (.bin) are not: loading them may run code."""

_HUB_ID = re.compile(r"\w[\w.-]*/[\w.-]+")


@dataclass(frozen=True, slots=True)
class VJepa2Config:
    """A V-JEPA 2 encoder; its predictor, and a classifier on top, are not used."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    kind: Literal["vjepa2"] = "vjepa2"
    checkpoint: str = "facebook/vjepa2-vitg-fpc64-384"
    """Id on the Hugging Face Hub, or a folder. The default is the paper's (section 3.1)."""
    revision: str | None = None
    """Branch, tag or commit on the Hub; None is its main branch. Name a commit where runs must be repeatable."""
    device: Device = "auto"
    """Where it runs; "auto" is the GPU if there is one."""
    dtype: Precision = "auto"
    """Precision of weights and activations; "auto" is float16 on a GPU, whose rounding of positions is 8 times finer than bfloat16's, and
    float32 elsewhere. Name one where a run moves between machines with and without a GPU: vectors in float16 differ from the
    fourth digit on, in bfloat16 from the third."""

    def __post_init__(self) -> None:
        if not self.checkpoint:
            raise ConfigError(f"vjepa2.checkpoint must name a model on the Hugging Face Hub or a folder, got {self.checkpoint!r}")
        for name, known in (("device", get_args(Device)), ("dtype", get_args(Precision))):
            if getattr(self, name) not in known:
                raise ConfigError(f"vjepa2.{name} must be one of {', '.join(known)}, got {getattr(self, name)!r}")

    def identity(self) -> dict[str, Any]:
        """Return all that the vectors depend on: for a folder the digest of its files, wherever it lies, else id and revision.

        Raises:
            CheckpointError: there is no such folder, or its files cannot be read.
            ConfigError: a revision is given for a folder.
        """
        if folder := self._folder():
            return {"kind": self.kind, "sha256": _digest(folder), "dtype": self.dtype}
        return {"kind": self.kind, "checkpoint": self._hub_id(), "revision": self.revision or "main", "dtype": self.dtype}

    def load(self) -> VJepa2:
        """Return the encoder, with the weights on its device.

        Raises:
            MissingPackageError: PyTorch or transformers is not installed.
            CheckpointError: weights or config are missing, broken, or those of another model. Nothing is filled with random values.
        """
        try:
            from action100m.models.vjepa2_encoder import VJepa2
        except ImportError as error:
            raise _explain_import(error) from error
        if folder := self._folder():
            return VJepa2(folder, name=f"{folder.name} {_digest(folder)[:12]}", device=self.device, dtype=self.dtype)
        folder = _download(self._hub_id(), self.revision)
        return VJepa2(folder, name=f"{self.checkpoint} {folder.name}", device=self.device, dtype=self.dtype)

    def _folder(self) -> Path | None:
        folder = Path(self.checkpoint).expanduser()
        if not folder.is_dir():
            return None
        if self.revision is not None:
            raise ConfigError(f"vjepa2.revision is for checkpoints on the Hub; {self.checkpoint} is a folder, got revision {self.revision!r}")
        return folder

    def _hub_id(self) -> str:
        if not _HUB_ID.fullmatch(self.checkpoint):
            raise CheckpointError(f"{self.checkpoint!r} is not a folder, nor an id on the Hugging Face Hub such as 'facebook/vjepa2-vitl-fpc64-256'")
        return self.checkpoint


def _explain_import(error: ImportError) -> ModelError:
    package = (error.name or "").partition(".")[0]
    if package in ("torch", "transformers", "safetensors", "huggingface_hub"):
        return MissingPackageError(package, extra="vjepa2", needed_by="V-JEPA 2")
    return ModelError(
        f"transformers is installed but cannot bring up V-JEPA 2 ({error}). A torchvision made for another PyTorch does that: uninstall it"
    )


def _download(hub_id: str, revision: str | None) -> Path:
    """Return the folder of one revision, whose name is its commit, from the local cache or the Hub."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError

    try:
        return Path(snapshot_download(hub_id, revision=revision, allow_patterns=list(CHECKPOINT_FILES)))
    except GatedRepoError as error:
        raise CheckpointError(f"{hub_id} is gated: accept its terms at https://huggingface.co/{hub_id}, then set HF_TOKEN to your token") from error
    except (OSError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise CheckpointError(
            f"{hub_id!r} is no folder here, and the Hugging Face Hub does not give it: {reason} Check the name and the revision "
            f"({revision or 'main'}); where there is no network, fetch it elsewhere with `hf download {hub_id} --local-dir FOLDER` and set "
            "checkpoint to that folder; a private model needs HF_TOKEN"
        ) from error


def _digest(folder: Path) -> str:
    """Return a hex digest of the names and contents of a checkpoint's files."""
    total = hashlib.sha256()
    try:
        for path in sorted(path for pattern in CHECKPOINT_FILES for path in folder.glob(pattern)):
            status = path.stat()
            total.update(f"{path.name} {_file_digest(path, status.st_size, status.st_mtime_ns)}\n".encode())
    except OSError as error:
        raise CheckpointError(f"cannot read the checkpoint {folder}: {error}") from error
    return total.hexdigest()


@cache
def _file_digest(path: Path, size: int, modified: int) -> str:
    """Read gigabytes of weights once, as long as size and time of the file (part of the key) stay."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
