"""How much there is to do: frames, windows, nodes and segments of videos whose headers have been read, and what each model is asked for.

Frames and windows follow from the header, exactly if it is right. Nodes and segments depend on what is to be seen; they are as many a second as in
the released records, and never more than the length of the video lets there be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import floor
from typing import Final

from action100m.run.config import RunConfig
from action100m.run.figures.costs import Content, Costs, ModelCost
from action100m.run.figures.estimate import ZERO, Estimate, add_up
from action100m.run.plan.probe import Header
from action100m.stages.annotate import AnnotateConfig
from action100m.stages.prompts import read_prompt
from action100m.stages.segment import SegmentConfig
from action100m.stages.windows import count_windows

_PAPER_SHORTEST_NODE: Final = 0.5
_PAPER_SHORTEST_SEGMENT: Final = 4.0
"""Seconds. What `Content` was measured with."""
_PIXELS: Final = 1280 * 720 * 30
"""A second of the footage that `Assumptions.real_time` was measured with."""


@dataclass(frozen=True, slots=True)
class Footage:
    """All videos together."""

    videos: int
    seconds: float
    frames: int
    samples: int
    windows: int
    window_frames: int
    """Samples in all windows; one in several counts several times."""
    decoding_hours: Estimate
    """Of 2 cores, to decode, measure and cut it once."""
    nodes: Estimate
    segments: Estimate
    """Nodes that are annotated."""
    clip_frames: Estimate
    """Frames shown for one caption of every node."""

    @property
    def leaves(self) -> Estimate:
        """Half of the nodes: each video has one leaf more than inner nodes."""
        return (self.nodes + Estimate.exactly(self.videos)) * 0.5


@dataclass(frozen=True, slots=True)
class Load:
    """What a model is asked for."""

    requests: Estimate
    images: Estimate = ZERO
    """Pictures; a frame in tiles is several."""
    images_fresh: Estimate = ZERO
    """Of `images`, those that the model has to look at: not the ones whose tokens are in the server's prefix cache."""
    tokens_in: Estimate = ZERO
    tokens_fresh: Estimate = ZERO
    """Of `tokens_in`, those that are not in the server's prefix cache."""
    tokens_out: Estimate = ZERO

    def __add__(self, other: Load) -> Load:
        return Load(
            self.requests + other.requests,
            self.images + other.images,
            self.images_fresh + other.images_fresh,
            self.tokens_in + other.tokens_in,
            self.tokens_fresh + other.tokens_fresh,
            self.tokens_out + other.tokens_out,
        )


def measure_footage(headers: Sequence[Header], config: RunConfig, costs: Costs) -> Footage:
    """Return what the videos come to, each by itself and then added up."""
    parts = [_measure(header, config, costs) for header in headers]
    return Footage(
        videos=len(parts),
        seconds=sum(part.seconds for part in parts),
        frames=sum(part.frames for part in parts),
        samples=sum(part.samples for part in parts),
        windows=sum(part.windows for part in parts),
        window_frames=sum(part.window_frames for part in parts),
        decoding_hours=add_up(part.decoding_hours for part in parts),
        nodes=add_up(part.nodes for part in parts),
        segments=add_up(part.segments for part in parts),
        clip_frames=add_up(part.clip_frames for part in parts),
    )


def _measure(header: Header, config: RunConfig, costs: Costs) -> Footage:
    samples = header.count_samples(config.embed.sampling)
    windows = count_windows(samples, window=config.embed.window, stride=config.embed.stride)
    nodes = _count_nodes(header, samples, config.segment, costs.content)
    per_node = _clip_frames(costs.content.node_seconds, header.rate, config.caption.frames)
    return Footage(
        videos=1,
        seconds=header.seconds,
        frames=header.frames,
        samples=samples,
        windows=windows,
        window_frames=windows * min(samples, config.embed.window),
        decoding_hours=_decoding_hours(header, costs.assumptions.real_time),
        nodes=nodes,
        segments=_count_segments(header, nodes, config.annotate, costs.content),
        clip_frames=nodes * per_node,
    )


def _decoding_hours(header: Header, real_time: Estimate) -> Estimate:
    """Small pictures may take as long as 720p ones, since what is measured in them has one size; large ones take longer by their pixels."""
    size = header.width * header.height * header.rate / _PIXELS
    return Estimate(min(size, 1.0), max(size, 1.0)) * header.seconds / real_time / 3600


