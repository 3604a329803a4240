"""The choice of the weightless encoder. `descriptor_encoder.py` tells what its vectors hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import ConfigDict

if TYPE_CHECKING:
    from action100m.models.descriptor_encoder import Descriptor


@dataclass(frozen=True, slots=True)
class DescriptorConfig:
    """The weightless encoder."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    kind: Literal["descriptor"] = "descriptor"

    def identity(self) -> dict[str, Any]:
        """Return all that the vectors depend on."""
        return {"kind": self.kind, "version": 1}

    def load(self) -> Descriptor:
        """Return the encoder; there are no weights to load, only compiled loops."""
        from action100m.models.descriptor_encoder import Descriptor

        return Descriptor()
