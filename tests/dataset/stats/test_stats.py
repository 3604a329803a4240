"""Figures of the official records and of hand-made ones."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from action100m.dataset.columns import read_columns
from action100m.dataset.io import read_records, write_records
from action100m.dataset.stats.counts import COUNTED, FIELDS, Counts, count_batch
from action100m.dataset.stats.stats import stats
from action100m.errors import ConfigError, DataSetError
from action100m.record import read_text
from support.records import make_annotation, make_record, record_to_row, write_rows


@pytest.fixture(scope="module")
def official(shared):
    return shared / "data" / "action100m" / "examples.parquet"


@pytest.fixture(scope="module")
def found(official):
    return stats(official)


def test_the_official_records_have_the_published_figures(found):
    counts = found.counts
    assert (found.files, counts.videos, counts.nodes, counts.annotated, counts.leaves) == (1, 10, 4480, 1237, 2245)
    assert [round(100 * count / counts.nodes, 1) for count in counts.durations] == [62.5, 25.3, 10.3, 1.9]
    assert [round(100 * count / counts.annotated) for count in counts.annotated_durations] == [0, 56, 37, 7]
    assert round(100 * found.na_share, 1) == 3.4
    assert {name: float(f"{counts.fields[name].mean_words:.3g}") for name in FIELDS[:5]} == {
        "brief_action": 3.28,
        "detailed_action": 27.3,
        "actor": 6.18,
        "brief_caption": 19.2,
        "detailed_caption": 92.8,
    }
    assert counts.fields["brief_action"].mean_words_without_na == pytest.approx((4054 - 42) / (1237 - 42))


def test_the_official_records_have_the_coverage_loops_and_cut_captions_that_eyes_found(found):
    counts = found.counts
    assert counts.nodes - counts.fields["clip_caption"].present == 6
    assert {name for name in FIELDS if counts.coverage(name) == 1} == set(FIELDS) - {"clip_caption"}
    assert (counts.fields["clip_caption"].loops, counts.fields["frame_caption"].loops) == (5, 1)
    assert (counts.fields["clip_caption"].at_limit, counts.fields["frame_caption"].at_limit) == (7, 1)
    assert counts.fields["clip_action"].na == 1


def test_figures_are_those_of_a_plain_loop_over_records(official, found):
    records = list(read_records(official))
    nodes = [node for record in records for node in record.tree.nodes]
    for name in FIELDS:
        texts = [text for node in nodes if (text := read_text(node, name))]
        assert found.counts.fields[name].words == sum(len(text.split()) for text in texts), name
        lengths = Counter(len(text.split()).bit_length() for text in texts)
        assert dict(enumerate(found.counts.fields[name].lengths)) == {size: lengths[size] for size in range(15)}
    actions = Counter(node.annotation.action.brief for node in nodes if node.annotation and node.annotation.action.brief != "N/A")
    assert found.actions.distinct == len(actions)
    assert found.actions.repeated == sum(count > 1 for count in actions.values())
    assert found.actions.top == tuple(sorted(actions.items(), key=lambda item: (-item[1], item[0]))[:20])
    assert found.counts.levels == tuple(Counter(node.level for node in nodes)[level] for level in range(20))
    assert found.counts.seconds == pytest.approx(sum(record.tree.root.duration for record in records), abs=0.1)
    assert found.openings[0].total == sum(actions.values())


def test_counts_of_parts_add_up_to_those_of_the_whole(official, tmp_path):
    records = list(read_records(official))
    parts = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for path, part in zip(parts, (records[:3], records[3:]), strict=True):
        write_records(part, path)
    one, two, whole = (sum((count_batch(batch)[0] for batch in read_columns(path, nodes=COUNTED)), Counts()) for path in (*parts, official))
    assert one + two == replace(whole, seconds=pytest.approx(whole.seconds))
    assert stats(parts).to_dict()["actions"] == stats(official).to_dict()["actions"]


def test_all_figures_are_json(found):
    figures = json.loads(json.dumps(found.to_dict()))
    assert figures["counts"]["hours"] == pytest.approx(0.9116, abs=1e-4)
    assert figures["counts"]["duration_shares"]["durations"][0] == pytest.approx(0.6248, abs=1e-4)
    assert figures["counts"]["fields"]["brief_caption"]["coverage"] == 1
    assert figures["actions"]["top"][0] == ["Speak to camera", 13]


def test_a_set_without_records_or_texts_has_figures_of_zero(tmp_path):
    write_records([], tmp_path / "empty.parquet")
    none = stats(tmp_path / "empty.parquet")
    assert (none.counts.videos, none.counts.nodes, none.na_share, none.actions.top) == (0, 0, 0.0, ())
    json.dumps(none.to_dict())
    record = make_record()
    bare = record.tree.update(lambda node: replace(node, annotation=None, clip_caption=None, clip_action=None, frame_caption=None))
    write_records([replace(record, tree=bare)], tmp_path / "bare.parquet")
    counts = stats(tmp_path / "bare.parquet").counts
    assert (counts.nodes, counts.leaves, counts.annotated, counts.coverage("brief_action"), counts.coverage("clip_caption")) == (7, 4, 0, 0, 0)


def test_texts_of_strangers_are_counted_as_they_are(tmp_path):
    record = make_record("../../x")
    title = "<script>\x1b[31m " + "word " * 2_000_000
    strange = replace(record, metadata=replace(record.metadata, title=title))
    named = strange.tree.update(
        lambda node: replace(node, annotation=make_annotation("\x00<b>\x07" if node.level else "Stir \ud83c") if node.annotation else None)
    )
    write_records([replace(strange, tree=named)], tmp_path / "a.parquet")
    found = stats(tmp_path / "a.parquet")
    assert found.actions.top[0] == ("\x00<b>\x07", 2)
    assert found.title_words.top[0] == ("word", 2_000_000)


def test_a_bad_record_is_left_out_and_told(tmp_path):
    rows = [record_to_row(make_record(uid)) for uid in "ab"]
    rows[0]["nodes"][0]["level"] = None
    path = write_rows(tmp_path / "a.parquet", rows)
    errors = []
    assert stats(path, on_error=errors.append).counts.videos == 1
    assert "nodes.level is null" in str(errors[0])
    with pytest.raises(DataSetError):
        stats(path)


@pytest.mark.parametrize("fault", [{"end": math.inf}, {"start": math.nan}, {"end": 0.0}, {"level": -1}])
def test_broken_times_are_left_out_and_the_figures_are_json(tmp_path, fault):
    rows = [record_to_row(make_record(uid)) for uid in "ab"]
    rows[0]["nodes"][0].update(fault)
    errors = []
    found = stats(write_rows(tmp_path / "a.parquet", rows), on_error=errors.append)
    assert (found.counts.videos, found.counts.seconds, len(errors)) == (1, 16.0, 1)
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["counts"]["nodes"] == 7


def test_the_largest_groups_are_as_many_as_asked_for(official):
    assert len(stats(official, top=3).verbs.top) == 3
    with pytest.raises(ConfigError, match="top must be at least 1, got 0"):
        stats(official, top=0)


def test_memory_does_not_follow_the_number_of_different_actions(tmp_path):
    """In processes of their own, which also have to load the libraries."""
    code = """
