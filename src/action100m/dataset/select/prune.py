"""Take texts out of nodes, as Arrow arrays: the tree stays as it is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from action100m.dataset.schema import TEXT_COLUMNS
from action100m.record import TextField

_Path = tuple[str, ...]


def keep_texts(nodes: pa.ListArray, taken: Mapping[TextField, NDArray[np.bool_]]) -> pa.ListArray:
    """Return the column `nodes` with null for every text that is not taken. An annotation without texts becomes null itself.

    taken: for each field, of each node of all videos.
    """
    lengths = np.asarray(pc.list_value_length(nodes))
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
    masks = {TEXT_COLUMNS[name]: pa.array(mask) for name, mask in taken.items()}
    return pa.ListArray.from_arrays(offsets, _keep(nodes.flatten(), masks, ()), type=nodes.type)


def _keep(items: pa.StructArray, masks: Mapping[_Path, pa.Array], path: _Path) -> pa.StructArray:
    columns = [_keep_column(pc.struct_field(items, [field.name]), masks, (*path, field.name)) for field in items.type]
    empty = np.logical_and.reduce([np.asarray(column.is_null()) for column in columns]) if path else np.zeros(len(items), bool)
    return pa.StructArray.from_arrays(columns, fields=list(items.type), mask=pa.array(empty))


def _keep_column(column: pa.Array, masks: Mapping[_Path, pa.Array], path: _Path) -> pa.Array:
    if path in masks:
        return pc.if_else(masks[path], column, pa.scalar(None, column.type))
    return _keep(column, masks, path) if pa.types.is_struct(column.type) else column
