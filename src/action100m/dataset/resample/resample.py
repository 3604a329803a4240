"""Balance training pairs by meaning (paper section 5.4): samples whose texts say the same thing share a cluster, and clusters are drawn evenly.

samples --> distinct texts --> vectors --> k-means --> uniform over clusters, with replacement --> an index, and a weight for each sample
            (exact text)       (kept)
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from action100m.dataset.capped import Capped
from action100m.dataset.resample.balance import compare_heads, expect_normalised_entropy, measure_balance
from action100m.dataset.resample.chart import check_picture, draw_balance
from action100m.dataset.resample.cluster import Clusters, check_method, find_clusters
from action100m.dataset.resample.collect import Collected, collect
from action100m.dataset.resample.draw import Sampling
from action100m.dataset.resample.report import ResampleReport
from action100m.dataset.resample.settings import ResampleConfig
from action100m.dataset.resample.write import write_all, write_bytes, write_drawn
from action100m.dataset.source import Source, find_files
from action100m.errors import ConfigError
from action100m.models.base import TextEncoder
from action100m.models.text.vectors import embed_texts

OnProgress = Callable[[str, int, int], None]
"""Told what is being done, how many texts are done, and of how many."""


def resample(
    source: Source,
    out: str | os.PathLike[str],
    config: ResampleConfig,
    *,
    encoder: TextEncoder,
    work: str | os.PathLike[str] | None = None,
    picture: str | os.PathLike[str] | None = None,
    on_progress: OnProgress | None = None,
) -> ResampleReport:
    """Draw samples evenly over the clusters of their texts, and write them to `out`, a local Parquet file.

    The same seed gives the same bytes on one machine with as many threads: k-means by "lloyd" adds in another order with more.

    Beside `out`, by its name: .weights.parquet holds every sample of the data with its `weight`, the number of times it is expected to be drawn;
    .centroids.npy is float32 (clusters, width); .json is the report.

    source: a data set, or files of Samples as `select` writes them, of which those of the field count.
    work: folder for the vectors, `out` with .work by default. It is kept: a call that was killed, or one for another size or number of clusters,
        goes on from the vectors that are there.
    picture: an SVG, PNG or PDF file of head and tail before and after.
    A record or file that cannot be read is left out, and the report says why.

    Memory: about 40 bytes for each sample, 200 for each distinct text, and the texts that k-means learns from (`points_per_cluster`).

    Raises:
        ConfigError: a setting is out of bounds.
        DataSetError: nothing is there, no sample has the text, or a file cannot be written.
        MissingPackageError: faiss, scikit-learn or matplotlib is not installed.
        ModelError: the encoder fails.
    """
    paths = _name_files(os.fspath(out), picture)
    check_method(config.method)
    _check_apart(source, paths)
    folder = Path(work if work is not None else f"{os.fspath(out)}.work")
    told = on_progress or (lambda step, done, total: None)
    left_out = Capped[str]()
    collected = collect(source, folder, config.field, on_error=lambda error: left_out.add(str(error)))
    try:
        vectors = embed_texts(collected, folder / "vectors.npy", encoder=encoder, on_progress=lambda *counts: told("embed", *counts))
        found = _cluster(vectors, config, told)
        sampling = Sampling(collected.number_texts(), found.labels, len(found.centroids), config)
        after = _write(paths, collected, sampling, found.centroids)
        report = _report(paths, collected, found, after, config, encoder.name, left_out)
    finally:
        collected.remove()
    write_bytes(paths["report"], report.to_json().encode())
    return report


def _cluster(vectors: NDArray[np.float32], config: ResampleConfig, told: OnProgress) -> Clusters:
    return find_clusters(
        vectors,
        config.clusters,
        method=config.method,
        seed=config.seed,
        points_per_cluster=config.points_per_cluster,
        on_progress=lambda *counts: told("cluster", *counts),
    )


def _name_files(out: str, picture: str | os.PathLike[str] | None) -> dict[str, str]:
    if "://" in out:
        raise ConfigError(f"out must be a local Parquet file, since vectors are memory-mapped beside it, got {out!r}")
    stem = out.removesuffix(".parquet")
    paths = {"index": out, "weights": f"{stem}.weights.parquet", "centroids": f"{stem}.centroids.npy", "report": f"{stem}.json"}
    if picture is not None:
        check_picture(os.fspath(picture))
        paths["picture"] = os.fspath(picture)
    return paths


def _check_apart(source: Source, paths: dict[str, str]) -> None:
    """Refuse to take what an earlier call wrote into the folder of the data for data."""
    ours = {os.path.abspath(path) for path in paths.values()}  # noqa: PTH100 - links stay
    if read := [file.name for file in find_files(source) if os.path.abspath(file.path) in ours]:  # noqa: PTH100
        raise ConfigError(f"{read[0]} would be read as data and then be written anew: write outside the folder of the data")


def _write(paths: dict[str, str], collected: Collected, sampling: Sampling, centroids: NDArray[np.float32]) -> NDArray[np.int64]:
    """Write index, weights and centroids, and return how often each text was drawn."""
    texts, labels, config = sampling.texts, sampling.labels, sampling.config
    drawn = np.zeros(len(texts), np.int64)
    for rows in sampling.draw():
        np.add.at(drawn, rows, 1)
    if config.layout == "counted":
        write_all(paths["index"], collected, labels, config.field, np.flatnonzero(drawn), {"draws": drawn})
    else:  # drawn a second time, which is quick: the order of all draws need not be in memory
        write_drawn(paths["index"], collected, labels, config.field, sampling.draw())
    write_all(paths["weights"], collected, labels, config.field, np.arange(len(texts)), {"weight": sampling.expect()})
    array = io.BytesIO()
    np.save(array, centroids)
    write_bytes(paths["centroids"], array.getvalue())
    return np.bincount(texts, weights=drawn, minlength=len(labels)).astype(np.int64)


def _report(
    paths: dict[str, str],
    collected: Collected,
    found: Clusters,
    after: NDArray[np.int64],
    config: ResampleConfig,
    encoder: str,
    left_out: Capped[str],
) -> ResampleReport:
    labels, clusters = found.labels, len(found.centroids)
    before = np.bincount(collected.number_texts(), minlength=len(labels))
    filled = np.flatnonzero(np.bincount(labels, minlength=clusters))
    heads = compare_heads(collected, before, after, labels)
    if "picture" in paths:
        shares = [np.bincount(labels, weights=counts, minlength=clusters)[filled] / counts.sum() for counts in (before, after)]
        draw_balance(paths["picture"], shares[0], shares[1], heads)
    empty = f"{clusters - len(filled):,} of {clusters:,} clusters hold no text and are not drawn" if len(filled) < clusters else None
    return ResampleReport(
        settings=config,
        encoder=encoder,
        texts=len(labels),
        clusters=len(filled),
        inertia=found.inertia,
        before=measure_balance(before, labels, clusters),
        after=measure_balance(after, labels, clusters),
        reachable=expect_normalised_entropy(len(filled), config.size),
        head_texts=heads[0],
        head_clusters=heads[1],
        notes=tuple(note for note in (found.note, empty) if note),
        left_out=tuple(left_out.first),
        left_out_count=left_out.count,
        files=paths,
    )