import resource, sys
from pathlib import Path
import pyarrow as pa
from action100m.dataset.stats.tally import TextTally
size = int(sys.argv[2])
tally = TextTally(Path(sys.argv[1]), most_texts=50_000)
for first in range(0, size, 25_000):
    tally.add(pa.array([f"Stir mixture number {k}" for k in range(first, first + 25_000)] * 2))
groups = tally.groups(3)
assert (groups.distinct, groups.in_repeated) == (size, 2 * size)
print(len(tally._files), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""
    figures = []
    for size in (50_000, 500_000):
        done = subprocess.run([sys.executable, "-c", code, str(tmp_path / str(size)), str(size)], capture_output=True, text=True, check=True)
        figures.append(list(map(int, done.stdout.split())))
    (few_files, few_megabytes), (many_files, many_megabytes) = figures
    assert few_files <= 2 < 5 <= many_files
    assert many_megabytes < few_megabytes + 60


def test_long_videos_do_not_need_more_memory_than_a_batch(tmp_path, official):
    """Batches hold what makes 16 MB, not a number of videos."""
    records = list(read_records(official))
    write_records((replace(record, uid=f"{record.uid}{copy}") for copy in range(3) for record in records), tmp_path / "many.parquet")
    sizes = [batch.nodes.nbytes for batch in read_columns(tmp_path / "many.parquet", nodes=COUNTED)]
    assert np.max(sizes) < 64e6


def test_counting_loads_no_torch(official):
    code = "import sys; from action100m import stats; assert stats(sys.argv[1]).counts.videos == 10; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, str(official)], capture_output=True, text=True, check=True)
    assert {"torch", "transformers", "ray", "matplotlib", "sklearn"}.isdisjoint(done.stdout.split())
