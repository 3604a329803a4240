"""What yt-dlp leaves beside a video is read; what is broken in it is named."""

from __future__ import annotations

import json

import pytest

from action100m.errors import SidecarError
from action100m.video.sidecars import find_transcript, read_metadata
from action100m.video.video import Cue, VideoMetadata

INFO = {
    "id": "q1w2e3",
    "title": "Scrambled eggs",
    "description": "How to\nwhisk.",
    "view_count": 26_581,
    "like_count": 529,
    "duration": 70.4,
    "upload_date": "20170617",
    "formats": [{"url": "not read"}],
}
LINE = "WEBVTT\n\n00:01.920 --> 00:02.000\n"


def write_info(folder, **fields):
    (folder / "eggs.info.json").write_text(json.dumps(INFO | fields))
    return read_metadata(str(folder / "eggs.mp4"))


def test_nothing_beside_the_video(tmp_path):
    assert read_metadata(str(tmp_path / "eggs.mp4")) == (None, VideoMetadata())
    assert read_metadata(str(tmp_path / "no folder" / "eggs.mp4")) == (None, VideoMetadata())


def test_all_fields(tmp_path):
    (tmp_path / "eggs.en.vtt").write_text(LINE + "whisk\n")
    assert write_info(tmp_path) == (
        "q1w2e3",
        VideoMetadata("Scrambled eggs", "How to\nwhisk.", 26_581, 529, 70, "20170617", (Cue("1.92", "whisk", 2.0),)),
    )


def test_null_and_absent_fields_are_unknown(tmp_path):
    (tmp_path / "eggs.info.json").write_text(json.dumps({"title": None, "view_count": None, "id": ""}))
    assert read_metadata(str(tmp_path / "eggs.mp4")) == (None, VideoMetadata())


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("view_count", -1, "a number from 0 to 2^63 - 1, got -1"),
        ("view_count", 2**63, "a number from 0 to 2^63 - 1, got 9223372036854775808"),
        ("like_count", "many", "a number from 0 to 2^63 - 1, got 'many'"),
        ("like_count", True, "a number from 0 to 2^63 - 1, got True"),
        ("duration", float("nan"), "a number from 0 to 2^63 - 1, got nan"),
        ("duration", float("inf"), "a number from 0 to 2^63 - 1, got inf"),
        ("title", ["a"], "text, got ['a']"),
        ("description", {"a": 1}, "text, got {'a': 1}"),
        ("upload_date", "2017-06-17", "a date as YYYYMMDD, got '2017-06-17'"),
        ("id", [], "text, got []"),
    ],
)
def test_a_field_of_the_wrong_kind_is_named(tmp_path, field, value, expected):
    with pytest.raises(SidecarError) as caught:
        write_info(tmp_path, **{field: value})
    assert str(caught.value) == f"{tmp_path / 'eggs.info.json'}: expected {field} to be {expected}; correct or remove it"


def test_numbers_stand_for_text_and_whole_numbers(tmp_path):
    uid, metadata = write_info(tmp_path, id=42, upload_date=20170617, view_count=3.0)
    assert (uid, metadata.upload_date, metadata.view_count) == ("42", "20170617", 3)


def test_half_characters_are_mended(tmp_path):
    (tmp_path / "eggs.info.json").write_text('{"title": "\\ud83c\\udf73 and \\ud83c"}')
    assert read_metadata(str(tmp_path / "eggs.mp4"))[1].title == "\N{COOKING} and \N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_any_encoding(tmp_path, encoding):
    (tmp_path / "eggs.info.json").write_bytes(json.dumps({"title": "Crème brûlée"}, ensure_ascii=False).encode(encoding))
    assert read_metadata(str(tmp_path / "eggs.mp4"))[1].title == "Crème brûlée"


@pytest.mark.parametrize(("text", "problem"), [("{", "not JSON"), ("[1]", "expected a JSON object, got list"), ("[" * 100_000, "not JSON")])
def test_a_broken_info_file_is_named(tmp_path, text, problem):
    (tmp_path / "eggs.info.json").write_text(text)
    with pytest.raises(SidecarError, match=rf"eggs\.info\.json: {problem}"):
        read_metadata(str(tmp_path / "eggs.mp4"))


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["eggs.de.vtt", "eggs.en.vtt", "eggs.srt"], "eggs.srt"),
        (["eggs.srt", "eggs.vtt"], "eggs.vtt"),
        (["eggs.de.vtt", "eggs.en-US.vtt", "eggs.en-GB.srt"], "eggs.en-GB.srt"),
        (["eggs.en-GB.vtt", "eggs.en.srt", "eggs.en.vtt"], "eggs.en.vtt"),
        (["eggs.zh-Hans.vtt", "eggs.fr.srt", "eggs.enm.vtt"], "eggs.enm.vtt"),
        (["eggs.zh-Hans.VTT", "eggs.FR.srt"], "eggs.FR.srt"),
        (["eggs.en-orig.vtt", "eggs.de.vtt"], "eggs.en-orig.vtt"),
        (["eggs.raw.mp4", "eggs.raw.srt"], None),
        (["eggs.raw.MKV", "eggs.raw.srt", "eggs.de.vtt", "eggs.webm"], "eggs.de.vtt"),
        (["eggs.webm", "eggs.srt", "eggs.en.vtt"], "eggs.srt"),
        (["eggs.final.srt", "eggs.raw cut.srt", "eggs..srt"], None),
        (["eggs.2.en.vtt", "eggs2.vtt", "eggs.info.json", "eggs.txt", "beggs.vtt"], None),
    ],
)
def test_choice_of_the_transcript(tmp_path, names, chosen):
    for name in reversed(names):
        (tmp_path / name).write_text(LINE + name)
    found = find_transcript(tmp_path / "eggs.mp4")
    assert (found and found.name) == chosen


def test_a_broken_transcript_is_named(tmp_path):
    (tmp_path / "eggs.vtt").write_text("oops")
    with pytest.raises(SidecarError, match=r"eggs\.vtt: not a subtitle file"):
        read_metadata(str(tmp_path / "eggs.mp4"))
