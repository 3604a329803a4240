"""Every real video of the shared data goes through the whole engine: a record, or the failure that is expected of it."""

from __future__ import annotations

import json

import pytest

from action100m.dataset.io import read_records
from action100m.dataset.validate import validate
from action100m.run.pack import pack
from action100m.run.run import run_videos

CAUSES = {
    "too short": "TooShortError",
    "no frame decodes": "NoFrameError",
    "not a video": "NotAVideoError",
    "empty file": "EmptyVideoError",
    "no video stream": "NoVideoStreamError",
    "cannot be opened (protected)": "ProtectedVideoError",
}


@pytest.fixture(scope="module")
def outcome(shared, tmp_path_factory):
    folder = tmp_path_factory.mktemp("real")
    summary = run_videos([shared / "data" / "videos"], folder / "run")
    pack(folder / "run", folder / "data.parquet")
    return summary, folder / "data.parquet", json.loads((shared / "data" / "videos.json").read_text())


def test_each_bad_file_ends_as_the_failure_that_is_expected(outcome):
    summary, _, listed = outcome
    expected = {entry["file"]: CAUSES[entry["expect"].removeprefix("failure: ")] for entry in listed if entry["expect"] != "record"}
    assert {failure.location.rsplit("/", 1)[-1]: failure.cause for failure in summary.failures} == expected
    assert all(failure.message.count(failure.location) for failure in summary.failures)


def test_every_other_file_gives_a_record_and_the_counts_add_up(outcome):
    summary, data, listed = outcome
    records = sum(entry["expect"] == "record" for entry in listed)
    assert (summary.found, summary.made, len(summary.failures)) == (len(listed), records, len(listed) - records)
    assert len(list(read_records(str(data)))) == records


def test_the_data_set_has_no_finding(outcome):
    assert validate(str(outcome[1])).findings == ()


def test_the_length_of_each_record_is_that_of_the_frames_that_decode(outcome):
    _, data, listed = outcome
    listed_seconds = {entry["file"].rsplit(".", 1)[0]: entry["duration"] for entry in listed if entry["duration"]}
    container_only = {"odd_huge_duration_frag", "odd_ts_start_4900s", "odd_nasa_multistream"}  # listed as the header or the audio lasts
    for record in read_records(str(data)):
        if record.uid in listed_seconds and record.uid not in container_only:
            assert record.tree.root.end == pytest.approx(listed_seconds[record.uid], abs=1.1), record.uid
