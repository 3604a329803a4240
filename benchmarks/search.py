"""`search` over a million segments: rate and memory of building the index, and how long queries take, warm, in one process.

Texts are made of 30,000 words of which the k-th is 1 / k times as common as the first, in the mean lengths of the released records (brief action 3
words, detailed action 27, brief caption 19). Vectors are made too: each text lies near the centre of its first word, which the texts of a segment
share. What a real encoder adds to a query is measured beside them, with MiniLM where it is installed. Queries are 2 to 5 words, drawn like those of
the texts.

python benchmarks/search.py [--segments 1000000] [--queries 200] [--folder FOLDER]
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from action100m.dataset.schema import PUBLISHED_SCHEMA
from action100m.dataset.search.build import build_index
from action100m.dataset.search.index import SearchIndex
from action100m.dataset.search.settings import SearchFilter
from action100m.errors import MissingPackageError

WIDTH = 384
CENTRES = 3000
SPREAD = 0.8
"""Length of the noise around a centre, which is of length 1."""
PER_VIDEO = 124
"""Annotated nodes in a video of the released records."""
WORDS = 30_000
LENGTHS = (3, 27, 19)
SYLLABLES = [a + b for a in "bdfgklmnprstvw" for b in ("a", "e", "i", "o", "u", "ar", "en", "it", "ol")]


class MadeEncoder:
    """A TextEncoder whose vectors are made of hashes."""

    name = "made vectors"
    width = WIDTH

    def __init__(self) -> None:
        centres = np.random.default_rng(0).standard_normal((CENTRES, WIDTH), np.float32)
        self._centres = centres / np.linalg.norm(centres, axis=1, keepdims=True)
        self._noise = np.random.default_rng(1).standard_normal((1 << 16, WIDTH), np.float32) * np.float32(SPREAD / np.sqrt(WIDTH))

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Turn n texts into float32 (n, WIDTH)."""
        hashes = np.array([(zlib.crc32(text.partition(" ")[0].encode()), zlib.crc32(text.encode())) for text in texts], np.int64).reshape(-1, 2)
        vectors = self._centres[hashes[:, 0] % CENTRES] + self._noise[hashes[:, 1] % len(self._noise)]
        made: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return made


