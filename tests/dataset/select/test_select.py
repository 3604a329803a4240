"""What is selected from the official records and from hand-made ones."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pyarrow.parquet as pq
import pytest

from action100m.dataset.io import read_records, write_records
from action100m.dataset.samples import read_samples
from action100m.dataset.schema import PUBLISHED_SCHEMA, SCHEMA
from action100m.dataset.select.conditions import SelectConfig, parse_pairs, parse_shares
from action100m.dataset.select.select import FIELDS, Selection, select
from action100m.dataset.select.split import SPLITS, find_split
from action100m.dataset.validate import validate
from action100m.errors import ConfigError, DataSetError
from action100m.record import Sample, read_text
from support.records import make_annotation, make_record, record_to_row, write_rows


@pytest.fixture(scope="module")
def official(shared):
    return shared / "data" / "action100m" / "examples.parquet"


@pytest.fixture
def take(tmp_path):
    """Select as samples; return (selection, samples)."""

    def select_samples(source, **settings):
        selection = select(source, tmp_path / "out.parquet", SelectConfig(**settings))
        return selection, list(read_samples(tmp_path / "out.parquet"))

    return select_samples


def _plain(path, fields, fits):
    """The same in a plain loop over records."""
    for record in read_records(path):
        for node in record.tree.nodes:
            for field in fields:
                text = read_text(node, field)
                if text and text.strip() and fits(record, node, text):
                    yield Sample(record.uid, node.id, node.start, node.end, field, text)


def test_brief_actions_are_taken_unless_something_else_is_asked_for(official, take):
    selection, samples = take(official)
    assert selection == Selection(10, 4480, 10, 4480, 4480 - 1237, 1237)
    assert samples == list(_plain(official, ["brief_action"], lambda *_: True))


@pytest.mark.parametrize(
    ("settings", "fits", "count"),
    [
        ({"min_level": 2, "max_level": 3}, lambda record, node, text: 2 <= node.level <= 3, 100),
        ({"min_duration": 10.0}, lambda record, node, text: round(node.duration, 3) >= 10, 540),
        ({"max_duration": 5.5}, lambda record, node, text: round(node.duration, 3) <= 5.5, None),
        ({"na": "drop"}, lambda record, node, text: text != "N/A", 1195),
        ({"na": "only"}, lambda record, node, text: text == "N/A", 42),
        ({"contains": (("brief_action", "SPEAK"),)}, lambda record, node, text: "speak" in text.lower(), None),
        ({"matches": (("brief_action", "^Wipe .*surface$"),)}, lambda record, node, text: re.search("^Wipe .*surface$", text), None),
        ({"has": ("frame_caption",)}, lambda record, node, text: node.frame_caption, 0),
        ({"split": "train"}, lambda record, node, text: find_split(record.uid) == "train", None),
    ],
)
def test_each_condition_takes_what_a_plain_loop_takes(official, take, settings, fits, count):
    selection, samples = take(official, **settings)
    assert samples == list(_plain(official, ["brief_action"], fits))
    assert selection.texts == len(samples)
    assert count is None or count == len(samples)
    assert count == 0 or samples


def test_conditions_hold_together(official, take):
    _, samples = take(
        official, fields=("clip_caption", "brief_action"), min_level=3, max_duration=20.0, na="drop", contains=(("clip_caption", "hand"),)
    )
    fits = lambda record, node, text: node.level >= 3 and node.duration <= 20 and "hand" in (node.clip_caption or "").lower() and text != "N/A"  # noqa: E731
    assert samples == list(_plain(official, ["clip_caption", "brief_action"], fits))
    assert {sample.field for sample in samples} == {"clip_caption", "brief_action"}


def test_loops_and_cut_captions_are_left_out(official, take):
    whole, _ = take(official, fields=("clip_caption", "frame_caption"))
    clean, _ = take(official, fields=("clip_caption", "frame_caption"), drop=("loop", "at_limit"))
    assert whole.texts == 4474 + 2245
    assert whole.texts - clean.texts == 9  # 6 loops and 8 cut off, of which 5 are both


def test_a_timeline_with_a_second_choice_has_a_text_for_every_moment(official, take):
    selection, samples = take(official, fields=("brief_action", "clip_action"), first_field=True, granularity=10.0)
    assert (selection.nodes, selection.without_text, selection.texts) == (547, 0, 547)
    for record in read_records(official):
        spans = sorted((sample.start, sample.end) for sample in samples if sample.uid == record.uid)
        assert spans[0][0] == 0
        assert spans[-1][1] == record.tree.root.end
        assert all(one[1] == other[0] for one, other in pairwise(spans))


def test_parts_are_disjoint_and_together_all(official, tmp_path):
    found = {}
    for part in SPLITS:
        for kind in ("samples", "records"):
            select(official, tmp_path / f"{part}.{kind}", SelectConfig(split=part, splits=(0.4, 0.3, 0.3)), kind=kind)
        found[part] = {sample.uid for sample in read_samples(tmp_path / f"{part}.samples")}
        assert found[part] == {record.uid for record in read_records(tmp_path / f"{part}.records")}
    assert sum(map(len, found.values())) == 10 == len(set.union(*found.values()))
    assert all(found.values())


def test_a_data_set_of_which_everything_fits_is_written_as_it_was(official, tmp_path):
    selection = select(official, tmp_path / "out.parquet", kind="records")
    assert (selection.videos, selection.texts) == (10, 17_384)
    assert list(read_records(tmp_path / "out.parquet")) == list(read_records(official))
    assert pq.read_schema(tmp_path / "out.parquet").equals(PUBLISHED_SCHEMA)


def test_records_keep_their_trees_and_lose_the_texts_that_do_not_fit(official, tmp_path):
    config = SelectConfig(min_duration=20.0, fields=("brief_action", "clip_caption"), na="drop")
    selection = select(official, tmp_path / "out.parquet", config, kind="records")
    texts = 0
    for old, new in zip(read_records(official), read_records(tmp_path / "out.parquet"), strict=True):
        assert (old.uid, old.metadata, len(old.tree)) == (new.uid, new.metadata, len(new.tree))
        for before, after in zip(old.tree.nodes, new.tree.nodes, strict=True):
            assert (before.id, before.parent, before.start, before.end) == (after.id, after.parent, after.start, after.end)
            for field in FIELDS:
                kept = before.duration >= 20 and field in config.fields and read_text(before, field) != "N/A"
                assert read_text(after, field) == (read_text(before, field) if kept else None)
                texts += read_text(after, field) is not None
    assert texts == selection.texts > 50
    assert validate(tmp_path / "out.parquet").ok


def test_videos_without_a_fitting_text_are_left_out(tmp_path):
    records = [make_record(uid) for uid in "abc"]
    toast = records[1].tree.update(
        lambda node: replace(node, annotation=make_annotation("Toast bread")) if node.level == 1 and node.annotation else node
    )
    records[1] = replace(records[1], tree=toast)
    write_records(records, tmp_path / "a.parquet")
    selection = select(tmp_path / "a.parquet", tmp_path / "out.parquet", SelectConfig(contains=(("brief_action", "toast"),)), kind="records")
    (kept,) = read_records(tmp_path / "out.parquet")
    assert kept.uid == "b"
    assert {node.annotation.action.brief for node in kept.tree.nodes if node.annotation} == {"Toast bread"}
    assert (selection.videos_read, selection.videos, selection.nodes) == (3, 1, 2)


def test_provenance_is_kept(tmp_path):
    records = [make_record("a", provenance=True), make_record("b")]
    write_records(records, tmp_path / "a.parquet", provenance="keep")
    select(tmp_path / "a.parquet", tmp_path / "out.parquet", kind="records")
    assert list(read_records(tmp_path / "out.parquet")) == records
    assert pq.read_schema(tmp_path / "out.parquet").equals(SCHEMA)


@pytest.mark.parametrize("kind", ["samples", "records"])
def test_nothing_chosen_and_nothing_there_make_empty_files(tmp_path, kind):
    write_records([make_record()], tmp_path / "a.parquet")
    write_records([], tmp_path / "none.parquet")
    read = read_samples if kind == "samples" else read_records
    assert select(tmp_path / "a.parquet", tmp_path / "out.parquet", SelectConfig(min_level=99), kind=kind).texts == 0
    assert list(read(tmp_path / "out.parquet")) == []
    assert select(tmp_path / "none.parquet", tmp_path / "out.parquet", kind=kind).videos_read == 0
    assert list(read(tmp_path / "out.parquet")) == []


@pytest.mark.parametrize("kind", ["samples", "records"])
def test_a_bad_record_is_told_and_left_out(tmp_path, kind):
    rows = [record_to_row(make_record(uid)) for uid in ("a", "../../x\x00", "CON")]
    rows[0]["nodes"][1]["end"] = None
    path = write_rows(tmp_path / "a.parquet", rows)
    errors = []
    assert select(path, tmp_path / "out.parquet", kind=kind, on_error=errors.append).videos == 2
    read = read_samples if kind == "samples" else read_records
    assert list(dict.fromkeys(one.uid for one in read(tmp_path / "out.parquet"))) == ["../../x\x00", "CON"]
    assert len(errors) == 1
    with pytest.raises(DataSetError, match="row 0"):
        select(path, tmp_path / "other.parquet", kind=kind)
    assert not (tmp_path / "other.parquet").exists()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"min_level": 3, "max_level": 2}, "min_level is 3 and max_level 2"),
        ({"granularity": 0.0}, "granularity must be > 0 seconds, got 0.0"),
        ({"fields": ("title",)}, "a text is one of .*, got 'title'"),
        ({"drop": ("bad",)}, "a mark is one of na, loop, at_limit, got 'bad'"),
        ({"na": "no"}, "na is one of keep, drop, only, got 'no'"),
        ({"matches": (("actor", "("),)}, r"'\(' is no regular expression"),
        ({"splits": (1.0, 1.0, 1.0)}, "add up to 1"),
    ],
)
def test_settings_that_fit_nothing_are_refused(settings, told):
    with pytest.raises(ConfigError, match=told):
        SelectConfig(**settings)


def test_what_the_command_line_says_is_read_or_refused(tmp_path):
    assert parse_pairs(["actor=a=b", "brief_action="]) == (("actor", "a=b"), ("brief_action", ""))
    assert parse_shares("0.5, 0.25,.25") == (0.5, 0.25, 0.25)
    for bad in ("actor", "=x", "title=x"):
        with pytest.raises(ConfigError, match="a text is one of"):
            parse_pairs([bad])
    for bad in ("", "0.8,0.2", "a,b,c"):
        with pytest.raises(ConfigError, match="three numbers"):
            parse_shares(bad)
    with pytest.raises(ConfigError, match="kind is one of samples, records"):
        select(tmp_path, tmp_path / "out", kind="lines")
