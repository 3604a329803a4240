"""Selecting by the table of `audit --out`: what is joined, and which tables are refused."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from action100m.dataset.audit.audit import audit
from action100m.dataset.audit.measures import measure_all
from action100m.dataset.audit.reading import Reading
from action100m.dataset.io import read_records, write_records
from action100m.dataset.samples import read_samples
from action100m.dataset.select.conditions import SelectConfig, parse_flags
from action100m.dataset.select.select import FIELDS, select
from action100m.dataset.stats.texts import measure_texts
from action100m.errors import ConfigError, DataSetError
from support.records import make_record, record_to_row, write_rows


@pytest.fixture(scope="module")
def official(shared):
    return shared / "data" / "action100m" / "examples.parquet"


@pytest.fixture(scope="module")
def audited(official):
    """Each official record, and all that the measures find in it: (node, field, flag)."""
    records = list(read_records(official))
    return [(record, {(one.node, one.field, one.flag) for one in measure_all(Reading(record)).findings}) for record in records]


@pytest.fixture(scope="module")
def flags(official, tmp_path_factory):
    path = tmp_path_factory.mktemp("audit") / "flags.parquet"
    audit(str(official), out=str(path))
    return path


def _short(uid: str, caption: str = "Eggs."):
    """A record whose first clip caption is `short`."""
    record = make_record(uid)
    return replace(record, tree=record.tree.update(lambda node: replace(node, clip_caption=caption) if node.level == 0 else node))


@pytest.mark.parametrize("kind", ["samples", "records"])
@pytest.mark.parametrize(("chosen", "nodes"), [({"drop_flags": ("misplaced", "truncated")}, 4353), ({"only_flags": ("looping",)}, 7)])
def test_nodes_with_a_flag_are_dropped_or_kept_alone(official, audited, flags, tmp_path, kind, chosen, nodes):
    found = select(official, tmp_path / "out.parquet", SelectConfig(flags=flags, fields=FIELDS, **chosen), kind=kind)
    assert found.nodes == nodes  # 4,480 less 127; the 7 that loop
    wanted = {flag for flags in chosen.values() for flag in flags}
    flagged = {(record.uid, node) for record, findings in audited for node, _, flag in findings if flag in wanted}
    everything = {(record.uid, node.id) for record, _ in audited for node in record.tree.nodes}
    assert nodes == len(everything - flagged if "drop_flags" in chosen else flagged)
    if kind == "samples":
        assert not {(one.uid, one.node) for one in read_samples(tmp_path / "out.parquet")} - (
            everything - flagged if "drop_flags" in chosen else flagged
        )


def test_texts_with_a_finding_are_dropped_alone(official, audited, flags, tmp_path):
    whole = select(official, tmp_path / "whole.parquet", SelectConfig(fields=FIELDS))
    config = SelectConfig(fields=FIELDS, flags=flags, drop_flags=("sentinel",), flag_scope="texts")
    found = select(official, tmp_path / "out.parquet", config)
    assert (whole.texts - found.texts, found.nodes) == (140, 4480)
    gone = {(record.uid, node, field) for record, findings in audited for node, field, flag in findings if flag == "sentinel"}
    assert {(one.uid, one.node, one.field) for one in read_samples(tmp_path / "whole.parquet")} - {
        (one.uid, one.node, one.field) for one in read_samples(tmp_path / "out.parquet")
    } == gone


def test_a_flag_found_in_nothing_drops_nothing(official, flags, tmp_path):
    for scope in ("nodes", "texts"):
        found = select(official, tmp_path / "out.parquet", SelectConfig(flags=flags, drop_flags=("duplicate",), flag_scope=scope))
        assert found.texts == 1237
        found = select(official, tmp_path / "out.parquet", SelectConfig(flags=flags, only_flags=("duplicate",), flag_scope=scope))
        assert found.texts == 0


def test_what_has_a_mark_has_the_flag_of_its_kind(audited):
    """Marks and flags have names of their own: this is how they lie to each other, as docs/commands.md tells."""
    texts = [(place, text, findings) for record, findings in audited for place, text in Reading(record).texts.items()]
    measured = measure_texts(pa.array([text for _, text, _ in texts]))
    marked = {mark: {number for number, has in enumerate(measured.has(mark)) if has} for mark in ("na", "loop", "at_limit")}
    flagged = {
        flag: {number for number, (place, _, findings) in enumerate(texts) if (*place, flag) in findings}
        for flag in ("sentinel", "looping", "truncated")
    }
    assert {name: len(found) for name, found in {**marked, **flagged}.items()} == {
        "na": 137,
        "loop": 6,
        "at_limit": 8,
        "sentinel": 140,
        "looping": 7,
        "truncated": 54,
    }
    assert marked["na"] < flagged["sentinel"]
    assert marked["loop"] < flagged["looping"]
    assert marked["at_limit"] < flagged["looping"] | flagged["truncated"]
    assert len(marked["at_limit"] & flagged["looping"]) == 6


def test_the_first_field_without_a_finding_is_taken(tmp_path):
    write_records([_short("a")], tmp_path / "a.parquet")
    audit(str(tmp_path / "a.parquet"), out=str(tmp_path / "flags"))
    config = SelectConfig(
        ("clip_caption", "brief_caption"), first_field=True, max_level=0, flags=tmp_path / "flags", drop_flags=("short",), flag_scope="texts"
    )
    select(tmp_path / "a.parquet", tmp_path / "out", config)
    assert [sample.field for sample in read_samples(tmp_path / "out")] == ["brief_caption"]


@pytest.fixture
def join(tmp_path):
    """Audit some records and select from others; return (uids that were taken, what was told)."""

    def select_flagged(audited, records, **settings):
        write_records(audited, tmp_path / "audited.parquet")
        write_records(records, tmp_path / "data.parquet")
        audit(str(tmp_path / "audited.parquet"), out=str(tmp_path / "flags"))
        told: list[DataSetError] = []
        config = SelectConfig(flags=tmp_path / "flags", **({"drop_flags": ("short",)} | settings))
        select(tmp_path / "data.parquet", tmp_path / "out", config, on_error=told.append)
        return list(dict.fromkeys(one.uid for one in read_samples(tmp_path / "out"))), list(map(str, told))

    return select_flagged


def test_a_video_that_the_audit_left_out_is_told_and_left_out(join):
    records = [make_record(uid) for uid in ("a", "../../x\x00", "c", "d")]
    taken, told = join([records[0], records[2]], records)
    assert taken == ["a", "c"]
    assert [message.split(": ")[0].partition("has no flags")[2] for message in told] == [r" for the video '../../x\x00'", " for the video 'd'"]


def test_many_batches_and_row_groups_are_joined(join, monkeypatch):
    monkeypatch.setattr("action100m.dataset.audit.table._GROUP_ROWS", 7)
    monkeypatch.setattr("action100m.dataset.select.flags._BATCH_ROWS", 5)
    records = [_short(f"{number}") if number % 3 == 0 else make_record(f"{number}") for number in range(200)]
    taken, told = join(records, records, only_flags=("short",), drop_flags=())
    assert taken == [f"{number}" for number in range(0, 200, 3)]
    assert told == []


def test_two_videos_of_one_uid_are_joined_in_their_order(join):
    taken, told = join([make_record("a"), _short("a")], [make_record("a"), _short("a")])
    assert (taken, told) == (["a"], [])


def test_a_table_of_other_data_is_refused_by_name_and_nothing_is_written(join, tmp_path):
    with pytest.raises(DataSetError, match=r"flags is of another data set, or of files in another order: it has 'x' where the data have 'a'"):
        join([make_record("x")], [make_record("a")])
    with pytest.raises(DataSetError, match=r"another data set.*it has 'a' where the data have nothing"):
        join([make_record("b"), make_record("a")], [make_record("a"), make_record("b")])
    assert not (tmp_path / "out").exists()


def test_a_table_of_other_trees_is_refused(tmp_path):
    write_records([make_record("a")], tmp_path / "data.parquet")
    audit(str(tmp_path / "data.parquet"), out=str(tmp_path / "flags"))
    rows = pq.read_table(tmp_path / "flags").to_pylist()
    pq.write_table(pa.Table.from_pylist([row | {"node": f"{row['node']}x"} for row in rows]), tmp_path / "flags")
    with pytest.raises(DataSetError, match="the video 'a' has other nodes in the data"):
        select(tmp_path / "data.parquet", tmp_path / "out", SelectConfig(flags=tmp_path / "flags", drop_flags=("short",)))
    assert not (tmp_path / "out").exists()


def test_other_data_are_refused_before_all_of_them_are_read(join, monkeypatch):
    monkeypatch.setattr("action100m.dataset.select.flags._MOST_MISSED", 3)
    with pytest.raises(DataSetError, match="it has 'x' where the data have '0'"):
        join([make_record("x")], [make_record(f"{number}") for number in range(9)])


def test_without_anyone_to_tell_the_first_missing_video_is_raised(tmp_path):
    bad = record_to_row(make_record("bad"))
    bad["nodes"][1]["end"] = 1.0  # a tree that the audit leaves out, and that no column shows
    write_rows(tmp_path / "data.parquet", [bad, record_to_row(make_record("good"))])
    assert audit(str(tmp_path / "data.parquet"), out=str(tmp_path / "flags")).left_out_count == 1
    config = SelectConfig(flags=tmp_path / "flags", drop_flags=("short",))
    with pytest.raises(DataSetError, match="no flags for the video 'bad'"):
        select(tmp_path / "data.parquet", tmp_path / "out", config)
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_no_table_of_flags_is_refused(official, tmp_path):
    (tmp_path / "broken").write_bytes(b"PAR1")
    pq.write_table(pa.table({"uid": ["a"], "node": [3]}), tmp_path / "other")
    for path, told in (
        (official, "examples.parquet is no table that `audit --out` wrote: the column uid, node, findings is missing"),
        (tmp_path / "other", "other is no table that `audit --out` wrote: the column findings is missing"),
        (tmp_path / "broken", "broken is not a whole Parquet file"),
        (tmp_path / "nowhere", "no such file"),
    ):
        with pytest.raises(DataSetError, match=told):
            select(official, tmp_path / "out", SelectConfig(flags=path, drop_flags=("short",)))


def test_a_table_that_pandas_wrote_again_is_read(tmp_path):
    write_records([_short("a"), make_record("b")], tmp_path / "data.parquet")
    audit(str(tmp_path / "data.parquet"), out=str(tmp_path / "flags"))
    table = pq.read_table(tmp_path / "flags")
    pq.write_table(table.set_column(0, "uid", table["uid"].cast(pa.large_string()).dictionary_encode()), tmp_path / "again")
    found = select(tmp_path / "data.parquet", tmp_path / "out", SelectConfig(flags=tmp_path / "again", drop_flags=("short",)))
    assert (found.nodes_read, found.nodes) == (14, 13)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"flags": "f"}, "goes with drop_flags or only_flags"),
        ({"drop_flags": ("short",)}, "goes with drop_flags or only_flags"),
        ({"flags": "f", "drop_flags": ("loop",)}, "a flag is one of missing, .*, got 'loop'"),
        ({"flags": "f", "only_flags": ("short",), "flag_scope": "node"}, "flag_scope is one of nodes, texts, got 'node'"),
    ],
)
def test_settings_that_say_too_little_are_refused(settings, told):
    with pytest.raises(ConfigError, match=told):
        SelectConfig(**settings)


def test_names_of_flags_are_read_or_refused():
    assert parse_flags(["short", "actor"]) == ("short", "actor")
    with pytest.raises(ConfigError, match="a flag is one of"):
        parse_flags(["Short"])
