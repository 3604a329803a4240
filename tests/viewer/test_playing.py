"""What a server plays: files as they are, others made playable in the background, one at a time, and never twice."""

from __future__ import annotations

import time
from threading import Event

import pytest

from action100m.errors import VideoError
from action100m.viewer.playing import Playable, Projector, Rendering, Unplayable
from action100m.viewer.videos import VideoFolders
from support.clips import time_code_pictures, write_clip

EVEN = [index / 25 for index in range(20)]


@pytest.fixture
def folder(tmp_path):
    for name in ("plain.mp4", "odd.mkv"):
        write_clip(
            tmp_path / name, time_code_pictures(EVEN, width=160, height=120), seconds=EVEN, pixel_format="yuv444p" if name == "odd.mkv" else "yuv420p"
        )
    (tmp_path / "text.mp4").write_text("this is a text and no video " * 99)
    return tmp_path


@pytest.fixture
def projector(folder):
    made = Projector(VideoFolders([str(folder)]))
    yield made
    made.close()


def wait_for(projector, uid, **options):
    deadline = time.monotonic() + 20
    while isinstance(found := projector.find(uid, **options), Rendering):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found


def test_what_browsers_play_is_played_as_it_is(projector, folder):
    assert projector.find("plain") == Playable(str(folder / "plain.mp4"), "video/mp4", 0.0)


def test_the_rest_is_rendered_once(projector, folder):
    assert projector.find("odd") == Rendering()
    found = wait_for(projector, "odd")
    assert found.media_type == "video/mp4"
    assert found.path != str(folder / "odd.mkv")
    assert wait_for(projector, "odd") == found


def test_a_file_known_to_be_damaged_is_rendered_too(projector, folder):
    assert wait_for(projector, "plain", damaged=True).path != str(folder / "plain.mp4")


def test_what_is_no_video_or_not_there_has_a_reason(projector):
    assert "text.mp4" in projector.find("text").reason
    assert projector.find("nothing") == Unplayable("The video file is not at hand.")


def test_a_file_that_changed_is_looked_at_again(projector, folder):
    assert isinstance(projector.find("text"), Unplayable)
    (folder / "text.mp4").write_bytes((folder / "plain.mp4").read_bytes())
    assert isinstance(projector.find("text"), Playable)


def test_a_rendering_that_fails_is_told(folder):
    go = Event()

    def fail(location, target):
        go.wait(10)
        raise VideoError("the disk was pulled out")

    projector = Projector(VideoFolders([str(folder)]), render=fail)
    assert projector.find("odd") == Rendering()
    go.set()
    assert wait_for(projector, "odd") == Unplayable("The video file could not be made playable. the disk was pulled out")
    projector.close()
