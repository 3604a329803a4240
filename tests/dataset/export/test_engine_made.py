"""What our own engine made is exported in every format, and compared: from a clip to shards, without a model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import action100m
from action100m.dataset.compare.compare import CompareConfig, compare
from action100m.dataset.export.export import export
from action100m.dataset.export.settings import ExportFormat
from action100m.dataset.io import read_records
from support.clips import write_clip


def _scenes() -> Iterator[NDArray[np.uint8]]:
    """Three scenes of 6 s, each a pattern of its own that drifts."""
    rng = np.random.default_rng(0)
    for _ in range(3):
        scene = np.kron(rng.integers(0, 255, (9, 16, 3)), np.ones((10, 10, 1))).astype(np.uint8)
        for frame in range(90):
            yield np.roll(scene, frame // 3, axis=1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a video, and the data set of it."""
    folder = tmp_path_factory.mktemp("made")
    write_clip(folder / "scenes.mp4", _scenes(), fps=15)
    action100m.run_videos([str(folder / "scenes.mp4")], str(folder / "run"), action100m.preview())
    action100m.pack(str(folder / "run"), str(folder / "mine.parquet"))
    return folder


@pytest.mark.parametrize("format", ["jsonl", "activitynet", "srt", "vtt", "huggingface", "fiftyone", "webdataset"])
def test_every_format_holds_every_segment(made: Path, tmp_path: Path, format: ExportFormat) -> None:
    (record,) = read_records(made / "mine.parquet")
    described = [node for node in record.tree.nodes if node.clip_action]
    report = export(made / "mine.parquet", tmp_path / "out", format=format, fields=["clip_action"], videos={"scenes": str(made / "scenes.mp4")})
    assert (report.videos, report.segments, report.failures, report.damaged) == (1, len(described), (), ())
    assert len(described) >= 5


def test_it_agrees_with_itself(made: Path) -> None:
    comparison = compare(made / "mine.parquet", made / "mine.parquet", CompareConfig(labels="clip_action", fields=("clip_action",)))
    assert comparison.videos == 1
    assert (comparison.boundaries[0].f1, comparison.tree.f1, comparison.detection[-1].mean_average_precision) == pytest.approx((1.0, 1.0, 1.0))
    assert comparison.texts[0].token_f1 == pytest.approx(1.0)
    assert comparison.tree.chance < 1
    json.dumps(comparison.to_dict(), allow_nan=False)