def _count_nodes(header: Header, samples: int, config: SegmentConfig, content: Content) -> Estimate:
    """Other rules than the paper's widen the interval to what they let there be."""
    most = 2 * max(1, min(floor(header.seconds / config.min_duration), samples)) - 1
    usual = content.nodes_per_second * header.seconds
    low = 1.0 if config.min_duration > _PAPER_SHORTEST_NODE else usual.low
    more = config.min_duration < _PAPER_SHORTEST_NODE or config.leaf_rule != "keep"
    return Estimate(max(low, 1.0), max(most if more else usual.high, low, 1.0)).at_most(most)


def _count_segments(header: Header, nodes: Estimate, config: AnnotateConfig, content: Content) -> Estimate:
    if header.seconds < config.min_duration:
        return ZERO
    usual = content.segments_per_second * header.seconds
    most = nodes.high if config.nodes == "all" else (nodes.high - 1) / 2
    low = 0.0 if config.min_duration > _PAPER_SHORTEST_SEGMENT else usual.low
    more = config.min_duration < _PAPER_SHORTEST_SEGMENT or config.nodes == "all"
    return Estimate(low, max(most if more else usual.high, low)).at_most(most)


def _clip_frames(durations: Sequence[float], rate: float, frames: int) -> float:
    """Return how many frames a node shows on average: short ones have fewer than are asked for."""
    return sum(max(1.0, min(frames, seconds * rate)) for seconds in durations) / len(durations)


def load_clips(footage: Footage, content: Content, captioner: ModelCost, *, caches: bool) -> Load:
    """Return what describing and naming the action of every node asks for.

    caches: whether the model is behind a server. Both requests about a node show the same frames before they ask, so a prefix cache that works has
    them looked at and read once; one that does not, or is full, twice.
    """
    text = Estimate.exactly(sum(len(read_prompt(name)) for name in ("caption_clip", "caption_action"))) / content.bytes_per_token
    load = _load_captions(
        requests=footage.nodes * 2,
        images=footage.clip_frames * 2,
        tokens_per_image=captioner.tokens_per_image,
        text=footage.nodes * text,
        written=footage.nodes * ((content.clip_caption_bytes + content.clip_action_bytes) / content.bytes_per_token),
    )
    if not caches:
        return load
    known = footage.clip_frames.low
    return replace(
        load,
        images_fresh=Estimate(load.images.low - known, load.images.high),
        tokens_fresh=Estimate(load.tokens_in.low - known * captioner.tokens_per_image, load.tokens_in.high),
    )


def load_frames(footage: Footage, content: Content, captioner: ModelCost) -> Load:
    """Return what describing the middle frame of every leaf asks for."""
    return _load_captions(
        requests=footage.leaves,
        images=footage.leaves * captioner.tiles,
        tokens_per_image=captioner.tokens_per_image,
        text=footage.leaves * (Estimate.exactly(len(read_prompt("caption_frame"))) / content.bytes_per_token),
        written=footage.leaves * (content.frame_caption_bytes / content.bytes_per_token),
    )


def _load_captions(*, requests: Estimate, images: Estimate, tokens_per_image: float, text: Estimate, written: Estimate) -> Load:
    read = images * tokens_per_image + text
    return Load(requests, images, images, read, read, written)


def load_chats(footage: Footage, content: Content, config: AnnotateConfig, *, thinking: Estimate, caches: bool) -> Load:
    """Return what annotating the segments asks for, if every reply fits at once.

    thinking: tokens before each reply. caches: whether the model is behind a server, which may cache prefixes.

    Each refining round reads the opening, the last answer and the check of it. With a prefix cache that works, of an opening only what the prompt
    before does not begin with is read anew, and once; without, all of it, each time.
    """
    answer, rounds = content.answer_bytes / content.bytes_per_token, config.rounds
    opening = content.opening_bytes / content.bytes_per_token
    if config.context_tokens is not None:
        opening = opening.at_most(config.context_tokens)
    talk = (answer + Estimate.exactly(len(read_prompt("refine"))) / content.bytes_per_token) * (rounds - 1)
    read = opening * rounds + talk
    fresh = (content.fresh_bytes / content.bytes_per_token).at_most(opening.low) + talk
    return Load(
        requests=footage.segments * rounds,
        tokens_in=footage.segments * read,
        tokens_fresh=footage.segments * (Estimate(fresh.low, read.high) if caches else read),
        tokens_out=footage.segments * ((answer + thinking) * rounds),
    )
