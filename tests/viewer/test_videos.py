"""Which file a uid means, and that none outside the folders can be meant."""

from __future__ import annotations

import pytest

from action100m.errors import ConfigError
from action100m.viewer.videos import VideoFolders


@pytest.fixture
def folder(tmp_path):
    inside = tmp_path / "videos"
    for name in ("one.mp4", "Dog park [8JOpXDtraZI].webm", "sub/two.mkv", "three.clip.mp4", "notes.txt", "café.mp4"):
        path = inside / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    (inside / "one.info.json").write_text('{"id": "first-film"}')
    (inside / "café.info.json").write_text('["no object"]')
    (tmp_path / "secret.mp4").write_bytes(b"secret")
    return inside


@pytest.mark.parametrize(
    ("uid", "name"),
    [
        ("one", "one.mp4"),
        ("one.mp4", "one.mp4"),
        ("8JOpXDtraZI", "Dog park [8JOpXDtraZI].webm"),
        ("first-film", "one.mp4"),
        ("two", "sub/two.mkv"),
        ("sub/two", "sub/two.mkv"),
        ("three.clip", "three.clip.mp4"),
        ("café", "café.mp4"),
    ],
)
def test_a_file_is_found_by_its_name(folder, uid, name):
    assert VideoFolders([str(folder)]).locate(uid) == str(folder / name)


@pytest.mark.parametrize(
    "uid",
    [
        "",
        ".",
        "..",
        "../secret",
        "../secret.mp4",
        "sub/../one",
        "/etc/passwd",
        "notes",
        "notes.txt",
        "one\0",
        "one.mp4\0.txt",
        "ONE",
        "%2e%2e/secret",
        "..\\secret",
    ],
)
def test_nothing_else_is_found(folder, uid):
    assert VideoFolders([str(folder)]).locate(uid) is None
    assert VideoFolders([str(folder)]).locate(str(folder.parent / "secret.mp4")) is None


def test_a_link_that_leads_out_is_left_out_and_told(folder):
    (folder / "link.mp4").symlink_to(folder.parent / "secret.mp4")
    (folder / "inner.mp4").symlink_to("one.mp4")
    (folder / "up").symlink_to(folder.parent, target_is_directory=True)
    videos = VideoFolders([str(folder)])
    assert [videos.locate(uid) for uid in ("link", "up/secret", "secret")] == [None, None, None]
    assert videos.locate("inner") == str(folder / "inner.mp4")
    assert str(folder / "link.mp4") in videos.outside
    assert VideoFolders([str(folder), str(folder.parent)]).locate("link") == str(folder / "link.mp4"), "unless where it leads is given too"


def test_a_link_that_is_made_to_lead_out_later_is_refused_too(folder):
    videos = VideoFolders([str(folder)])
    assert videos.locate("one") is not None
    (folder / "one.mp4").unlink()
    (folder / "one.mp4").symlink_to(folder.parent / "secret.mp4")
    assert videos.locate("one") is None


def test_a_folder_that_is_none_is_refused(folder):
    with pytest.raises(ConfigError, match=r"one\.mp4 is not a folder"):
        VideoFolders([str(folder / "one.mp4")])
