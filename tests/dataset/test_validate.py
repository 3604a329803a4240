import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from action100m.dataset import validate as validate_module
from action100m.dataset.io import write_records
from action100m.dataset.rules import RULES
from action100m.dataset.schema import PUBLISHED_SCHEMA, SCHEMA
from action100m.dataset.validate import Finding, validate
from action100m.errors import DataSetError
from support.records import make_record, record_to_row, write_rows

Row = dict[str, Any]


def test_the_released_records_have_no_finding(shared):
    report = validate(shared / "data/action100m/examples.parquet")
    assert report.findings == ()
    assert (report.ok, report.files, report.rows, report.nodes, report.annotated) == (True, 1, 10, 4480, 1237)


@pytest.mark.parametrize("provenance", [True, False])
def test_our_records_have_no_finding(provenance, tmp_path):
    write_records([make_record(uid, provenance=provenance) for uid in "ab"], tmp_path / "a.parquet")
    report = validate(tmp_path)
    assert report.findings == ()
    assert (report.rows, report.nodes, report.annotated) == (2, 14, 6)


# The seven nodes of a test record: 0 root [0, 16), 1 [0, 10), 2 [10, 16), 3 [0, 4), 4 [4, 10), 5 [10, 13.5), 6 [13.5, 16).


def in_node(index: int, **values: Any) -> Callable[[Row], object]:
    return lambda row: row["nodes"][index].update(values)


def in_metadata(**values: Any) -> Callable[[Row], object]:
    return lambda row: row["metadata"].update(values)


def in_provenance(**values: Any) -> Callable[[Row], object]:
    return lambda row: row["provenance"].update(values)


def share_an_id(row: Row) -> None:
    row["nodes"][6]["node_id"] = row["nodes"][5]["node_id"]


def start_late(row: Row) -> None:
    for index in (0, 1, 3):
        row["nodes"][index]["start"] = 0.5


def last_forever(row: Row) -> None:
    for index in (0, 2, 6):
        row["nodes"][index]["end"] = float("inf")


def explain(index: int, field: str) -> Callable[[Row], object]:
    return lambda row: row["provenance"]["gaps"].append({"node": row["nodes"][index]["node_id"], "field": field, "reason": "leaf"})


WITHOUT_PROVENANCE: list[tuple[str, int | None, str, Callable[[Row], object]]] = [
    ("required", None, "video_uid is null", lambda row: row.update(video_uid=None)),
    ("required", None, "nodes is null", lambda row: row.update(nodes=None)),
    ("required", None, "nodes[4] is null", lambda row: row["nodes"].__setitem__(4, None)),
    ("required", None, "nodes[4].end is null", in_node(4, end=None)),
    ("unique-uid", None, "the uid is empty", lambda row: row.update(video_uid="")),
    ("one-root", None, "found 0 among 0", lambda row: row.update(nodes=[])),
    ("one-root", None, "found 2 among 7", lambda row: row["nodes"][6].update(parent_id=None, level=0)),
    ("unique-ids", None, "7 nodes share 6 ids", share_an_id),
    ("parent-exists", 6, "is not in the tree", in_node(6, parent_id="a2a2a2a2-0000-5000-8000-000000000000")),
    ("level", 6, "expected 2, got 3", in_node(6, level=3)),
    ("interval", 6, "expected 0 <= start < end, got [13.5, 13.0)", in_node(6, end=13.0)),
    ("interval", 0, "got [nan, 16.0)", in_node(0, start=float("nan"))),
    ("interval", 0, "got [-1.0, 16.0)", in_node(0, start=-1.0)),
    ("binary", 2, "expected 0 or 2 children, found 1", lambda row: row["nodes"].pop()),
    ("cover", 2, "do not tile [10.0, 16.0)", in_node(6, end=15.0)),
    ("order", None, "not sorted", lambda row: row["nodes"].reverse()),
    ("finite", 0, "ends at infinity", last_forever),
    ("caption-placement", 2, "an inner node has a frame caption", in_node(2, llama3_caption="A pan.")),
    ("node-id", 6, "not a UUID", in_node(6, node_id="right-right")),
    ("root-start", 0, "starts at 0.5 s", start_late),
    ("annotation-placement", 2, "an inner node of 6.00 s is not annotated", in_node(2, gpt=None)),
    ("annotation-placement", 4, "a leaf of 6.00 s is annotated", lambda row: row["nodes"][4].update(gpt=row["nodes"][0]["gpt"])),
    ("annotation-fields", 0, "annotation.action.actor missing", lambda row: row["nodes"][0]["gpt"]["action"].update(actor=None)),
    ("text", 3, "clip_caption is blank", in_node(3, plm_caption="  ")),
    ("text", 3, "frame_caption is blank or holds control characters: 'a\\x00b'", in_node(3, llama3_caption="a\x00b")),
    ("text", 1, "annotation.summary.brief is blank", lambda row: row["nodes"][1]["gpt"]["summary"].update(brief="")),
    ("transcript", None, "cue 0 has no time in seconds: '0:01'", in_metadata(transcript=[{"time": "0:01", "text": "hi"}])),
    ("transcript", None, "cue 0 has no time in seconds: '-1'", in_metadata(transcript=[{"time": "-1", "text": "hi"}])),
    ("transcript", None, "cue 1 has no text", in_metadata(transcript=[{"time": "1", "text": "hi"}, {"time": "2", "text": None}])),
    ("transcript", None, "not in the order", in_metadata(transcript=[{"time": "10", "text": "b"}, {"time": "9", "text": "a"}])),
    ("metadata", None, "view_count is -1", in_metadata(view_count=-1)),
    ("metadata", None, "not YYYYMMDD: '2024-02-29'", in_metadata(upload_date="2024-02-29")),
    ("metadata", None, "not YYYYMMDD: '2024111'", in_metadata(upload_date="2024111")),
    ("metadata", None, "not YYYYMMDD: '20230229'", in_metadata(upload_date="20230229")),
]


