"""How large the artifacts of a run and its ledger become."""

from __future__ import annotations

from typing import Final

from action100m.run.figures.costs import Content, ModelCost
from action100m.run.figures.estimate import Estimate
from action100m.run.plan.workload import Footage, Load

_SAMPLE: Final = 8 + 8 + 112
"""Bytes of a sampled frame beside its vector: time, edge, measurements (`video.signals`)."""
_FRAME: Final = 8
"""Bytes of the time of every presented frame."""
_ARCHIVE: Final = 5_000
"""Bytes of an archive's own, about."""
_TIME: Final = Estimate(5, 20)
"""Bytes of a frame's time in JSON: from "1.5, " to 17 digits."""
_ENTRY: Final = Estimate(200, 600)
"""Bytes that a reply takes beside its text: keys and counts in JSON, or a row with its indices in the ledger."""


def embed_bytes(*, samples: int, frames: int, videos: int, width: int) -> Estimate:
    """Return what vectors of so many numbers, times and measurements take."""
    return Estimate.exactly(samples * (4 * width + _SAMPLE) + frames * _FRAME + videos * _ARCHIVE)


def segment_bytes(footage: Footage, content: Content) -> Estimate:
    """Return what the bare trees take."""
    return footage.nodes * content.bare_node_bytes


def caption_bytes(footage: Footage, content: Content, captioner: ModelCost) -> Estimate:
    """Return what trees with captions take; of a captioner that is shown frames, also their times, and its replies in the ledger."""
    tree = segment_bytes(footage, content) + _caption_texts(footage, content, captioner)
    if captioner.weightless:
        return tree
    times = (footage.clip_frames * 2 + footage.leaves) * _TIME
    return tree + times + _caption_texts(footage, content, captioner) + (footage.nodes * 2 + footage.leaves) * _ENTRY


def annotate_bytes(footage: Footage, content: Content, captioner: ModelCost, reasoner: ModelCost, load: Load, *, thinking: Estimate) -> Estimate:
    """Return what annotated trees take, with every reply and the thoughts before it, and once more in the ledger."""
    answer = _shorter(content.answer_bytes, reasoner)
    tree = segment_bytes(footage, content) + _caption_texts(footage, content, captioner) + footage.segments * answer
    replies = load.requests * (answer + thinking * content.bytes_per_token + _ENTRY)
    return tree + (replies if reasoner.weightless else replies * 2)


def _caption_texts(footage: Footage, content: Content, captioner: ModelCost) -> Estimate:
    texts = footage.nodes * (content.clip_caption_bytes + content.clip_action_bytes) + footage.leaves * content.frame_caption_bytes
    return _shorter(texts, captioner)


def _shorter(text: Estimate, model: ModelCost) -> Estimate:
    """A weightless model writes less than the ones whose texts were measured."""
    return Estimate(0, text.high) if model.weightless else text
