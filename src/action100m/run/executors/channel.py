"""What the parent and a worker say to each other: one JSON value per line."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import IO, Final, Literal

from pydantic import TypeAdapter

from action100m.run.store import Failure
from action100m.stages.base import StageName, StepState
from action100m.video.video import Video

LEAVING_SECONDS: Final = 3.0
"""What a worker has to leave in before it is killed: it may be deep in the code of a model or a codec."""


@dataclass(frozen=True, slots=True)
class Start:
    """To the worker, first: the run and the stages that will have work. It answers with `Ready`."""

    store: str
    stages: tuple[StageName, ...]
    kind: Literal["start"] = "start"


@dataclass(frozen=True, slots=True)
class Task:
    """To the worker: one video. It answers with any number of `Step`s and one `Done`."""

    video: Video
    redo_gaps: bool
    kind: Literal["task"] = "task"


@dataclass(frozen=True, slots=True)
class Ready:
    """From the worker: all models are loaded, or why one is not."""

    error: str | None = None
    error_class: str | None = None
    kind: Literal["ready"] = "ready"


@dataclass(frozen=True, slots=True)
class Step:
    """From the worker: how far a stage is with a video."""

    uid: str
    stage: StageName
    state: StepState
    """Finished: what it made is kept."""
    share: float = 0.0
    """How much of the video is done, 0 to 1."""
    kind: Literal["step"] = "step"


@dataclass(frozen=True, slots=True)
class Done:
    """From the worker: the video is through, with or without a failure."""

    uid: str
    failure: Failure | None
    kind: Literal["done"] = "done"


Message = Start | Task | Ready | Step | Done
_ADAPTER: TypeAdapter[Message] = TypeAdapter(Message)


def send(stream: IO[bytes], message: Message) -> None:
    """Write one message.

    Raises:
        BrokenPipeError: the other side is gone.
    """
    stream.write(json.dumps(asdict(message)).encode() + b"\n")
    stream.flush()


def receive(line: bytes) -> Message:
    """Read one message from its line."""
    return _ADAPTER.validate_python(json.loads(line))  # unlike validate_json, it takes file names that are not UTF-8