class Vocabulary:
    """Words by their frequency."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        made = [
            "".join(SYLLABLES[digit] for digit in (n % 126, n // 126 % 126, n // 15876)) for n in np.random.default_rng(2).permutation(126**2 * 8)
        ]
        self._words = np.array(list(dict.fromkeys(made))[:WORDS], object)
        self._cumulated = np.cumsum(1 / np.arange(1, WORDS + 1))

    def texts(self, count: int, mean: int) -> list[str]:
        """Return texts whose length varies by a third."""
        lengths = np.maximum(self._rng.normal(mean, mean / 3, count).round().astype(int), 1)
        places = np.searchsorted(self._cumulated, self._rng.random(lengths.sum()) * self._cumulated[-1])
        words, ends = self._words[np.minimum(places, WORDS - 1)], np.concatenate([[0], np.cumsum(lengths)])
        return [" ".join(words[start:end]) for start, end in pairwise(ends)]


def write_data(path: Path, segments: int) -> None:
    """Write a data set of so many annotated nodes, 124 to a video."""
    vocabulary = Vocabulary(0)
    with pq.ParquetWriter(path, PUBLISHED_SCHEMA) as writer:
        for first in range(0, segments, 100 * PER_VIDEO):
            writer.write_table(_make_videos(vocabulary, first, min(100 * PER_VIDEO, segments - first)))


def _make_videos(vocabulary: Vocabulary, first: int, count: int) -> pa.Table:
    brief, detailed, caption = (vocabulary.texts(count, mean) for mean in LENGTHS)
    verbs = [text.partition(" ")[0] for text in brief]  # the texts of a segment mean about the same
    nodes = [
        {
            "node_id": f"node{first + n}",
            "parent_id": None,
            "level": n % 12,
            "start": float(4 * (n % PER_VIDEO)),
            "end": float(4 * (n % PER_VIDEO) + 4 + n % 40),
            "gpt": {
                "summary": {"brief": f"{verbs[n]} {caption[n]}", "detailed": ""},
                "action": {"brief": brief[n], "detailed": f"{verbs[n]} {detailed[n]}", "actor": ""},
            },
        }
        for n in range(count)
    ]
    rows = [
        {"video_uid": f"{first + start:011}", "metadata": {"title": f"Video {first + start}"}, "nodes": nodes[start : start + PER_VIDEO]}
        for start in range(0, count, PER_VIDEO)
    ]
    return pa.Table.from_pylist(rows, schema=PUBLISHED_SCHEMA)


class OwnMemory:
    """The most memory that a process has of its own, looked at every 20 ms (Linux)."""

    def __init__(self) -> None:
        self._peak, self._over = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            lines = Path("/proc/self/status").read_text().splitlines()
            self._peak = max(self._peak, *(int(line.split()[1]) for line in lines if line.startswith("RssAnon")))

    def stop(self) -> float:
        """Return it in MiB."""
        self._over.set()
        self._thread.join()
        return self._peak / 1024


def build(data: Path, folder: Path, encoder: MadeEncoder) -> SearchIndex:
    """Build the index and print the seconds of each step."""
    began = last = time.perf_counter()
    steps: dict[str, float] = {}

    def told(step: str, done: int, total: int) -> None:
        nonlocal last
        now = time.perf_counter()
        steps[step] = steps.get(step, 0) + now - last
        last = now

    memory = OwnMemory()
    index = build_index(data, folder, encoder=encoder, on_progress=told)
    passed = time.perf_counter() - began
    own = memory.stop()
    print(
        f"built: {len(index):,} segments in {passed:.0f} s, {len(index) / passed:,.0f} a second; "
        + ", ".join(f"{k} {v:.0f} s" for k, v in steps.items())
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak:,.0f} MiB, of which {own:,.0f} MiB are not pages of mapped files, which the system may take back")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"on the disk {size / 2**30:.2f} GiB")
    return index


def measure(index: SearchIndex, queries: Sequence[str]) -> None:
    """Print median and 99th percentile of each kind of query."""
    narrow = SearchFilter(levels=(3, 4), min_seconds=10, max_seconds=20)
    kinds: dict[str, Callable[[str], object]] = {
        "text": lambda query: index.query(query, mode="text"),
        "vector": lambda query: index.query(query, mode="vector"),
        "hybrid": lambda query: index.query(query, mode="hybrid"),
        "hybrid, filtered": lambda query: index.query(query, mode="hybrid", filter=narrow),
        "hybrid, one video": lambda query: index.query(query, mode="hybrid", filter=SearchFilter(uids=("00000012400",))),
    }
    for name, ask in kinds.items():
        for query in queries[:20]:
            ask(query)
        times = np.array(list(_time(ask, queries))) * 1000
        print(f"{name:18} median {np.median(times):6.1f} ms, 99 % within {np.percentile(times, 99):6.1f} ms")


def _time(ask: Callable[[str], object], queries: Sequence[str]) -> Iterator[float]:
    for query in queries:
        began = time.perf_counter()
        ask(query)
        yield time.perf_counter() - began


def measure_recall(index: SearchIndex, queries: Sequence[str], encoder: MadeEncoder) -> None:
    """Print which share of the ten nearest, compared one by one, the vector index finds."""
    found = []
    for query in queries:
        search = index._table.search(encoder.encode([query])[0], vector_column_name="vector").distance_type("dot").bypass_vector_index()
        exact = set(search.select(["node", "_distance"]).limit(10).to_arrow()["node"].to_pylist())
        found.append(len(exact & {hit.node for hit in index.query(query, mode="vector")}) / 10)
    print(f"the vector index finds {np.mean(found):.1%} of the ten nearest")


def measure_encoder(queries: Sequence[str]) -> None:
    """Print what a real encoder adds."""
    from action100m.models.text.minilm import MiniLMConfig

    try:
        encoder = MiniLMConfig().load()
    except MissingPackageError as error:
        return print(f"MiniLM is not measured: {error}")
    for query in queries[:5]:
        encoder.encode([query])
    times = np.array(list(_time(lambda query: encoder.encode([query]), queries))) * 1000
    return print(f"MiniLM, one query  median {np.median(times):6.1f} ms, 99 % within {np.percentile(times, 99):6.1f} ms")


def main() -> None:
    """Make data, build, ask."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--segments", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--folder", type=Path, help="where data and index are kept for another run; a temporary folder by default")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder, encoder = asked.folder or Path(temporary), MadeEncoder()
        data = folder / f"segments-{asked.segments}.parquet"
        if not data.exists():
            folder.mkdir(parents=True, exist_ok=True)
            write_data(data, asked.segments)
        index = build(data, folder / "index", encoder)
        rng = np.random.default_rng(3)
        vocabulary = Vocabulary(3)
        queries = [vocabulary.texts(1, int(mean))[0] for mean in rng.integers(2, 6, asked.queries)]
        measure(index, queries)
        measure_recall(index, queries[:30], encoder)
        measure_encoder(queries)


if __name__ == "__main__":
    main()
