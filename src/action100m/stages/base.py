"""What the engine asks of a stage, and what stages hand to each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal, Protocol, Self, TypedDict

from action100m.models.ledger import Ledger
from action100m.video.video import Video

StageName = Literal["embed", "segment", "caption", "annotate"]

Facet = Literal["pixels", "uid", "transcript", "metadata"]
"""What a stage reads of a video, besides what earlier stages made."""


StepState = Literal["started", "working", "finished"]

ProgressCallback = Callable[[float], None]
"""Called now and then with the share of a video that a stage has done, 0 to 1."""


def ignore_progress(share: float) -> None:
    """Do nothing."""


class Artifact(Protocol):
    """What a stage makes of one video, as it is kept in the run store. The same artifact gives the same bytes."""

    suffix: ClassVar[str]
    """File name ending, such as "npz"."""

    def to_bytes(self) -> bytes:
        """Return the file's content."""

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read the file's content."""


class Given(TypedDict, total=False):
    """What the stages before have made of the same video, by stage name."""

    embed: Any
    segment: Any
    caption: Any
    annotate: Any


class Stage(Protocol):
    """One step. A callable object with `setup`, which a local worker calls once and Ray Data calls an actor class."""

    name: ClassVar[StageName]
    reads: ClassVar[frozenset[Facet]]

    @property
    def artifact(self) -> type[Artifact]:
        """What it makes; a class variable of the stage."""

    @property
    def settings(self) -> dict[str, Any]:
        """All that its result depends on besides its input: config, model name, prompts, and the version of the algorithm. JSON values."""

    def setup(self, ledger: Ledger | None = None) -> None:
        """Load what is needed, once per worker. Models that cost something are asked only what the ledger does not know.

        Raises:
            ModelError: a model cannot be loaded; nothing stands in for it.
        """

    def __call__(self, video: Video, given: Given, on_progress: ProgressCallback = ignore_progress) -> Artifact:
        """Make the artifact; a stage that takes long tells how far it is."""
