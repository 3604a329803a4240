"""What a reasoning model is given to read about a segment, as Markdown with the times as headings (paper section 3.3).

What all segments of a video share comes first (metadata, transcript, the outline of the whole). Then the captions of all that lies in the segment,
depth first, parts before the whole that they make up, and the segment's own last. So a segment's text begins as that of its first part does, as far
as both are shown to the same level, and a server that caches prompt prefixes reads it once.
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
    return "\n\n".join([*sections, "# Outline of the whole video", render_outline(tree, tree.root, depth=depth)])


def render_outline(tree: Tree, top: Node, *, depth: int) -> str:
    """Return the captions of a segment and of `depth` levels below it, the whole before its parts, as nested sections."""
    nodes = (node for node in tree.walk(top) if node.level - top.level <= depth)
    return "\n\n".join(_render_node(node, node.level - top.level) for node in nodes if node is top or _render_captions(node))


def render_segment(tree: Tree, node: Node, *, depth: int) -> str:
    """Return the captions of `depth` levels below a segment, depth first and in time order, then its own."""
    parts = (part for part in _bottom_up(tree, node, depth) if part is node or _render_captions(part))
    return "\n\n".join(["# Captions of the segment", *(_render_node(part, 0) for part in parts)])


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


def _bottom_up(tree: Tree, top: Node, depth: int) -> Iterator[Node]:
    """Return a node and `depth` levels below it, in time order, parts before the whole."""
    stack, backwards = [top], []
    while stack:
        node = stack.pop()
        backwards.append(node)
        if node.level - top.level < depth:
            stack.extend(tree.children(node))
    return reversed(backwards)


def _render_node(node: Node, depth: int) -> str:
    hashes = "#" * min(depth + 2, _DEEPEST_HEADING)
    return f"{hashes} {format_seconds(node.start)} to {format_seconds(node.end)}\n\n{_render_captions(node)}".strip()


def _render_captions(node: Node) -> str:
    captions = {"Clip": node.clip_caption, "Action": node.clip_action, "Frame in the middle": node.frame_caption}
    return "\n\n".join(f"{label}:\n{_quote(caption)}" for label, caption in captions.items() if caption and caption.strip())


def _quote(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.strip().splitlines())
