"""Segments as rows."""

import pyarrow as pa

from action100m.dataset.search.rows import ROW_SCHEMA, read_batches, write_segments
from support.records import record_to_row, write_rows
from support.search_sets import make_told_record


def test_a_row_holds_what_the_record_says(tmp_path):
    record = make_told_record("a", ("One", "Two", " "), title="Title")
    data = write_rows(tmp_path / "data.parquet", [record_to_row(record)])
    segments = write_segments(
        data, tmp_path / "rows.arrow", ["brief_action", "frame_caption"], on_error=lambda error: None, on_progress=lambda count: None
    )
    assert segments.table.schema == ROW_SCHEMA
    by_node = {row["node"]: row for row in segments.table.to_pylist()}
    nodes = {node.id: node for node in record.tree.nodes}
    spaced = next(node.id for node in record.tree.nodes if node.annotation and node.annotation.action.brief == " ")
    assert set(by_node) == set(nodes) - {spaced}  # nothing is said of it
    for name, row in by_node.items():
        node = nodes[name]
        assert (row["uid"], row["title"], row["level"], row["start"], row["end"]) == ("a", "Title", node.level, node.start, node.end)
        assert row["seconds"] == node.end - node.start
        assert row["texts"] == [node.annotation and node.annotation.action.brief, node.frame_caption]
    assert segments[0:1] == [text for text in by_node[segments.table["node"][0].as_py()]["texts"] if text]


def test_times_are_told_to_a_thousandth(tmp_path):
    row = record_to_row(make_told_record("a", ("One", "Two", "Three")))
    row["nodes"][0]["end"] = 58.97999954223633
    data = write_rows(tmp_path / "data.parquet", [row])
    segments = write_segments(data, tmp_path / "rows.arrow", ["brief_action"], on_error=lambda error: None, on_progress=lambda count: None)
    assert segments.table["end"][0].as_py() == 58.98


def test_batches_are_small_and_in_order(tmp_path):
    data = write_rows(tmp_path / "data.parquet", [record_to_row(make_told_record(f"v{n}", ("One", "Two", "Three"))) for n in range(5)])
    segments = write_segments(data, tmp_path / "rows.arrow", ["brief_action"], on_error=lambda error: None, on_progress=lambda count: None)
    parts = list(read_batches(segments, 4))
    assert max(len(batch) for _, batch in parts) == 4
    assert [start for start, _ in parts] == [sum(len(batch) for _, batch in parts[:number]) for number in range(len(parts))]
    assert pa.Table.from_batches([batch for _, batch in parts]).equals(segments.table.combine_chunks())
