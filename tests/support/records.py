"""Small valid records, and rows to plant faults into."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from action100m.annotation import Action, Annotation, Summary, parse_annotation
from action100m.dataset.convert import record_to_batch
from action100m.dataset.schema import SCHEMA
from action100m.errors import ReplyError
from action100m.record import Evidence, Gap, Provenance, Record, Remark
from action100m.tree import Node, Tree
from action100m.video.video import Cue, VideoMetadata
from support.trees import split_tree


def make_annotation(action: str = "Whisk the eggs") -> Annotation:
    return Annotation(
        Summary("A cook whisks eggs in a bowl.", "A cook in a white apron whisks three eggs in a glass bowl."),
        Action(action, "Whisk the eggs in a bowl until they foam.", "a cook"),
    )


def make_tree(uid: str = "clip") -> Tree:
    """Seven nodes over [0, 16) s with captions; the three inner ones, of 16, 10 and 6 s, are annotated. All times are exact in float32."""
    bare = split_tree(0.0, 16.0, ("", 10.0), ("0", 4.0), ("1", 13.5), uid=uid)
    return bare.update(lambda node: _described(node, is_leaf=bare.is_leaf(node)))


def make_record(uid: str = "clip", *, provenance: bool = False) -> Record:
    """A record that breaks no rule. With provenance it has the gaps that its leaves need."""
    tree = make_tree(uid)
    return Record(uid, make_metadata(), tree, make_provenance(tree) if provenance else None)


def make_metadata() -> VideoMetadata:
    cues = Cue("0.5", "first we whisk the eggs"), Cue("9.25", "then we pour them\ninto the pan")
    return VideoMetadata("Omelette 🍳", "", 1200, None, 16, "20240229", cues)


def make_provenance(tree: Tree) -> Provenance:
    return Provenance(
        package_version="0.1.0",
        sha256="ab" * 32,
        duration=tree.root.end,
        encoder="descriptor",
        captioner="preview",
        frame_captioner="preview",
        rounds=1,
        valid_at_first=(5, 6),
        chat_model="extractive",
        prompts=(("caption_clip", "cd" * 32), ("caption_frame", "ef" * 32)),
        lost=("2 packets after 15.9 s",),
        gaps=tuple(Gap(leaf.id, "annotation", "leaf") for leaf in tree.leaves()),
        evidence=(Evidence(tree.root.id, "clip_caption", (0.0, 7.9333333333, 15.5)),),
        remarks=(Remark(tree.root.id, "clip_caption", "cut off at 1024 tokens"),),
    )


def record_to_row(record: Record) -> dict[str, Any]:
    """The record as pyarrow shows its row, with the column names of the file."""
    row: dict[str, Any] = record_to_batch(record, SCHEMA).to_pylist()[0]
    return row


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]], schema: pa.Schema = SCHEMA) -> Path:
    """Write rows as they are, faults and all."""
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), path)
    return path


def _described(node: Node, *, is_leaf: bool) -> Node:
    return replace(
        node,
        clip_caption="A cook stands at a stove.",
        clip_action="Cooking",
        frame_caption="A stove with a pan on it." if is_leaf else None,
        annotation=None if is_leaf else make_annotation(),
    )


def find_refusal(reply: str) -> str | None:
    """Why a reply is no annotation; None when it is one."""
    try:
        parse_annotation(reply)
    except ReplyError as error:
        return str(error)
    return None
