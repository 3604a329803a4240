"""How the dialogue about a segment opens, with as much detail as the model's window takes.

    system   rules                                  the same for all videos
    user     metadata, transcript, outline          the same for all segments of a video
             captions of the segment                those of its first part first
             which segment

What is the same stands first, for servers that cache prompt prefixes. No caption and no line of a transcript is ever cut: a prompt that may be too
long shows fewer levels.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import ceil
from string import Template

from action100m.annotation import ANNOTATION_SCHEMA
from action100m.models.base import ChatMessage
from action100m.stages.context import format_seconds, render_segment, render_video
from action100m.stages.refine import Dialogue
from action100m.tree import Node, Tree
from action100m.video.video import VideoMetadata, cues_between

OPENING_PROMPTS = ("annotate_rules", "annotate_segment", "refine")

BYTES_PER_TOKEN = 3.0
"""Bytes of UTF-8 in a token, for want of the model's own tokenizer. The 1,237 prompts of the released records have 3.16 at least and 3.57 on
average by a byte-level BPE of 32,000 entries, learnt for each record from the other nine (2.98 and 3.43 with 8,000 entries); models of today have
100,000 and more, learnt from far more text. A script that a tokenizer hardly knows may take up to a token for each byte."""

TALK_TOKENS = 1_500
"""Room for what follows the evidence: an answer (2,303 bytes at most in the released records), the check of it, and the marks of a chat template."""


@dataclass(frozen=True, slots=True)
class Detail:
    """How much of what is known goes into a prompt."""

    subtree_depth: int
    global_depth: int
    whole_transcript: bool = True
    """False: only what is said during the segment."""


def lower_detail(full: Detail) -> Iterator[Detail]:
    """Yield full detail, then ever less: what lies deepest in the segment goes first, then the outline, then what is said elsewhere."""
    for depth in range(full.subtree_depth, -1, -1):
        yield replace(full, subtree_depth=depth)
    for depth in range(full.global_depth - 1, -1, -1):
        yield Detail(0, depth)
    yield Detail(0, 0, whole_transcript=False)


def open_dialogues(
    tree: Tree, metadata: VideoMetadata, nodes: Sequence[Node], prompts: Mapping[str, str], *, full: Detail, context_tokens: int | None
) -> Iterator[Dialogue]:
    """Yield the start of a dialogue about each node, with as much detail as fits into `context_tokens`, and with the least where nothing fits."""

    @cache
    def describe_video(depth: int) -> str:
        return render_video(tree, metadata, depth=depth)

    def describe(node: Node, detail: Detail) -> Dialogue:
        said = replace(metadata, transcript=cues_between(metadata.transcript, node.start, node.end))
        video = describe_video(detail.global_depth) if detail.whole_transcript else render_video(tree, said, depth=detail.global_depth)
        segment = render_segment(tree, node, depth=detail.subtree_depth)
        return _begin(tree, node, prompts, video=video, segment=segment)

    for node in nodes:
        for detail in lower_detail(full):
            dialogue = describe(node, detail)
            if context_tokens is None or bound_tokens(dialogue) <= context_tokens:
                break
        yield dialogue


def _begin(tree: Tree, node: Node, prompts: Mapping[str, str], **evidence: str) -> Dialogue:
    seconds = {"start": node.start, "end": node.end, "video_start": tree.root.start, "video_end": tree.root.end}
    times = {name: format_seconds(value) for name, value in seconds.items()}
    rules = Template(prompts["annotate_rules"]).substitute(schema=json.dumps(ANNOTATION_SCHEMA, indent=1))
    request = Template(prompts["annotate_segment"]).substitute(times, **evidence)
    check = Template(prompts["refine"]).substitute(times)
    return Dialogue(node.id, (ChatMessage("system", rules), ChatMessage("user", request)), check)


def bound_tokens(dialogue: Dialogue) -> int:
    """Return how many tokens the longest prompt of a dialogue takes at most, as long as every reply fits the schema."""
    return count_tokens(read_opening(dialogue)) + TALK_TOKENS


def read_opening(dialogue: Dialogue) -> bytes:
    """Return what a dialogue opens with, as UTF-8."""
    return "\n".join(message.content for message in dialogue.opening).encode(errors="surrogatepass")


def count_tokens(text: bytes) -> int:
    """Return how many tokens a text has at most."""
    return ceil(len(text) / BYTES_PER_TOKEN)
