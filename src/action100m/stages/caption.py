"""Write the Tree-of-Captions (paper section 3.2): the middle frame of each leaf, and frames spread over each node, are described.

Requests carry the node and the exact times of their frames; replies are joined by node and field, never by position.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, ClassVar, Final, Self, get_args

import numpy as np
from pydantic import ConfigDict

from action100m.errors import ConfigError, ModelError
from action100m.models.base import Captioner, CaptionField, CaptionRequest
from action100m.models.ledger import Ledger, remember_captions
from action100m.models.preview import PreviewConfig
from action100m.record import Gap
from action100m.stages.base import Facet, Given, ProgressCallback, StageName, ignore_progress
from action100m.stages.caption_plan import PlannedCaption, count_captions, plan_captions
from action100m.stages.embed import Embedded
from action100m.stages.prompts import prompt_digest, read_prompt
from action100m.stages.windows import batched
from action100m.text import mend
from action100m.tree import Node, Tree, tree_from_json, tree_to_json
from action100m.video.decode import pictures_at
from action100m.video.picture import Fit, FrameSize
from action100m.video.video import Frames, Video, cues_between

_ALGORITHM = 1
"""Raised when the same settings come to mean other captions."""

_PROMPTS: Final[dict[CaptionField, str]] = {
    "frame_caption": "caption_frame",
    "clip_caption": "caption_clip",
    "clip_action": "caption_action",
}


@dataclass(frozen=True, slots=True)
class CaptionConfig:
    """Who captions, and what is shown."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    captioner: PreviewConfig = PreviewConfig()
    """Who writes the captions."""
    frames: int = 32
    """Frames spread over a node (paper: 32). A node that presents fewer shows all it has."""
    size: int = 320
    """Width and height in pixels of the frames that a captioner sees (paper: 320)."""
    fit: Fit = "letterbox"
    """How a frame comes to be square: padded with black, or stretched. The paper does not tell."""
    batch: int = 16
    """Requests handed to the captioner at once."""

    def __post_init__(self) -> None:
        if self.fit not in get_args(Fit):
            raise ConfigError(f"caption.fit must be one of {get_args(Fit)}, got {self.fit!r}")
        for name in ("frames", "size", "batch"):
            if getattr(self, name) < 1:
                raise ConfigError(f"caption.{name} must be at least 1, got {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class Captioned:
    """A tree with captions, the gaps in them, and the frames that each rests on."""

    suffix: ClassVar[str] = "json"

    tree: Tree
    gaps: tuple[Gap, ...]
    prompts: tuple[tuple[str, str], ...]
    """(name, sha256), sorted."""
    seconds: dict[str, dict[str, tuple[float, ...]]] = field(default_factory=dict)
    """Node id -> caption field -> presentation times of the frames seen. Empty for captioners that rest on all measurements of a node."""

    def to_bytes(self) -> bytes:
        """Return the artifact as JSON."""
        value = {"tree": tree_to_json(self.tree), "gaps": [asdict(gap) for gap in self.gaps], "prompts": self.prompts, "seconds": self.seconds}
        return json.dumps(value).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote."""
        value = json.loads(data)
        return cls(
            tree=tree_from_json(value["tree"]),
            gaps=tuple(Gap(**gap) for gap in value["gaps"]),
            prompts=tuple((name, digest) for name, digest in value["prompts"]),
            seconds={node: {name: tuple(times) for name, times in fields.items()} for node, fields in value["seconds"].items()},
        )


class Caption:
    """The stage: plan, ask, join."""

    name: ClassVar[StageName] = "caption"
    artifact: ClassVar[type[Captioned]] = Captioned
    reads: ClassVar[frozenset[Facet]] = frozenset({"pixels", "transcript"})

    def __init__(self, config: CaptionConfig = CaptionConfig()) -> None:
        self.config = config
        self._prompts = {name: read_prompt(prompt) for name, prompt in _PROMPTS.items()}
        self._captioner: Captioner | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """Config, captioner, prompts and version of the algorithm."""
        config = asdict(self.config) | {"captioner": self.config.captioner.identity()}
        del config["batch"]  # captions do not depend on it
        return {"algorithm": _ALGORITHM, "config": config, "prompts": dict(_digests(self._prompts))}

    def setup(self, ledger: Ledger | None = None) -> None:
        """Load the captioner."""
        self._captioner = remember_captions(self.config.captioner.load(), ledger, self.config.captioner.identity())

    def __call__(self, video: Video, given: Given, on_progress: ProgressCallback = ignore_progress) -> Captioned:
        """Caption every node of the tree.

        Raises:
            ModelError: the captioner left requests unanswered.
        """
        if self._captioner is None:
            self.setup()
        assert self._captioner is not None
        embedded, tree = given["embed"], given["segment"].tree
        captions: dict[tuple[str, CaptionField], str] = {}
        seconds: dict[str, dict[str, tuple[float, ...]]] = {}
        planned = count_captions(tree)
        for batch in batched(self._requests(video, embedded, tree), self.config.batch):
            captions |= _ask(self._captioner, batch)
            on_progress(len(captions) / planned)
            if self._captioner.evidence == "frames":
                for request in batch:
                    seconds.setdefault(request.node, {})[request.field] = request.seconds
        return _join(tree, captions, seconds, _digests(self._prompts))

    def _requests(self, video: Video, embedded: Embedded, tree: Tree) -> Iterator[CaptionRequest]:
        assert self._captioner is not None
        if self._captioner.evidence == "signals":
            for planned in plan_captions(tree, embedded.seconds, frames=None):
                after = np.nextafter(planned.seconds[-1], np.inf)  # views of the measurements: a copy for every node would grow with the video
                yield replace(self._request(video, planned), signals=embedded.signals.between(planned.seconds[0], after))
        else:
            plan = plan_captions(tree, embedded.report.presented, frames=self.config.frames)
            requests = [self._request(video, planned) for planned in plan]
            yield from _with_frames(video.location, requests, FrameSize(self.config.size, self.config.size, self.config.fit))

    def _request(self, video: Video, planned: PlannedCaption) -> CaptionRequest:
        node = planned.node
        return CaptionRequest(
            node=node.id,
            field=planned.field,
            prompt=self._prompts[planned.field],
            start=node.start,
            end=node.end,
            seconds=planned.seconds,
            transcript=cues_between(video.metadata.transcript, node.start, node.end),
        )


def _digests(prompts: dict[CaptionField, str]) -> tuple[tuple[str, str], ...]:
    return tuple((_PROMPTS[name], prompt_digest(text)) for name, text in sorted(prompts.items()))


def _with_frames(location: str, requests: Sequence[CaptionRequest], size: FrameSize) -> Iterator[CaptionRequest]:
    """Yield each request with its frames, as soon as its last one is decoded: one pass, each needed frame converted once.

    Frames wait only for the nodes that are under way, so memory grows with the depth of the tree, not with the length of the video.
    """
    waiting: dict[float, list[int]] = {}
    for number, request in enumerate(requests):
        for seconds in request.seconds:
            waiting.setdefault(seconds, []).append(number)
    seen: dict[int, list[Any]] = {}
    for picture in pictures_at(location, sorted(waiting)):
        data = picture.rgb(size)
        for number in waiting[picture.seconds]:
            seen.setdefault(number, []).append(data)
            request = requests[number]
            if len(seen[number]) == len(request.seconds):
                yield replace(request, frames=Frames(np.stack(seen.pop(number)), np.array(request.seconds)))


def _ask(captioner: Captioner, batch: Sequence[CaptionRequest]) -> dict[tuple[str, CaptionField], str]:
    replies = list(captioner.caption(batch))
    asked, answered = {(request.node, request.field) for request in batch}, {(reply.node, reply.field) for reply in replies}
    if asked != answered or len(replies) != len(batch):
        raise ModelError(f"{captioner.name} was asked for {len(asked)} captions and gave {len(replies)}, {len(asked & answered)} of them asked for")
    return {(reply.node, reply.field): mend(reply.text).strip() for reply in replies}


def _join(
    tree: Tree, captions: dict[tuple[str, CaptionField], str], seconds: dict[str, dict[str, tuple[float, ...]]], prompts: tuple[tuple[str, str], ...]
) -> Captioned:
    gaps = tuple(Gap(node, name, "the captioner said nothing") for (node, name), text in captions.items() if not text)
    return Captioned(tree.update(lambda node: _with_captions(node, captions)), gaps, prompts, seconds)


def _with_captions(node: Node, captions: dict[tuple[str, CaptionField], str]) -> Node:
    return replace(
        node,
        frame_caption=captions.get((node.id, "frame_caption")) or None,
        clip_caption=captions.get((node.id, "clip_caption")) or None,
        clip_action=captions.get((node.id, "clip_action")) or None,
    )