def see(node: int, *seconds: float) -> Callable[[Row], object]:
    def plant(row: Row) -> None:
        row["provenance"]["evidence"] = [{"node": row["nodes"][node]["node_id"], "field": "clip_caption", "seconds": list(seconds)}]

    return plant


WITH_PROVENANCE: list[tuple[str, int | None, str, Callable[[Row], object]]] = [
    ("required", None, "provenance.encoder is null", in_provenance(encoder=None)),
    ("required", None, "provenance.gaps[0] is null", in_provenance(gaps=[{"node": None, "field": "annotation", "reason": "leaf"}])),
    ("gap", 2, "explains why annotation is missing, but the node has it", explain(2, "annotation")),
    ("gap", 2, "explains why gpt is missing, but the node has it", explain(2, "gpt")),
    ("provenance", None, "the digest of the video is no SHA-256: ''", in_provenance(sha256="")),
    ("provenance", None, "the digest of prompt x is no SHA-256: 'abc'", in_provenance(prompts=[{"name": "x", "sha256": "abc"}])),
    ("provenance", None, "the nodes end at 16.0 s, the video at 61.0 s", in_provenance(duration=61.0)),
    ("evidence", 2, "clip_caption rests on a frame at 99.5 s, outside", see(2, 99.5)),
    ("unexplained", 2, "annotation is missing, and the provenance does not say why", in_node(2, gpt=None)),
    ("unexplained", 3, "frame_caption is missing", in_node(3, llama3_caption=None)),
    ("unexplained", 0, "clip_action is missing", in_node(0, plm_action=None)),
]

CASES = [(*case, False) for case in WITHOUT_PROVENANCE] + [(*case, True) for case in WITH_PROVENANCE]


@pytest.mark.parametrize(("rule", "node", "message", "plant", "provenance"), CASES, ids=lambda value: value if isinstance(value, str) else None)
def test_a_planted_fault_is_found_with_row_node_and_rule(rule, node, message, plant, provenance, tmp_path):
    row = record_to_row(make_record("faulty", provenance=provenance))
    plant(row)
    write_rows(tmp_path / "a.parquet", [record_to_row(make_record("sound")), row])
    report = validate(tmp_path / "a.parquet")
    found = next(finding for finding in report.findings if finding.rule == rule)
    assert message in found.message
    assert (found.file, found.row, found.uid) == (str(tmp_path / "a.parquet"), 1, row["video_uid"] or "")
    assert found.node == (None if node is None else row["nodes"][node]["node_id"])
    assert {finding.row for finding in report.findings} == {1}
    assert report.ok == all(RULES[finding.rule].severity == "warning" for finding in report.findings)


LONE = {
    "caption-placement",
    "finite",
    "node-id",
    "root-start",
    "annotation-placement",
    "annotation-fields",
    "text",
    "transcript",
    "metadata",
    "gap",
    "evidence",
}


@pytest.mark.parametrize(("rule", "node", "message", "plant", "provenance"), [case for case in CASES if case[0] in LONE])
def test_a_fault_outside_the_shape_of_the_tree_is_found_once_and_alone(rule, node, message, plant, provenance, tmp_path):
    row = record_to_row(make_record(provenance=provenance))
    plant(row)
    assert [finding.rule for finding in validate(write_rows(tmp_path / "a.parquet", [row])).findings if message in finding.message] == [rule]
    assert {finding.rule for finding in validate(tmp_path).findings} == {rule}


def test_a_uid_that_comes_twice_is_found_across_files(tmp_path):
    for name in "ab":
        write_records([make_record("same")], tmp_path / f"{name}.parquet")
    (finding,) = validate(tmp_path).findings
    assert finding == Finding("unique-uid", "the uid was met before", str(tmp_path / "b.parquet"), 0, "same")
    assert not validate(tmp_path).ok


