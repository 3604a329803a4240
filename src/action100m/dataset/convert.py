"""Between a `Record` and a row of the file.

A row is read as it is found, into a `Row`, and only then checked: so `validate` can say all that is wrong with it, where `read_records` stops at the
first fault.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import pyarrow as pa

from action100m.annotation import Annotation
from action100m.dataset.schema import NODE_COLUMNS, RECORD_COLUMNS, REQUIRED_NODE_FIELDS
from action100m.errors import DataSetError, TreeError
from action100m.record import Evidence, Gap, Provenance, Record, Remark
from action100m.text import mend
from action100m.tree import Node, Tree
from action100m.video.video import Cue, VideoMetadata

_METADATA_FIELDS = tuple(field.name for field in fields(VideoMetadata))
_PROVENANCE_VALUES = ("package_version", "sha256", "duration", "encoder", "captioner", "frame_captioner", "chat_model", "rounds", "valid_at_first")
_PROVENANCE_LISTS = ("prompts", "lost", "gaps", "evidence", "remarks")


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it was found: the parts of a `Record`, not yet checked."""

    file: str
    number: int
    """Rows count from 0, as in pyarrow and pandas."""
    uid: str
    """Empty when null."""
    metadata: VideoMetadata
    nodes: tuple[Node, ...]
    """Without those that lack a required value."""
    provenance: Provenance | None
    nulls: tuple[str, ...]
    """The required values that are null, such as "nodes[3].start"."""


def row_from_dict(value: Mapping[str, Any], *, file: str, number: int) -> Row:
    """Read a row of the schema `SCHEMA`, as pyarrow gives it."""
    return Row(
        file=file,
        number=number,
        uid=value[RECORD_COLUMNS["uid"]] or "",
        metadata=_metadata_from_dict(value[RECORD_COLUMNS["metadata"]] or {}),
        nodes=tuple(_node_from_dict(node) for node in value[RECORD_COLUMNS["nodes"]] or () if not _node_nulls(node)),
        provenance=_provenance_from_dict(value[RECORD_COLUMNS["provenance"]]),
        nulls=tuple(_nulls(value)),
    )


def record_from_row(row: Row) -> Record:
    """Return the record that a row holds.

    Raises:
        DataSetError: a required value is null, or the nodes are no tree. The message names the file, the row and the uid.
    """
    if row.nulls:
        raise DataSetError(f"{row.file}, row {row.number} ({row.uid or 'no uid'}): {row.nulls[0]} is null")
    try:
        tree = Tree(row.nodes)
    except TreeError as error:
        raise DataSetError(f"{row.file}, row {row.number} ({row.uid}): the nodes are no tree: {error}") from error
    return Record(row.uid, row.metadata, tree, row.provenance)


def record_to_batch(record: Record, schema: pa.Schema) -> pa.RecordBatch:
    """Return the record as one row. Times become float32, and the ends of transcript cues, which the schema does not know, are left out.

    Raises:
        DataSetError: a value does not fit its column.
    """
    row = _record_to_dict(record)
    try:
        try:
            return pa.RecordBatch.from_pylist([row], schema=schema)
        except UnicodeEncodeError:
            return pa.RecordBatch.from_pylist([_mend_text(row)], schema=schema)
    except (pa.ArrowException, OverflowError) as error:
        raise DataSetError(f"the record {record.uid} does not fit the schema: {error}") from error


def _nulls(value: Mapping[str, Any]) -> Iterator[str]:
    for column in (RECORD_COLUMNS["uid"], RECORD_COLUMNS["nodes"]):
        if value[column] is None:
            yield column
    for index, node in enumerate(value[RECORD_COLUMNS["nodes"]] or ()):
        yield from (f"nodes[{index}]{name}" for name in _node_nulls(node))
    yield from (f"provenance{name}" for name in _provenance_nulls(value[RECORD_COLUMNS["provenance"]]))


