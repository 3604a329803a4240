"""The published Arrow schema and its column names, here and nowhere else.

One row is one video. The released files hold `video_uid`, `metadata` and `nodes`; ours may add `provenance`, which readers of the released files
never ask for. Everything above this file speaks the neutral names on the left of `NODE_COLUMNS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pyarrow as pa

from action100m.record import TextField

RECORD_COLUMNS: Final = {"uid": "video_uid", "metadata": "metadata", "nodes": "nodes", "provenance": "provenance"}
"""Word of this package -> column of the file."""

NODE_COLUMNS: Final = {
    "id": "node_id",
    "parent": "parent_id",
    "level": "level",
    "start": "start",
    "end": "end",
    "clip_action": "plm_action",
    "clip_caption": "plm_caption",
    "frame_caption": "llama3_caption",
    "annotation": "gpt",
}
"""Field of a `Node` -> field of the column `nodes`. The released names are those of the models that the authors used."""

TEXT_COLUMNS: Final[Mapping[TextField, tuple[str, ...]]] = {
    "brief_action": ("gpt", "action", "brief"),
    "detailed_action": ("gpt", "action", "detailed"),
    "actor": ("gpt", "action", "actor"),
    "brief_caption": ("gpt", "summary", "brief"),
    "detailed_caption": ("gpt", "summary", "detailed"),
    "clip_action": ("plm_action",),
    "clip_caption": ("plm_caption",),
    "frame_caption": ("llama3_caption",),
}
"""Text of a node -> where it stands below the column `nodes`."""

REQUIRED_NODE_FIELDS: Final = ("id", "level", "start", "end")
"""Fields of a `Node` that are never null. `parent` is null for the root, the others where a model said nothing."""


def _list_of(**fields: pa.DataType) -> pa.DataType:
    """Return a list of structs. Its items are called "element", as Parquet asks for and the released files have it."""
    return pa.list_(pa.field("element", _struct(**fields)))


def _struct(**fields: pa.DataType) -> pa.DataType:
    return pa.struct(list(fields.items()))


_METADATA: Final = _struct(
    title=pa.string(),
    description=pa.string(),
    view_count=pa.int64(),
    like_count=pa.int64(),
    duration=pa.int64(),
    upload_date=pa.string(),
    transcript=_list_of(time=pa.string(), text=pa.string()),
)

_NODES: Final = _list_of(
    node_id=pa.string(),
    parent_id=pa.string(),
    level=pa.int16(),
    start=pa.float32(),
    end=pa.float32(),
    plm_action=pa.string(),
    plm_caption=pa.string(),
    llama3_caption=pa.string(),
    gpt=_struct(
        summary=_struct(brief=pa.string(), detailed=pa.string()),
        action=_struct(brief=pa.string(), detailed=pa.string(), actor=pa.string()),
    ),
)

_PROVENANCE: Final = _struct(
    package_version=pa.string(),
    sha256=pa.string(),
    duration=pa.float64(),
    encoder=pa.string(),
    captioner=pa.string(),
    frame_captioner=pa.string(),
    chat_model=pa.string(),
    rounds=pa.int16(),
    valid_at_first=_struct(replies=pa.int32(), rounds=pa.int32()),
    prompts=_list_of(name=pa.string(), sha256=pa.string()),
    lost=pa.list_(pa.field("element", pa.string())),
    gaps=_list_of(node=pa.string(), field=pa.string(), reason=pa.string()),
    evidence=_list_of(node=pa.string(), field=pa.string(), seconds=pa.list_(pa.field("element", pa.float64()))),
    remarks=_list_of(node=pa.string(), field=pa.string(), text=pa.string()),
)
"""`record.Provenance`, field by field."""

PUBLISHED_SCHEMA: Final = pa.schema([("video_uid", pa.string()), ("metadata", _METADATA), ("nodes", _NODES)])
"""What the authors released."""

SCHEMA: Final = PUBLISHED_SCHEMA.append(pa.field("provenance", _PROVENANCE))
"""What we write for records of our own."""
