"""Write the Tree-of-Captions (paper section 3.2): the middle frame of each leaf, and frames spread over each node, are described.

Requests carry the node and the exact times of their frames; replies are joined by node and field, never by position.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from typing import Annotated, Any, ClassVar, Final, Self, get_args

import numpy as np
from pydantic import ConfigDict, Discriminator

from action100m.errors import ConfigError, EndpointError, ModelError
from action100m.models.base import Captioner, CaptionField, CaptionReply, CaptionRequest
from action100m.models.endpoint.caption import CaptionEndpointConfig
from action100m.models.ledger import Ledger, remember_captions
from action100m.models.vlm.config import VlmConfig
from action100m.models.weightless.preview import PreviewConfig
from action100m.record import Gap, Remark
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

_ALGORITHM = 2
"""Raised when the same settings come to mean other captions."""

_PROMPTS: Final[dict[CaptionField, str]] = {
    "frame_caption": "caption_frame",
    "clip_caption": "caption_clip",
    "clip_action": "caption_action",
}


_CaptionerConfig = Annotated[PreviewConfig | VlmConfig | CaptionEndpointConfig, Discriminator("kind")]

_Place = tuple[str, CaptionField]
"""Node id and field, by which requests and replies meet."""


@dataclass(frozen=True, slots=True)
class CaptionConfig:
    """Who captions, and what is shown."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    captioner: _CaptionerConfig = PreviewConfig()
    """Who describes the clips of all nodes and names their actions (paper: Perception-LM-3B)."""
    frame_captioner: _CaptionerConfig | None = None
    """Who describes the middle frames of leaves (paper: Llama-3.2-Vision-11B). None: the same. Another one has a pass over the video of its own."""
    frames: int = 32
    """Frames spread over a node (paper: 32). A node that presents fewer shows all it has."""
    size: int = 320
    """Width and height in pixels of the frames that a captioner sees (paper: 320)."""
    fit: Fit = "letterbox"
    """How a frame comes to be square: padded with black, or stretched. The paper does not tell."""
    batch: int = 32
    """Requests handed at once to a captioner in this process. With 32 frames of 320 x 320 each they hold 160 MB. Servers are sent requests as they
    have room for them."""

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
    captioner: str
    """Name of the model that described the clips, as it was loaded: which commit, in which precision."""
    frame_captioner: str
    """Likewise, of the middle frames."""
    seconds: dict[str, dict[str, tuple[float, ...]]] = field(default_factory=dict)
    """Node id -> caption field -> presentation times of the frames seen. Empty for captioners that rest on all measurements of a node."""
    remarks: tuple[Remark, ...] = ()
    """What a captioner said of captions that are not all it had to say: cut off, gone round in a loop."""

    def to_bytes(self) -> bytes:
        """Return the artifact as JSON."""
        value = {
            "tree": tree_to_json(self.tree),
            "gaps": [asdict(gap) for gap in self.gaps],
            "prompts": self.prompts,
            "captioner": self.captioner,
            "frame_captioner": self.frame_captioner,
            "seconds": self.seconds,
            "remarks": [asdict(remark) for remark in self.remarks],
        }
        return json.dumps(value).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote."""
        value = json.loads(data)
        return cls(
            tree=tree_from_json(value["tree"]),
            gaps=tuple(Gap(**gap) for gap in value["gaps"]),
            prompts=tuple((name, digest) for name, digest in value["prompts"]),
            captioner=value["captioner"],
            frame_captioner=value["frame_captioner"],
            seconds={node: {name: tuple(times) for name, times in fields.items()} for node, fields in value["seconds"].items()},
            remarks=tuple(Remark(**remark) for remark in value["remarks"]),
        )


@dataclass(frozen=True, slots=True)
class _Pass:
    """What one captioner is asked for, in one pass over the video."""

    captioner: Captioner
    plan: tuple[PlannedCaption, ...]
    batch: int | None
    """Requests handed over at once; None: as many as the captioner has room for."""


class Caption:
    """The stage: plan, ask, join."""

    name: ClassVar[StageName] = "caption"
    artifact: ClassVar[type[Captioned]] = Captioned
    reads: ClassVar[frozenset[Facet]] = frozenset({"pixels", "transcript"})

    def __init__(self, config: CaptionConfig = CaptionConfig()) -> None:
        self.config = config
        self._prompts = {name: read_prompt(prompt) for name, prompt in _PROMPTS.items()}
        self._captioners: dict[CaptionField, Captioner] = {}

    @property
    def settings(self) -> dict[str, Any]:
        """Config, captioners, prompts and version of the algorithm."""
        frames = self.config.frame_captioner
        identities = {"captioner": self.config.captioner.identity(), "frame_captioner": None if frames is None else frames.identity()}
        config = asdict(self.config) | identities
        del config["batch"]  # captions do not depend on it
        return {"algorithm": _ALGORITHM, "config": config, "prompts": dict(_digests(self._prompts))}

    def setup(self, ledger: Ledger | None = None) -> None:
        """Load the captioners."""
        clips, frames = self.config.captioner, self.config.frame_captioner
        captioner = remember_captions(clips.load(), ledger, clips.identity())
        frame_captioner = captioner if frames in (None, clips) else remember_captions(frames.load(), ledger, frames.identity())
        self._captioners = {"frame_caption": frame_captioner, "clip_caption": captioner, "clip_action": captioner}

    def __call__(self, video: Video, given: Given, on_progress: ProgressCallback = ignore_progress) -> Captioned:
        """Caption every node of the tree.

        Raises:
            ModelError: a captioner left requests unanswered.
            EndpointError: a server did, also after trying again. The ledger keeps the other captions, so that a rerun asks only for these.
        """
        if not self._captioners:
            self.setup()
        tree = given["segment"].tree
        replies: dict[_Place, CaptionReply] = {}
        planned = count_captions(tree)
        passes = list(self._plan(given["embed"], tree))
        for reply in chain.from_iterable(self._ask(video, given["embed"], once) for once in passes):
            replies[reply.node, reply.field] = reply
            on_progress(len(replies) / planned)
        if lost := [reply for reply in replies.values() if reply.outcome == "lost"]:
            raise EndpointError(f"{len(lost)} of {planned} captions got no answer, such as {lost[0].field} of {lost[0].node}: {lost[0].problem}")
        replies = {(node.id, name): replies[node.id, name] for node in tree.nodes for name in _PROMPTS if (node.id, name) in replies}
        return Captioned(
            tree=tree.update(lambda node: _with_captions(node, replies)),
            gaps=tuple(Gap(node, name, reply.problem or "the captioner said nothing") for (node, name), reply in replies.items() if not reply.text),
            prompts=_digests(self._prompts),
            captioner=self._captioners["clip_caption"].name,
            frame_captioner=self._captioners["frame_caption"].name,
            seconds=_frame_times(passes),
            remarks=tuple(Remark(node, name, reply.problem) for (node, name), reply in replies.items() if reply.text and reply.problem),
        )

    def _plan(self, embedded: Embedded, tree: Tree) -> Iterator[_Pass]:
        config, captioners = self.config, {id(captioner): captioner for captioner in self._captioners.values()}
        for captioner in captioners.values():
            fields = [name for name, other in self._captioners.items() if other is captioner]
            chosen = config.frame_captioner if fields == ["frame_caption"] else config.captioner
            presented, most = (embedded.report.presented, config.frames) if captioner.evidence == "frames" else (embedded.seconds, None)
            plan = tuple(planned for planned in plan_captions(tree, presented, frames=most) if planned.field in fields)
            yield _Pass(captioner, plan, batch=None if isinstance(chosen, CaptionEndpointConfig) else config.batch)

    def _ask(self, video: Video, embedded: Embedded, once: _Pass) -> Iterator[CaptionReply]:
        """Yield the replies of one captioner, which is asked as the evidence comes."""
        requests: Iterator[CaptionRequest] = (self._request(video, planned) for planned in once.plan)
        if once.captioner.evidence == "frames":
            requests = _with_frames(video.location, list(requests), FrameSize(self.config.size, self.config.size, self.config.fit))
        else:  # views of the measurements: a copy for every node would grow with the video
            ends = (np.nextafter(planned.seconds[-1], np.inf) for planned in once.plan)
            requests = (replace(one, signals=embedded.signals.between(one.seconds[0], end)) for one, end in zip(requests, ends, strict=True))
        for part in [requests] if once.batch is None else batched(requests, once.batch):
            yield from _ask(once.captioner, part)

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


def _frame_times(passes: Iterable[_Pass]) -> dict[str, dict[str, tuple[float, ...]]]:
    seconds: dict[str, dict[str, tuple[float, ...]]] = {}
    for planned in chain.from_iterable(once.plan for once in passes if once.captioner.evidence == "frames"):
        seconds.setdefault(planned.node.id, {})[planned.field] = planned.seconds
    return seconds


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
        whole: dict[tuple[float, ...], Frames] = {}  # a node's caption and action rest on the same frames
        for number in waiting[picture.seconds]:
            seen.setdefault(number, []).append(data)
            times = requests[number].seconds
            if len(seen[number]) == len(times):
                pictures = seen.pop(number)
                if times not in whole:
                    whole[times] = Frames(np.stack(pictures), np.array(times))
                yield replace(requests[number], frames=whole[times])


def _ask(captioner: Captioner, requests: Iterable[CaptionRequest]) -> Iterator[CaptionReply]:
    """Yield the replies to requests, of which no more are taken than the captioner has room for.

    Raises:
        ModelError: they are others than were asked for.
    """
    waiting: set[_Place] = set()

    def note(request: CaptionRequest) -> CaptionRequest:
        waiting.add((request.node, request.field))
        return request

    for reply in captioner.caption(map(note, requests)):
        if (place := (reply.node, reply.field)) not in waiting:
            raise ModelError(f"{captioner.name} was not asked for the {reply.field} of {reply.node}, or has told it before")
        waiting.remove(place)
        yield replace(reply, text=mend(reply.text).strip())
    if waiting:
        raise ModelError(f"{captioner.name} left {len(waiting)} captions unanswered, such as {min(waiting)}")


def _with_captions(node: Node, replies: Mapping[_Place, CaptionReply]) -> Node:
    def text(name: CaptionField) -> str | None:
        return replies[node.id, name].text or None if (node.id, name) in replies else None

    return replace(node, frame_caption=text("frame_caption"), clip_caption=text("clip_caption"), clip_action=text("clip_action"))