def _node_nulls(node: Mapping[str, Any] | None) -> list[str]:
    """Return what is null, to be put behind the node's name: "" for the node itself."""
    if node is None:
        return [""]
    return [f".{column}" for column in map(NODE_COLUMNS.__getitem__, REQUIRED_NODE_FIELDS) if node[column] is None]


def _provenance_nulls(value: Mapping[str, Any] | None) -> list[str]:
    if value is None:
        return []
    nulls = [f".{name}" for name in _PROVENANCE_VALUES if value[name] is None]
    for column in _PROVENANCE_LISTS:
        items = enumerate(value[column] or ())
        nulls += [f".{column}[{index}]" for index, item in items if item is None or (isinstance(item, Mapping) and None in item.values())]
    return nulls


def _metadata_from_dict(value: Mapping[str, Any]) -> VideoMetadata:
    known = {name: value.get(name) for name in _METADATA_FIELDS}
    if known["transcript"] is not None:
        known["transcript"] = tuple(_cue_from_dict(cue or {}) for cue in known["transcript"])
    return VideoMetadata(**known)


def _cue_from_dict(value: Mapping[str, Any]) -> Cue:
    return Cue(value.get("time") or "", value.get("text") or "")


def _node_from_dict(value: Mapping[str, Any]) -> Node:
    known = {name: value[column] for name, column in NODE_COLUMNS.items()}
    if known["annotation"] is not None:
        known["annotation"] = Annotation.from_dict(known["annotation"])
    return Node(**known)


def _provenance_from_dict(value: Mapping[str, Any] | None) -> Provenance | None:
    if value is None or _provenance_nulls(value):
        return None
    return Provenance(
        **{name: value[name] for name in _PROVENANCE_VALUES} | {"valid_at_first": tuple(value["valid_at_first"].values())},
        prompts=tuple((prompt["name"], prompt["sha256"]) for prompt in value["prompts"] or ()),
        lost=tuple(value["lost"] or ()),
        gaps=tuple(Gap(**gap) for gap in value["gaps"] or ()),
        evidence=tuple(Evidence(seen["node"], seen["field"], tuple(seen["seconds"])) for seen in value["evidence"] or ()),
        remarks=tuple(Remark(**remark) for remark in value["remarks"] or ()),
    )


def _record_to_dict(record: Record) -> dict[str, Any]:
    return {
        RECORD_COLUMNS["uid"]: record.uid,
        RECORD_COLUMNS["metadata"]: asdict(record.metadata),
        RECORD_COLUMNS["nodes"]: [_node_to_dict(node) for node in record.tree.nodes],
        RECORD_COLUMNS["provenance"]: _provenance_to_dict(record.provenance),
    }


def _node_to_dict(node: Node) -> dict[str, Any]:
    row = {column: getattr(node, name) for name, column in NODE_COLUMNS.items()}
    if node.annotation is not None:
        # An Annotation does not tell a missing half from one with missing fields: the reply of a model that left the half out is likelier.
        halves = node.annotation.to_dict()
        row[NODE_COLUMNS["annotation"]] = {name: half if any(text is not None for text in half.values()) else None for name, half in halves.items()}
    return row


def _provenance_to_dict(provenance: Provenance | None) -> dict[str, Any] | None:
    if provenance is None:
        return None
    valid, rounds = provenance.valid_at_first
    prompts = [{"name": name, "sha256": digest} for name, digest in provenance.prompts]
    return asdict(provenance) | {"prompts": prompts, "valid_at_first": {"replies": valid, "rounds": rounds}}


def _mend_text(value: Any) -> Any:
    """Mend every text in a row: Parquet holds UTF-8 only."""
    if isinstance(value, str):
        return mend(value)
    if isinstance(value, Mapping):
        return {key: _mend_text(item) for key, item in value.items()}
    return [_mend_text(item) for item in value] if isinstance(value, list | tuple) else value
