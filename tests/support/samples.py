"""Files of Samples with texts that are as common as is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from action100m.dataset.samples import SAMPLE_SCHEMA


def write_samples(path: Path, counts: Mapping[str, int], *, field: str = "brief_action", seed: int = 0) -> Path:
    """Write each text as often as is asked, mixed up, four to a video."""
    texts = np.repeat(list(counts), list(counts.values()))
    np.random.default_rng(seed).shuffle(texts)
    places = range(len(texts))
    columns = {
        "uid": [f"video{place // 4:06}" for place in places],
        "node": [f"node{place}" for place in places],
        "start": [4.0 * (place % 4) for place in places],
        "end": [4.0 * (place % 4) + 4 for place in places],
        "field": [field] * len(texts),
        "text": texts.tolist(),
    }
    pq.write_table(pa.table(columns, schema=SAMPLE_SCHEMA), path)
    return path


def zipf_counts(meanings: int, phrasings: int, *, head: int) -> dict[str, int]:
    """Return texts of some meanings, the k-th of which is head / k times as common as the first, in some phrasings, the first being half of all.

    Words of a meaning are its own, so that an encoder of words tells meanings apart.
    """
    counts = {}
    for meaning in range(meanings):
        total = max(head // (meaning + 1), phrasings)
        words = " ".join(f"verb{meaning}{part}" for part in "abcdef")
        rest = [max(total // 2 // max(phrasings - 1, 1), 1)] * (phrasings - 1)
        for phrasing, count in enumerate([max(total - sum(rest), 1), *rest]):
            counts[f"{words} way{phrasing}"] = count
    return counts
