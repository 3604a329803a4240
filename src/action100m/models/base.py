"""What a stage asks of a model. One contract suite for each protocol runs over every implementation (tests/contracts)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from action100m.tree import Tree
from action100m.video.picture import FrameSize
from action100m.video.signals import Signals
from action100m.video.video import Cue, Frames, VideoMetadata

CaptionField = Literal["frame_caption", "clip_caption", "clip_action"]
Effort = Literal["low", "medium", "high"]
Outcome = Literal["answered", "refused", "lost"]
"""What became of a request: the model replied, usable or not; the server refused it; or no reply came, which may be the server's fault."""
Evidence = Literal["frames", "signals"]
"""The pictures, or the measurements made while embedding."""


class Encoder(Protocol):
    """Turns windows of frames into vectors. Each frame is prepared once, however many windows it is in."""

    @property
    def name(self) -> str:
        """The model with its revision, and whatever else its vectors depend on."""

    @property
    def frame_size(self) -> FrameSize | None:
        """The size frames come in; None is the video's own."""

    @property
    def tubelet(self) -> int:
        """Frames for one vector."""

    def prepare(self, frames: NDArray[np.uint8]) -> Sequence[Any]:
        """Turn uint8 (n, h, w, 3) into n prepared frames, where `encode` wants them (on the GPU, say)."""

    def encode(self, windows: Sequence[Sequence[Any]]) -> NDArray[np.float32]:
        """Turn b windows of t prepared frames into float32 (b, t // tubelet, d): the mean over space for each time position."""


@dataclass(frozen=True, slots=True)
class CaptionRequest:
    """What to say about one node, and the evidence for it."""

    node: str
    field: CaptionField
    prompt: str
    start: float
    end: float
    seconds: tuple[float, ...]
    """Exact presentation times of the frames that the caption rests on."""
    frames: Frames | None = None
    """Set for captioners whose evidence is "frames"."""
    signals: Signals | None = None
    """Set for captioners whose evidence is "signals": the measurements of the frames at `seconds`."""
    transcript: tuple[Cue, ...] = ()
    """What is said in [start, end)."""
    on_reply: Callable[[CaptionReply], None] | None = dataclasses.field(default=None, repr=False, compare=False)
    """Told the reply by models that fetch replies while their caller does something else, at once and in a thread of theirs: so none is lost when
    the caller is interrupted."""


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Tokens that a reply cost."""

    input: int = 0
    """Read, those from the server's prefix cache included."""
    output: int = 0
    """Written, reasoning included."""
    cached: int = 0
    """Of `input`, those that the server had in its prefix cache, as far as it tells."""


@dataclass(frozen=True, slots=True)
class CaptionReply:
    """The answer to the request with the same node and field."""

    node: str
    field: CaptionField
    text: str
    usage: TokenUsage = TokenUsage()
    problem: str | None = None
    """Why there is no text, or less than the model began to write (it went round in a loop, say)."""
    seconds: float = 0.0
    """From the sending of the request to its reply."""
    retries: int = 0
    """How often the request had to be sent again."""
    outcome: Outcome = "answered"


class Captioner(Protocol):
    """Describes nodes."""

    @property
    def name(self) -> str:
        """The model with its revision, and whatever else its text depends on."""

    @property
    def is_free(self) -> bool:
        """Whether asking again costs next to nothing, so that its replies need not be remembered."""

    @property
    def evidence(self) -> Evidence:
        """What it looks at."""

    def caption(self, requests: Iterable[CaptionRequest]) -> Iterator[CaptionReply]:
        """Yield the answer to every request as soon as it is there, in any order. Replies carry node and field and are joined by them.

        A captioner behind servers takes requests as it has room for them; one in this process may take them all before it begins.

        Raises:
            EndpointError: the model does not answer at all.
        """


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One turn."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A conversation to be continued with a JSON reply, and what its text was rendered from."""

    node: str
    messages: tuple[ChatMessage, ...]
    schema: dict[str, Any]
    tree: Tree
    """With captions. The node's own is `tree[node]`."""
    metadata: VideoMetadata
    effort: Effort | None = None
    on_reply: Callable[[ChatReply], None] | None = dataclasses.field(default=None, repr=False, compare=False)
    """As in `CaptionRequest`."""


@dataclass(frozen=True, slots=True)
class ChatReply:
    """The answer to the request with the same node: text that should be JSON, not yet verified."""

    node: str
    text: str
    usage: TokenUsage = TokenUsage()
    problem: str | None = None
    """Why the text may be unusable (cut off, refused, empty), in words that can be sent back. None when the model ended as it should."""
    ask_again: bool = True
    """False where asking again is useless: the server refused the request itself, because it is too long, say."""
    seconds: float = 0.0
    """From the sending of the request to its reply."""
    retries: int = 0
    """How often the request had to be sent again."""
    reasoning: str = ""
    """What the model thought before its answer; kept, never parsed."""
    outcome: Outcome = "answered"


class ChatModel(Protocol):
    """Continues conversations."""

    @property
    def name(self) -> str:
        """The model with its revision and parameters."""

    @property
    def is_free(self) -> bool:
        """Whether asking again costs next to nothing, so that its replies need not be remembered."""

    def chat(self, requests: Iterable[ChatRequest]) -> Iterator[ChatReply]:
        """Yield the answer to every request as soon as it is there, in any order; replies are joined by node. Requests are taken as by a captioner.

        The schema is asked for; the caller verifies it.

        Raises:
            EndpointError: the model does not answer at all.
        """


class TextEncoder(Protocol):
    """Turns texts into vectors whose dot product is their likeness."""

    @property
    def name(self) -> str:
        """The model with its revision, and whatever else its vectors depend on."""

    @property
    def width(self) -> int:
        """Numbers in a vector."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Turn n texts into float32 (n, width), each row of length 1. The vector of a text does not depend on the others."""
