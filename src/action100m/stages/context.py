"""What a reasoning model is given to read about a segment, as Markdown with the times as headings (paper section 3.3).

What all segments of a video share comes first (metadata, transcript, the outline of the whole), so that a server that caches prompt prefixes reads
it once. Then the segment's own captions, and those of all below it, depth first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from action100m.tree import Node, Tree
from action100m.video.video import Cue, VideoMetadata

_DEEPEST_HEADING = 6
"""Markdown knows no deeper ones; below, the times alone tell what lies in what."""


def render_video(tree: Tree, metadata: VideoMetadata, *, depth: int) -> str:
    """Return what is known about the whole video: its metadata as YAML, and the captions of the root and of `depth` levels below it."""
    known = _known(metadata)
    sections = [f"# What is known about the video\n\n```yaml\n{_to_yaml(known)}```"] if known else []
    return "\n\n".join([*sections, "# Outline of the whole video", *_render_tree(tree, tree.root, depth)])


def render_segment(tree: Tree, node: Node, *, depth: int) -> str:
    """Return the captions of a segment and of `depth` levels below it, depth first."""
    return "\n\n".join(["# Captions of the segment", *_render_tree(tree, node, depth)])


def format_seconds(seconds: float) -> str:
    """Return a time as it stands in headings, such as "12.50 s"."""
    return f"{seconds:.2f} s"


def _known(metadata: VideoMetadata) -> dict[str, Any]:
    texts = {"title": metadata.title, "description": metadata.description}
    transcript = [_render_cue(cue) for cue in metadata.transcript or ()]
    return {key: value for key, value in {**texts, "transcript": transcript}.items() if value}


def _render_cue(cue: Cue) -> str:
    return f"{cue.time} s: {' '.join(cue.text.split())}"


def _to_yaml(value: dict[str, Any]) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=1_000_000)


def _render_tree(tree: Tree, top: Node, depth: int) -> Iterator[str]:
    for node in tree.walk(top):
        if node.level - top.level > depth:
            continue
        captions = "\n\n".join(_render_captions(node))
        if captions or node is top:
            hashes = "#" * min(node.level - top.level + 2, _DEEPEST_HEADING)
            yield f"{hashes} {format_seconds(node.start)} to {format_seconds(node.end)}\n\n{captions}".strip()


def _render_captions(node: Node) -> Iterator[str]:
    captions = {"Clip": node.clip_caption, "Action": node.clip_action, "Frame in the middle": node.frame_caption}
    for label, caption in captions.items():
        if caption and caption.strip():
            quoted = "\n".join(f"> {line}".rstrip() for line in caption.strip().splitlines())
            yield f"{label}:\n{quoted}"