def test_other_types_are_a_warning_and_missing_columns_an_error(tmp_path):
    row = record_to_row(make_record())
    del row["provenance"]
    guessed = pa.Table.from_pylist([row])  # int64 levels and float64 times
    pq.write_table(guessed, tmp_path / "guessed.parquet")
    report = validate(tmp_path / "guessed.parquet")
    assert [(finding.rule, finding.message) for finding in report.findings] == [
        ("schema", "metadata.like_count is null, the published type is int64"),
        ("schema", "nodes.level is int64, the published type is int16"),
        ("schema", "nodes.start is double, the published type is float"),
        ("schema", "nodes.end is double, the published type is float"),
    ]
    assert report.ok
    write_rows(tmp_path / "part.parquet", [row], schema=pa.schema([PUBLISHED_SCHEMA.field("video_uid"), PUBLISHED_SCHEMA.field("nodes")]))
    (finding,) = validate(tmp_path / "part.parquet").findings
    assert finding.rule == "file"
    assert "the column metadata is missing" in finding.message


def test_a_file_that_cannot_be_read_does_not_stop_the_others(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"cut off")
    write_records([make_record()], tmp_path / "b.parquet")
    report = validate(tmp_path)
    assert [(finding.rule, finding.file) for finding in report.findings] == [("file", str(tmp_path / "a.parquet"))]
    assert (report.ok, report.files, report.rows) == (False, 2, 1)


def test_nothing_to_validate_is_an_error(tmp_path):
    with pytest.raises(DataSetError, match=r"holds no \.parquet file"):
        validate(tmp_path)


def test_with_provenance_leaves_may_be_annotated_and_inner_nodes_not(tmp_path):
    row = record_to_row(make_record(provenance=True))
    row["nodes"][2]["gpt"], row["nodes"][4]["gpt"] = None, row["nodes"][0]["gpt"]
    row["provenance"]["gaps"] = [gap for gap in row["provenance"]["gaps"] if gap["node"] != row["nodes"][4]["node_id"]]
    row["provenance"]["gaps"].append({"node": row["nodes"][2]["node_id"], "field": "annotation", "reason": "ReplyError: no JSON"})
    assert validate(write_rows(tmp_path / "a.parquet", [row])).findings == ()


@pytest.mark.parametrize(("cut", "annotated"), [(3.99997, True), (3.99997, False), (4.00003, False), (4.0, True)])
def test_a_node_of_4_seconds_give_or_take_the_rounding_may_go_either_way(cut, annotated, tmp_path):
    row = record_to_row(make_record())
    nodes = row["nodes"]
    nodes[0]["end"] = nodes[2]["end"] = nodes[6]["end"] = 10.0 + cut
    nodes[2]["gpt"] = nodes[0]["gpt"] if annotated else None
    assert validate(write_rows(tmp_path / "a.parquet", [row])).findings == ()


def test_findings_are_all_counted_but_not_all_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(validate_module, "_KEPT_PER_RULE", 5)
    row = record_to_row(make_record())
    for node in row["nodes"]:
        node["plm_caption"] = ""
    report = validate(write_rows(tmp_path / "a.parquet", [row]))
    assert report.counts == {"text": 7}
    assert len(report.findings) == 5


def test_the_report_as_json_has_every_finding(tmp_path):
    row = record_to_row(make_record("größe"))
    row["nodes"][3]["plm_caption"] = ""
    report = validate(write_rows(tmp_path / "a.parquet", [row]))
    value = json.loads(report.to_json())
    assert (value["ok"], value["files"], value["rows"], value["nodes"], value["annotated"], value["counts"]) == (True, 1, 1, 7, 3, {"text": 1})
    assert value["findings"] == [
        {
            "severity": "warning",
            "rule": "text",
            "message": "clip_caption is blank or holds control characters: ''",
            "file": str(tmp_path / "a.parquet"),
            "row": 0,
            "uid": "größe",
            "node": row["nodes"][3]["node_id"],
        }
    ]


def test_a_finding_reads_as_one_line():
    finding = Finding("level", "expected 2, got 3", "mine.parquet", 4, "clip", "b8ca5c45")
    assert str(finding) == "mine.parquet, row 4, clip, node b8ca5c45: level: expected 2, got 3"
    assert str(Finding("file", "cut off", "mine.parquet")) == "mine.parquet: file: cut off"


def test_every_rule_has_a_test_that_plants_its_fault():
    elsewhere = {"file", "schema"}
    assert {case[0] for case in CASES} | elsewhere == set(RULES)


def test_the_documentation_lists_every_rule_and_every_column():
    text = (Path(__file__).parents[2] / "docs/schema.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| `([a-z-]+)` \| (error|warning) \| (.+) \|$", text, flags=re.MULTILINE)
    assert documented == [(name, rule.severity, rule.meaning) for name, rule in RULES.items()]
    for column in ("nodes", "metadata", "provenance"):
        fields = SCHEMA.field(column).type
        for field in fields if pa.types.is_struct(fields) else fields.value_type:
            assert f"`{field.name}`" in text
