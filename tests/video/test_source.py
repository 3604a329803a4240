"""A file that cannot be used says why, and what to do."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import av
import numpy as np
import pytest

from action100m.errors import EmptyVideoError, MissingVideoError, NotAVideoError, NoVideoStreamError, ProtectedVideoError, UnreadableVideoError
from action100m.video.decode import SampleConfig, open_frames
from action100m.video.source import choose_video_stream, open_container
from support.clips import time_code_pictures, write_clip


def pictures(count=20):
    return time_code_pictures([index / 30 for index in range(count)], width=160, height=120)


def test_a_missing_file(tmp_path):
    with pytest.raises(MissingVideoError, match=r"gone\.mp4: no such file; check the path"):
        open_frames(str(tmp_path / "gone.mp4"))


def test_an_empty_file(tmp_path):
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(EmptyVideoError, match=r"empty\.mp4: zero bytes; download or copy it again"):
        open_frames(str(tmp_path / "empty.mp4"))


def test_a_folder(tmp_path):
    with pytest.raises(UnreadableVideoError, match="is a folder"):
        open_frames(str(tmp_path))


def test_a_pipe_and_a_socket_do_not_hang(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe.mp4")
    monkeypatch.chdir(tmp_path)  # the name of a socket is limited to about 100 characters
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.mp4")
        for name in ("pipe.mp4", "socket.mp4"):
            with pytest.raises(UnreadableVideoError, match="is a pipe, socket or device; copy it to a file"):
                open_frames(name)


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    clip = write_clip(tmp_path / "mine.mp4", pictures())

    def refuse(*_args, **_keywords):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # the tests may run as root, who may read everything
    with pytest.raises(UnreadableVideoError, match=r"mine\.mp4: Permission denied; check the permissions") as caught:
        open_frames(str(clip))
    assert caught.value.retryable


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_read_permission(tmp_path):
    clip = write_clip(tmp_path / "mine.mp4", pictures())
    clip.chmod(0)
    with pytest.raises(UnreadableVideoError, match="Permission denied"):
        open_frames(str(clip))


@pytest.mark.parametrize(("name", "content"), [("noise.mp4", np.random.default_rng(0).bytes(5000)), ("notes.txt", b"a line\n" * 500)])
def test_no_video_at_all(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(NotAVideoError, match=f"{name}: "):
        open_frames(str(tmp_path / name))


def test_a_play_list_is_not_followed(tmp_path):
    write_clip(tmp_path / "part.ts", pictures())
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.6,\npart.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(NotAVideoError, match=r"list\.m3u8: "):
        open_frames(str(tmp_path / "list.m3u8"))


def test_an_unfinished_mp4_is_told_from_an_encrypted_one(tmp_path):
    head = b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41"
    (tmp_path / "unfinished.mp4").write_bytes(head + b"\0\0\x10\0mdat" + bytes(200))
    with pytest.raises(NotAVideoError, match="its index is missing or broken; the download or recording broke off"):
        open_frames(str(tmp_path / "unfinished.mp4"))
    (tmp_path / "secret.mp4").write_bytes(head + b"\0\0\0\x20pssh" + bytes(224))
    with pytest.raises(ProtectedVideoError, match="encrypted MP4; give a copy without DRM"):
        open_frames(str(tmp_path / "secret.mp4"))


def test_sound_alone(tmp_path):
    with av.open(str(tmp_path / "song.mp4"), "w") as output:
        stream = output.add_stream("aac", rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 48_000
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    with pytest.raises(NoVideoStreamError, match=r"song\.mp4: no video stream, but audio"):
        open_frames(str(tmp_path / "song.mp4"))


def test_names_that_look_like_something_else(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("-dash.mp4", "http:clip.mp4", "100%d.mp4", "kö ü'\"#?.mp4"):
        write_clip(tmp_path / "clip.mp4", pictures()).rename(tmp_path / name)
        with open_frames(name, SampleConfig(every=1)) as stream:
            assert len(list(stream)) == 20


@pytest.mark.parametrize(("default", "expected"), [(None, 160), (0, 160), (1, 320)])
def test_the_default_stream_is_chosen_else_the_first(tmp_path, default, expected):
    path = tmp_path / "two.mkv"
    with av.open(str(path), "w") as output:
        streams = [output.add_stream("libx264", rate=30, width=width, height=120, pix_fmt="yuv420p") for width in (160, 320)]
        for number, stream in enumerate(streams):
            stream.disposition = av.stream.Disposition.default if number == default else av.stream.Disposition(0)
        for stream in streams:
            for _ in range(10):
                output.mux(stream.encode(av.VideoFrame(stream.width, 120, "yuv420p")))
            output.mux(stream.encode(None))
    with open_container(str(path)) as container:
        assert choose_video_stream(container, str(path)).width == expected
