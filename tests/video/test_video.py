"""Names of files for uids."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from action100m.video.video import file_stem


@pytest.mark.parametrize("uid", ["dQw4w9WgXcQ", "-_x", "scrambled eggs", "v1.2"])
def test_a_plain_uid_is_its_own_name(uid: str) -> None:
    assert file_stem(uid) == uid


@pytest.mark.parametrize("uid", ["../../x", "a/b", "..", ".hidden", "CON", "aux.mp4", "COM1", "x\0y", "C:\\x", "", "%", "é" * 300, "\ud800"])
def test_no_uid_is_more_than_a_name(uid: str) -> None:
    name = file_stem(uid)
    assert PurePosixPath(name).name == PureWindowsPath(name).name == name
    assert not PureWindowsPath(f"{name}.mp4").is_reserved()
    assert not name.startswith(".")
    assert 0 < len(name.encode()) < 200


@given(st.text(max_size=8), st.text(max_size=8))
def test_different_uids_have_different_names(a: str, b: str) -> None:
    assert (file_stem(a) == file_stem(b)) == (a == b)
