"""One cut of each tree: nodes that lie side by side, so that every moment of a video is in exactly one.

level 0   |------------------- 16 s --------------------|
level 1   |--------- 10 s --------|######## 6 s ########|        at 6 s: the coarsest nodes that are not longer than 6 s,
level 2   |### 4 s ###|### 6 s ###|-- 3.5 s --|- 2.5 s -|        marked #

A leaf that is longer than that cannot be cut, so it stays whole: the timeline has no gap, and its longest pieces are such leaves.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


def find_cut(nodes: pa.RecordBatch, durations: NDArray[np.float64], granularity: float) -> NDArray[np.bool_]:
    """Tell which nodes are in the cut at `granularity` seconds.

    nodes: columns `video`, `id` and `parent` of whole trees. durations: of the nodes, in seconds.
    """
    ids, parents = (pc.binary_join_element_wise(nodes["video"].cast(pa.string()), nodes[name], "/") for name in ("id", "parent"))
    above = pc.index_in(parents, value_set=ids)  # ids of hand-made data sets are unique in a video only
    places = pc.fill_null(above, -1).to_numpy(zero_copy_only=False)
    below_parent = np.where(places >= 0, durations[places], np.inf)
    is_leaf = np.ones(len(nodes), bool)
    is_leaf[places[places >= 0]] = False
    return (below_parent > granularity) & ((durations <= granularity) | is_leaf)
