"""Mean average precision, against ActivityNet's own evaluation, against brute force, and by hand."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from action100m.dataset.compare.detection import Detections, LabelledSpans, average_precision
from action100m.dataset.export.export import export
from action100m.dataset.io import read_records, write_records
from support.records import make_record

TIOUS = (0.3, 0.4, 0.5, 0.6, 0.7)
Row = tuple[str, float, float, int, float]
"""Video, start, end, class, score (1 for the reference)."""


def _spans(rows: list[Row]) -> LabelledSpans:
    starts, ends, labels = np.array([row[1] for row in rows]), np.array([row[2] for row in rows]), np.array([row[3] for row in rows], np.int64)
    return LabelledSpans(starts, ends, labels)


def _evaluate(truth: list[Row], predicted: list[Row]) -> list[float]:
    detections = Detections(TIOUS)
    for video in sorted({row[0] for row in [*truth, *predicted]}):
        mine, theirs = ([row for row in rows if row[0] == video] for rows in (predicted, truth))
        detections.add_scored(_spans(mine), np.array([row[4] for row in mine]), _spans(theirs))
    figures: list[float] = detections.mean_average_precision().tolist()
    return figures


def _make_case(seed: int) -> tuple[list[Row], list[Row]]:
    """Six videos with 12 segments of 3 classes each, and 40 predictions that miss by some seconds, some of them in class."""
    rng = np.random.default_rng(seed)
    truth: list[Row] = []
    predicted: list[Row] = []
    for video in range(6):
        starts, lengths, labels = rng.uniform(0, 100, 12), rng.uniform(2, 30, 12), rng.integers(0, 3, 12)
        truth += [(f"v{video}", starts[k], starts[k] + lengths[k], int(labels[k]), 1.0) for k in range(12)]
        for _ in range(40):
            j = rng.integers(0, 12)
            start = starts[j] + rng.normal(0, 4)
            end = max(start + 0.5, starts[j] + lengths[j] + rng.normal(0, 4))
            label = int(labels[j]) if rng.random() < 0.8 else int(rng.integers(0, 3))
            predicted.append((f"v{video}", start, end, label, rng.random()))
    return truth, predicted


@pytest.mark.parametrize(
    ("seed", "expected"),
    [
        (0, [0.6503527301057542, 0.5640296535449906, 0.44098352450434114, 0.35782284035302997, 0.22659893123266217]),
        (1, [0.6597500127928914, 0.6042078437193257, 0.5059763243185121, 0.44900712520131947, 0.3206620714483088]),
        (2, [0.704055915394009, 0.6190569034126554, 0.5156046709660833, 0.3860757604741583, 0.2951881007006965]),
    ],
)
def test_figures_are_those_of_activitynets_own_evaluation(seed: int, expected: list[float]) -> None:
    """Expected: compute_average_precision_detection of activitynet/ActivityNet (Evaluation/eval_detection.py at 2795199), its Python 2 made Python 3.

    It is on no package index, so it was run by hand; the brute force below runs each time.
    """
    assert _evaluate(*_make_case(seed)) == pytest.approx(expected, abs=1e-12)


def _brute_force(truth: list[Row], predicted: list[Row], tiou: float) -> float:
    """Everything anew for each class: take predictions by score, let each take the best segment that is left, integrate the envelope step by step."""

    def overlap(a: Row, b: Row) -> float:
        shared = max(0.0, min(a[2], b[2]) - max(a[1], b[1]))
        return shared / (a[2] - a[1] + b[2] - b[1] - shared)

    precisions = []
    for label in {row[3] for row in truth}:
        left = [row for row in truth if row[3] == label]
        total, curve, found = len(left), [], 0
        ranked = sorted((row for row in predicted if row[3] == label), key=lambda row: -row[4])
        for rank, row in enumerate(ranked, start=1):
            fitting = [one for one in left if one[0] == row[0] and overlap(one, row) >= tiou]
            if fitting:
                left.remove(max(fitting, key=lambda one: overlap(one, row)))
                found += 1
            curve.append((found / total, found / rank))
        points = [(0.0, 1.0), *curve]
        steps = [(right[0] - before[0], number) for number, (before, right) in enumerate(pairwise(points))]
        precisions.append(sum(step * max(precision for _, precision in curve[number:]) for step, number in steps if step))
    return float(np.mean(precisions))


@pytest.mark.parametrize("seed", [3, 4])
def test_figures_are_those_of_brute_force(seed: int) -> None:
    truth, predicted = _make_case(seed)
    assert _evaluate(truth, predicted) == pytest.approx([_brute_force(truth, predicted, tiou) for tiou in TIOUS])


@pytest.mark.parametrize(
    ("hits", "positives", "expected"),
    [
        ([True, True], 2, 1.0),
        ([False, True], 1, 0.5),
        ([True, False, True], 2, (1 + 2 / 3) / 2),
        ([False, True, True], 2, 2 / 3),  # interpolated: the precision of the third counts for the second too
        ([True, False], 4, 0.25),
        ([], 3, 0.0),
    ],
)
def test_average_precision_by_hand(hits: list[bool], positives: int, expected: float) -> None:
    assert average_precision(np.array(hits, np.bool_), positives) == pytest.approx(expected)


def test_a_segment_is_found_once_and_an_unpredicted_class_counts() -> None:
    truth: list[Row] = [("v", 0, 10, 0, 1.0), ("v", 20, 30, 1, 1.0)]
    predicted: list[Row] = [("v", 0, 10, 0, 0.9), ("v", 0, 9, 0, 0.8), ("w", 0, 10, 0, 0.7), ("v", 20, 30, 2, 0.9)]
    assert _evaluate(truth, predicted) == pytest.approx([0.5] * 5)  # class 0 is perfect, class 1 is never named; class 2 is not in the reference


def test_activitynets_sample_prediction_is_perfect_but_for_the_class_it_lacks(shared: Path) -> None:
    """Its own evaluation gives 200 / 201 here at each of the thresholds, with and without the three segments of no length."""
    folder = shared / "data/benchmarks/activitynet"
    with (folder / "activitynet_v1-3_valid_tsp_groundtruth.csv").open() as file:
        rows = list(csv.DictReader(file))
    ids: dict[str, int] = defaultdict(lambda: len(ids))
    truth: list[Row] = [(row["video-name"], float(row["t-start"]), float(row["t-end"]), ids[row["action-label"]], 1.0) for row in rows]
    results = json.loads((folder / "sample_detection_prediction.json").read_text())["results"]
    predicted: list[Row] = [(uid, *one["segment"], ids[one["label"]], one["score"]) for uid, found in results.items() for one in found]
    assert (len(truth), len(predicted), len(ids)) == (15_401, 7_654, 201)
    by_video: dict[str, tuple[list[Row], list[Row]]] = defaultdict(lambda: ([], []))
    for side, found in enumerate((truth, predicted)):
        for row in (row for row in found if row[1] < row[2]):
            by_video[row[0]][side].append(row)
    detections = Detections(TIOUS)
    for theirs, mine in by_video.values():
        detections.add_scored(_spans(mine), np.array([row[4] for row in mine]), _spans(theirs))
    assert detections.mean_average_precision() == pytest.approx([200 / 201] * 5, abs=1e-12)


def test_an_export_in_activitynets_form_is_perfect_against_its_records(tmp_path: Path) -> None:
    """The exported file is read as ActivityNet's evaluation reads a reference: database, subset, annotations."""
    records = [make_record("one"), make_record("two")]
    write_records(records, tmp_path / "mine.parquet")
    export(tmp_path / "mine.parquet", tmp_path / "mine.json", format="activitynet")
    database: dict[str, Any] = json.loads((tmp_path / "mine.json").read_text())["database"]
    ids: dict[str, int] = defaultdict(lambda: len(ids))
    truth: list[Row] = [
        (uid, *one["segment"], ids[one["label"]], 1.0)
        for uid, video in database.items()
        if video["subset"] == "validation"
        for one in video["annotations"]
    ]
    predicted: list[Row] = [
        (record.uid, node.start, node.end, ids[node.annotation.action.brief], 1.0 - node.level / 10)
        for record in read_records(tmp_path / "mine.parquet")
        for node in record.tree.nodes
        if node.annotation
    ]
    assert len(truth) == 6
    assert _evaluate(truth, predicted) == [1.0] * 5
