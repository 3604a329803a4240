"""A data set compared with itself is perfect, with a shuffled one at chance; and what is not there on both sides is counted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from action100m.cli.app import app
from action100m.dataset.compare.chance import draw_others, make_rng, shuffle_leaves
from action100m.dataset.compare.compare import CompareConfig, compare
from action100m.dataset.compare.comparison import Comparison
from action100m.dataset.compare.nodes import VideoNodes, read_nodes
from action100m.dataset.io import read_records, write_records
from action100m.errors import ConfigError, DataSetError
from action100m.record import Record
from action100m.tree import Tree
from support.records import make_annotation, make_record, record_to_row, write_rows


def _is_perfect(comparison: Comparison) -> bool:
    figures = [
        *(figure for one in comparison.boundaries for figure in (one.precision, one.recall, one.f1)),
        *(figure for one in comparison.overlap for figure in (one.a, one.b)),
        *(comparison.tree.precision, comparison.tree.recall, comparison.tree.f1, comparison.tree.corrected),
        *(one.mean_average_precision for one in comparison.detection),
        *(one.token_f1 for one in comparison.texts),
    ]
    return len(figures) > 20 and figures == pytest.approx([1.0] * len(figures))


def _shuffle(record: Record, seed: int) -> Record:
    """The same record with its leaves in another order, and its annotations on other nodes."""
    nodes = record.tree.nodes
    annotated = [node for node in nodes if node.annotation]
    drawn = np.random.default_rng(seed).permutation(len(annotated)).tolist()
    said = {node.id: annotated[number].annotation for node, number in zip(annotated, drawn, strict=True)}
    columns = (np.array([getattr(node, name) for node in nodes]) for name in ("start", "end", "level"))
    moved = shuffle_leaves(VideoNodes(record.uid, *columns, {}), make_rng(record.uid, seed))
    spans = zip(nodes, moved.start.tolist(), moved.end.tolist(), strict=True)
    return replace(record, tree=Tree(tuple(replace(node, start=start, end=end, annotation=said.get(node.id)) for node, start, end in spans)))


@pytest.fixture(scope="module")
def official(shared: Path) -> Path:
    return shared / "data/action100m/examples.parquet"


def test_the_official_records_agree_with_themselves_entirely(official: Path) -> None:
    comparison = compare(official, official, CompareConfig(labels="brief_action", fields=("brief_action", "detailed_caption"), permutations=1))
    assert (comparison.videos, comparison.only_a_count, comparison.only_b_count, comparison.ok) == (10, 0, 0, True)
    assert comparison.overlap[0].a_nodes == 4480
    assert [one.pairs for one in comparison.texts] == [1237, 1237]
    assert _is_perfect(comparison)


def test_chance_is_far_below_and_a_shuffled_copy_is_at_it(official: Path, tmp_path: Path) -> None:
    write_records([_shuffle(record, seed=99) for record in read_records(official)], tmp_path / "shuffled.parquet")
    itself = compare(official, official, CompareConfig(permutations=3))
    shuffled = compare(tmp_path / "shuffled.parquet", official, CompareConfig(permutations=10))
    for one, same in zip(shuffled.boundaries, itself.boundaries, strict=True):
        assert one.f1 == pytest.approx(one.chance, abs=0.03)
        assert same.chance == pytest.approx(one.chance, abs=0.03)
        assert one.chance < 0.85
    assert shuffled.overlap[0].a == pytest.approx(shuffled.overlap[0].chance_a, abs=0.02)
    assert abs(shuffled.tree.corrected) < 0.25  # of ten videos, a perfect one is 1
    for detected in shuffled.detection:
        assert detected.mean_average_precision == pytest.approx(detected.chance, abs=0.06)
    (text,) = shuffled.texts
    assert text.pairs > 300
    assert text.chance is not None
    assert text.token_f1 == pytest.approx(text.chance, abs=0.03)


def test_videos_of_one_side_are_counted_and_order_plays_no_part(tmp_path: Path) -> None:
    write_records([make_record(uid) for uid in ("one", "two", "three", "mine")], tmp_path / "a.parquet")
    write_records([make_record(uid) for uid in ("yours", "three", "one", "two", "theirs")], tmp_path / "b.parquet")
    comparison = compare(tmp_path / "a.parquet", tmp_path / "b.parquet")
    assert (comparison.videos, comparison.only_a, comparison.only_b) == (3, ("mine",), ("theirs", "yours"))
    assert _is_perfect(comparison)


def test_a_moved_cut_is_seen_at_its_tolerance(tmp_path: Path) -> None:
    """The first cut lies at 10 s in one and at 9.25 s in the other; the two below it are the same."""
    record = make_record("clip")
    moved = record.tree.update(
        lambda node: replace(node, start=9.25 if node.start == 10.0 else node.start, end=9.25 if node.end == 10.0 else node.end)
    )
    write_records([record], tmp_path / "a.parquet")
    write_records([replace(record, tree=moved)], tmp_path / "b.parquet")
    comparison = compare(tmp_path / "a.parquet", tmp_path / "b.parquet", CompareConfig(tolerances=(0.5, 0.75, 1.0), tious=(0.9, 0.95)))
    assert [one.f1 for one in comparison.boundaries] == pytest.approx([2 / 3, 1.0, 1.0])
    root, left, right = 1.0, 9.25 / 10, 6 / 6.75
    below = [1.0, 5.25 / 6, 3.5 / 4.25, 1.0]  # [0, 4), [4, 10), [10, 13.5), [13.5, 16)
    assert comparison.overlap[0].a == pytest.approx(np.mean([root, left, right, *below]))
    assert [one.level for one in comparison.overlap] == [None, 0, 1, 2]
    assert comparison.overlap[2].b == pytest.approx((left + right) / 2)


def test_texts_are_compared_by_words_and_by_vectors(tmp_path: Path) -> None:
    def write(name: str, action: str) -> Path:
        record = make_record("clip")
        said = record.tree.update(lambda node: replace(node, annotation=make_annotation(action) if node.annotation else None))
        write_records([replace(record, tree=said)], tmp_path / name)
        return tmp_path / name

    a, b = write("a.parquet", "Whisk the eggs!"), write("b.parquet", "whisk eggs quickly")
    (by_words,) = compare(a, b).texts
    assert (by_words.pairs, by_words.cosine, by_words.chance_cosine) == (3, None, None)
    assert by_words.token_f1 == pytest.approx(2 * 2 / 6)
    (by_vectors,) = compare(a, b, encoder=_Letters()).texts
    assert by_vectors.cosine == pytest.approx(float(np.prod(_Letters().encode(["Whisk the eggs!", "whisk eggs quickly"]), axis=0).sum()))


def test_chance_pairs_no_text_with_its_own() -> None:
    for count in (2, 3, 10):
        others = draw_others(count, make_rng("clip", count))
        assert sorted(others.tolist()) == list(range(count))
        assert (others != np.arange(count)).all()


def test_a_video_with_one_pair_tells_nothing_of_chance(tmp_path: Path) -> None:
    def keep(record: Record, most: int) -> Record:
        annotated = [node.id for node in record.tree.nodes if node.annotation][:most]
        said = {node: make_annotation(f"word{number}") for number, node in enumerate(annotated)}
        return replace(record, tree=record.tree.update(lambda node: replace(node, annotation=said.get(node.id))))

    write_records([keep(make_record("one"), 1)], tmp_path / "one.parquet")
    write_records([keep(make_record("one"), 1), keep(make_record("two"), 2)], tmp_path / "two.parquet")
    (lone,) = compare(tmp_path / "one.parquet", tmp_path / "one.parquet", encoder=_Letters()).texts
    assert (lone.pairs, lone.token_f1, lone.chance, lone.chance_cosine) == (1, 1.0, None, None)
    (text,) = compare(tmp_path / "two.parquet", tmp_path / "two.parquet").texts
    assert (text.pairs, text.token_f1, text.chance) == (3, 1.0, 0.0)
    assert "token F1 (1 pairs)" in CliRunner().invoke(app, ["compare", *[str(tmp_path / "one.parquet")] * 2]).output


def test_failures_are_kept_to_the_first_thousand(tmp_path: Path) -> None:
    row = record_to_row(make_record("one"))
    write_rows(tmp_path / "a.parquet", [row, *[row | {"nodes": []}] * 1_100])
    write_records([make_record("one")], tmp_path / "b.parquet")
    comparison = compare(tmp_path / "a.parquet", tmp_path / "b.parquet")
    assert (len(comparison.failures), comparison.failure_count, comparison.ok) == (1_000, 1_100, False)


class _Letters:
    """A text encoder that counts letters."""

    name, width = "letters", 26

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        counts = np.array([[text.lower().count(chr(97 + k)) for k in range(26)] for text in texts], np.float32)
        return np.asarray(counts / np.linalg.norm(counts, axis=1, keepdims=True), np.float32)


def test_broken_records_are_told_and_the_others_go_on(tmp_path: Path) -> None:
    rows = [record_to_row(make_record(uid)) for uid in ("one", "empty", "outside", "backwards", "null", "one")]
    rows[1]["nodes"] = []
    rows[2]["nodes"][3]["end"] = 99.0
    rows[3]["nodes"][3]["end"] = -1.0
    rows[4]["nodes"][0]["start"] = None
    write_rows(tmp_path / "a.parquet", rows)
    write_records([make_record(uid) for uid in ("one", "empty")], tmp_path / "b.parquet")
    comparison = compare(tmp_path / "a.parquet", tmp_path / "b.parquet")
    assert (comparison.videos, comparison.only_b, comparison.ok) == (1, ("empty",), False)
    told = "\n".join(comparison.failures)
    assert len(comparison.failures) == 5
    assert all(word in told for word in ("empty", "outside", "backwards", "null", "A has the uid 'one' again"))


def test_a_source_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    write_records([make_record("one")], tmp_path / "a.parquet")
    with pytest.raises(DataSetError, match=r"gone\.parquet"):
        compare(tmp_path / "a.parquet", tmp_path / "gone.parquet")


def test_nothing_in_common_is_told(tmp_path: Path) -> None:
    write_records([make_record("one")], tmp_path / "a.parquet")
    write_records([make_record("two")], tmp_path / "b.parquet")
    comparison = compare(tmp_path / "a.parquet", tmp_path / "b.parquet")
    assert (comparison.videos, comparison.only_a, comparison.only_b, comparison.tree.videos) == (0, ("one",), ("two",), 0)
    json.dumps(comparison.to_dict(), allow_nan=False)


@pytest.mark.parametrize(
    ("wrong", "shown"),
    [
        ({"tolerances": (-1.0,)}, "-1.0"),
        ({"tolerances": ()}, r"\(\)"),
        ({"tious": (0.0,)}, "0.0"),
        ({"match": 1.5}, "1.5"),
        ({"fields": ("caption",)}, "'caption'"),
        ({"labels": "verb"}, "'verb'"),
        ({"points": 2}, "2"),
        ({"permutations": 0}, "0"),
    ],
)
def test_settings_out_of_bounds_are_refused(wrong: dict[str, object], shown: str) -> None:
    with pytest.raises(ConfigError, match=shown):
        CompareConfig(**wrong)  # type: ignore[arg-type]


def test_the_command_prints_tables_or_json(tmp_path: Path) -> None:
    write_records([make_record("one"), make_record("two")], tmp_path / "a.parquet")
    write_records([make_record("one")], tmp_path / "b.parquet")
    call = ["compare", str(tmp_path / "a.parquet"), str(tmp_path / "b.parquet")]
    printed = CliRunner().invoke(app, call)
    assert printed.exit_code == 0
    assert "1 videos compared, 1 in A only, 0 in B only, 0 records left out" in printed.output
    assert "mAP at temporal IoU 0.7" in printed.output
    figures = json.loads(CliRunner().invoke(app, [*call, "--json", "--permutations", "1", "--labels", "brief_action"]).output)
    assert figures["boundaries"][0]["f1"] == 1.0
    assert figures["overlap"][0]["a_nodes"] == 7


def test_nodes_are_read_with_their_texts(tmp_path: Path) -> None:
    write_records([make_record("one")], tmp_path / "a.parquet")
    (video,) = read_nodes(tmp_path / "a.parquet", ("brief_action",), on_error=_raise)
    assert video.start.tolist() == [0, 0, 10, 0, 4, 10, 13.5]
    assert video.level.tolist() == [0, 1, 1, 2, 2, 2, 2]
    assert video.texts["brief_action"] == ["Whisk the eggs"] * 3 + [None] * 4


def _raise(error: DataSetError) -> None:
    raise error
