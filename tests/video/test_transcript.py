"""Subtitle files become plain lines, each once, at the time it first shows."""

from __future__ import annotations

import pytest

from action100m.errors import SidecarError
from action100m.video.transcript import read_transcript
from action100m.video.video import Cue

ROLLING = """WEBVTT
Kind: captions
Language: en

00:00:00.160 --> 00:00:02.070 align:start position:0%
 
today<00:00:00.480><c> we</c><00:00:00.800><c> whisk</c>

00:00:02.070 --> 00:00:02.080 align:start position:0%
today we whisk
 

00:00:02.080 --> 00:00:04.310 align:start position:0%
today we whisk
two<00:00:02.400><c> eggs</c><00:00:03.000><c> &amp; milk</c>

00:00:04.310 --> 00:00:04.320 align:start position:0%
two eggs &amp; milk
 

00:00:04.320 --> 00:00:06.000 align:start position:0%
two eggs &amp; milk
[Music]

00:00:09.000 --> 00:00:10.000 align:start position:0%
[Music]
"""  # noqa: W293  the form of automatic captions

PLAIN = """WEBVTT - a title

STYLE
::cue { color: red }

NOTE
not said

opening
00:01.000 --> 00:02.500 line:90%
<v Anna>First <i>line</i>
second&nbsp;line</v>

NOTE nor this

2
100:00:04.000 --> 100:00:05.000
I <3 {x} eggs
"""

SUBRIP = """1
00:00:01,000 --> 00:00:02,000
No.

2
00:00:05,000 --> 00:00:06,120
{\\an8}<font color="#ffffff">No.</font>

- Yes!

3
00:00:03,000 --> 00:00:04,000
Between
"""


def read(tmp_path, name, text, *, encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return read_transcript(path)


def test_automatic_captions_are_unrolled(tmp_path):
    assert read(tmp_path, "clip.vtt", ROLLING) == (
        Cue("0.16", "today we whisk", 2.08),
        Cue("2.08", "two eggs & milk", 4.32),
        Cue("4.32", "[Music]", 6.0),
        Cue("9.0", "[Music]", 10.0),
    )


def test_names_notes_styles_and_tags_are_not_said(tmp_path):
    assert read(tmp_path, "clip.vtt", PLAIN) == (Cue("1.0", "First line\nsecond line", 2.5), Cue("360004.0", "I <3 {x} eggs", 360005.0))


def test_subrip_is_sorted_by_time_and_keeps_what_is_said_twice(tmp_path):
    assert read(tmp_path, "clip.srt", SUBRIP) == (Cue("1.0", "No.", 2.0), Cue("3.0", "Between", 4.0), Cue("5.0", "No.\n- Yes!", 6.12))


def test_a_cue_that_ends_before_it_starts_has_no_known_end(tmp_path):
    text = "1\n00:00:05,000 --> 00:00:02,000\nWhisk\n\n2\n00:00:06,000 --> 00:00:06,000\nBoil\n"
    assert read(tmp_path, "clip.srt", text) == (Cue("5.0", "Whisk", None), Cue("6.0", "Boil", 6.0))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_any_encoding(tmp_path, encoding, line_end):
    text = "1\n00:00:01,000 --> 00:00:02,000\nCrème brûlée\n".replace("\n", line_end)
    assert read(tmp_path, "clip.srt", text, encoding=encoding) == (Cue("1.0", "Crème brûlée", 2.0),)


@pytest.mark.parametrize("text", ["", "WEBVTT", "WEBVTT\n\n"])
def test_a_transcript_may_be_empty(tmp_path, text):
    assert read(tmp_path, "clip.vtt", text) == ()


@pytest.mark.parametrize("name", ["clip.vtt", "clip.srt"])
def test_what_is_no_subtitle_file_is_an_error(tmp_path, name):
    with pytest.raises(SidecarError, match=f"{name}: not a subtitle file, it holds no cue; repair or remove it"):
        read(tmp_path, name, "<html>not found</html>")


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(SidecarError, match=r"gone\.vtt: No such file"):
        read_transcript(tmp_path / "gone.vtt")
