"""Every real video of the shared data decodes, or fails, as its catalogue says."""

from __future__ import annotations

import json

import numpy as np
import pytest

from action100m import errors
from action100m.video.decode import open_frames
from action100m.video.picture import FrameSize

FAILURES = {
    "failure: too short": errors.TooShortError,
    "failure: not a video": errors.NotAVideoError,
    "failure: empty file": errors.EmptyVideoError,
    "failure: no video stream": errors.NoVideoStreamError,
    "failure: no frame decodes": errors.NoFrameError,
    "failure: cannot be opened (protected)": errors.ProtectedVideoError,
}
DISPLAYED = {
    "odd_portrait_rot.mov": (320, 568),  # turned
    "odd_rotate_reflect.mp4": (720, 1080),  # turned and mirrored
    "arm_wrestling.mp4": (427, 256),  # pixels that are not square
    "baking_multishot.mp4": (427, 240),
    "tv_talent_multishot.mp4": (427, 240),
    "car_ad_multishot.mp4": (427, 240),
}
"""Where the displayed size is not the stored one, which the catalogue tells."""
OTHER_DURATION = {
    "odd_nasa_multistream.mp4": 13.0,  # the second video stream and the subtitles are longer
    "odd_no_duration.webm": 4.94,  # no header
    "odd_huge_duration_frag.mp4": 1.0,  # a header of 143,165 s
    "odd_ts_start_4900s.ts": 10.1,  # the first and the last time stamp are 4,900 s off
}
"""Seconds, where the container's duration is not that of its pictures."""
DAMAGED = {"odd_corrupted.mp4": ("1 of 50 packets do not decode, at 3.00 s", "1 of 49 frames are damaged, at 3.20 s")}


def decode(path):
    with open_frames(str(path), threads=2) as stream:
        shapes = [picture.rgb(FrameSize(32, 32)).shape for picture in stream if picture.index % 400 == 0]
    assert set(shapes) == {(32, 32, 3)}
    return stream.report


@pytest.fixture(scope="module")
def catalogue(shared):
    entries = json.loads((shared / "data" / "videos.json").read_text())
    assert len(entries) == 76
    return [(entry, shared / "data" / "videos" / entry["file"]) for entry in entries]


def test_sound_videos_give_all_their_frames(catalogue):
    found, expected = {}, {}
    for entry, path in catalogue:
        if entry["expect"] == "record":
            name, report = entry["file"], decode(path)
            assert (np.diff(report.presented) > 0).all(), name
            duration = OTHER_DURATION.get(name, entry["duration"])
            found[name] = (len(report.presented), report.width, report.height, report.end, report.lost)
            size = DISPLAYED.get(name, (entry["width"], entry["height"]))
            expected[name] = (entry["frames_decoded"], *size, pytest.approx(duration, abs=0.15), DAMAGED.get(name, ()))
    assert len(found) == 66
    assert found == expected


def test_broken_videos_end_in_the_error_they_are_known_for(catalogue):
    broken = [(entry, path) for entry, path in catalogue if entry["expect"] != "record"]
    assert len(broken) == 10
    for entry, path in broken:
        with pytest.raises(FAILURES[entry["expect"]], match=entry["file"]):
            decode(path)
