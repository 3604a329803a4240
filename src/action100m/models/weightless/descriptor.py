"""The choice of the weightless encoder. `descriptor_encoder.py` tells what its vectors hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import ConfigDict

if TYPE_CHECKING:
    from action100m.models.weightless.descriptor_encoder import Descriptor


@dataclass(frozen=True, slots=True)
class DescriptorConfig:
    """The weightless encoder."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    kind: Literal["descriptor"] = "descriptor"

    def identity(self) -> dict[str, Any]:
        """Return all that the vectors depend on."""
        return {"kind": self.kind, "version": 2}

    def load(self) -> Descriptor:
        """Return the encoder. There are no weights to load; its loops are compiled, or loaded compiled."""
        from action100m.models.weightless.descriptor_encoder import Descriptor

        encoder = Descriptor()
        encoder.encode([encoder.prepare(np.zeros((2, encoder.frame_size.height, encoder.frame_size.width, 3), np.uint8))])
        return encoder
