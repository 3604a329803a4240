"""What is broken is lost and said; everything else is kept, and no sound file is suspected."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from action100m.errors import NoFrameError, ProtectedVideoError
from action100m.video.decode import SampleConfig, open_frames
from action100m.video.decoder import Decoder, _DamageError
from support.clips import read_time_code, time_code_picture, write_clip

SECONDS = [index / 30 for index in range(90)]
INDEX_FIRST = {"movflags": "faststart"}


def noisy_pictures():
    """Time codes under noise, so that every packet has some kilobytes."""
    noise = np.random.default_rng(0).integers(-40, 40, (120, 160, 3))
    for index, second in enumerate(SECONDS):
        yield np.clip(time_code_picture(second, width=160, height=120) + np.roll(noise, index, axis=1), 0, 255).astype(np.uint8)


def decode(path, *, threads=2):
    with open_frames(str(path), SampleConfig(every=1), threads=threads) as stream:
        read = [(picture.seconds, read_time_code(picture.rgb())) for picture in stream]
    return read, stream.report


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sound")
    options = {"preset": "ultrafast", "bf": "2"}
    hevc = {"preset": "ultrafast", "x265-params": "log-level=none:bframes=3"}
    vp9 = {"deadline": "realtime", "cpu-used": "8"}
    clips = [
        write_clip(folder / "clip.mp4", noisy_pictures(), options=options, container_options=INDEX_FIRST),
        write_clip(folder / "hevc.mp4", noisy_pictures(), codec="libx265", options=hevc, container_options=INDEX_FIRST),
        write_clip(folder / "clip.mkv", noisy_pictures(), options=options),
        write_clip(folder / "clip.avi", noisy_pictures(), codec="mpeg4"),
        write_clip(folder / "vp9.webm", noisy_pictures(), codec="libvpx-vp9", options=vp9),
    ]
    return {clip.name: clip for clip in clips}


def cut(path, share):
    """Keep the first `share` of a file."""
    whole = path.read_bytes()
    broken = path.with_name(f"cut_{path.name}")
    broken.write_bytes(whole[: int(len(whole) * share)])
    return broken


@pytest.mark.parametrize("name", ["clip.mp4", "hevc.mp4", "clip.mkv", "clip.avi", "vp9.webm"])
def test_a_file_that_breaks_off_keeps_what_is_there_and_says_what_is_not(sound, name):
    whole, _ = decode(sound[name])
    read, report = decode(cut(sound[name], 0.6))
    assert len(whole) == 90
    assert 10 < len(read) < 80
    assert set(read) < set(whole)
    missing = 3.0 - report.end
    assert any(loss.startswith(f"the last {missing:.2f} s of the announced 3.00 s are missing") for loss in report.lost)


@pytest.mark.parametrize("name", ["clip.mp4", "hevc.mp4"])
def test_frames_kept_do_not_depend_on_the_number_of_threads(sound, name):
    broken = cut(sound[name], 0.62)
    one, several = decode(broken, threads=1), decode(broken, threads=4)
    assert one[0] == several[0]
    assert one[1].lost == several[1].lost
    assert any("1 of 5" in loss and "packets do not decode, at" in loss for loss in one[1].lost)


def lose_silently(monkeypatch, *, lost, noticed):
    """Let threaded decoding drop these frames without an error, and notice damage at a later one."""
    decode_packet = Decoder._decode_packet

    def decode_and_lose(self, packet):
        frames = decode_packet(self, packet)
        if self._threads == 1:
            return frames
        numbers = range(self._frames_decoded - len(frames), self._frames_decoded)
        if noticed in numbers:
            raise _DamageError
        return [frame for number, frame in zip(numbers, frames, strict=True) if number not in lost]

    monkeypatch.setattr(Decoder, "_decode_packet", decode_and_lose)


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.avi", "vp9.webm"])
@pytest.mark.parametrize("noticed", [5, 60])
def test_frames_lost_without_an_error_are_not_made_up_for_by_old_ones(sound, monkeypatch, name, noticed):
    whole, sound_report = decode(sound[name], threads=1)
    lose_silently(monkeypatch, lost=range(20, 50), noticed=noticed)
    read, report = decode(sound[name], threads=4)
    assert read == (whole if noticed == 5 else whole[:20] + whole[50:])
    assert report.end == pytest.approx(sound_report.end)
    if noticed == 5:
        assert report.lost == ()
    else:
        (loss,) = report.lost
        assert loss == f"30 of 90 frames are left out before {whole[59][0]:.2f} s"


def test_frames_are_lost_but_not_repeated_where_stamps_start_anew(tmp_path, monkeypatch):
    parts = [write_clip(tmp_path / f"{name}.ts", noisy_pictures(), options={"preset": "ultrafast"}) for name in "ab"]
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    whole, _ = decode(joined, threads=1)
    assert len(whole) > 175
    lose_silently(monkeypatch, lost=range(20, 50), noticed=120)
    assert decode(joined, threads=4)[0] == whole[:20] + whole[50:]


def test_a_hole_in_the_middle_is_said_with_its_time(sound):
    broken = sound["clip.mp4"].with_name("hole.mp4")
    data = bytearray(sound["clip.mp4"].read_bytes())
    middle = len(data) // 2
    data[middle : middle + 20_000] = bytes(20_000)
    broken.write_bytes(data)
    read, report = decode_without_codes(broken)
    assert 60 < len(read) < 90
    assert read[-1] == pytest.approx(SECONDS[-1])
    assert report.end == pytest.approx(3.0)
    assert len(report.lost) >= 1
    assert all("between 1." in loss for loss in report.lost)


def decode_without_codes(path):
    with open_frames(str(path), SampleConfig(every=1), threads=2) as stream:
        return [picture.seconds for picture in stream], stream.report


def test_a_file_with_only_an_index_has_no_frame(sound):
    data = sound["clip.mp4"].read_bytes()
    with pytest.raises(NoFrameError, match=r"cut_clip\.mp4: it announces video, but not one frame decodes"):
        decode(cut(sound["clip.mp4"], (data.index(b"mdat") + 20) / len(data)))


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("longer_sound.mp4", {"audio": (0.0, 6.0)}),
        ("longer_sound.mkv", {"audio": (0.0, 6.0)}),
        ("later_sound.mkv", {"audio": (2.5, 8.0)}),
        ("late.mkv", {"start": 20.0}),
        ("shorter_sound.mp4", {"audio": (0.0, 1.0)}),
    ],
)
def test_a_sound_file_loses_nothing(tmp_path, name, settings):
    _, report = decode(write_clip(tmp_path / name, noisy_pictures(), options={"preset": "ultrafast", "bf": "2"}, **settings))
    assert report.lost == ()


def test_a_header_that_announces_too_much_is_not_believed_where_no_sample_is_missing(tmp_path):
    data = write_clip(tmp_path / "clip.mp4", noisy_pictures(), container_options={"use_editlist": "0"}).read_bytes()
    box = data.index(b"mdhd")  # version and flags, creation, modification, time scale, duration: 4 bytes each
    assert 270_000 <= int.from_bytes(data[box + 20 : box + 24]) < 280_000
    lying = tmp_path / "lying.mp4"
    lying.write_bytes(data[: box + 20] + (27_000_000).to_bytes(4) + data[box + 24 :])
    _, report = decode(lying)
    assert (report.lost, report.end) == ((), pytest.approx(3.0))


def test_an_encrypted_stream_is_refused(tmp_path):
    scheme = {"encryption_scheme": "cenc-aes-ctr", "encryption_key": "00" * 16, "encryption_kid": "11" * 16}
    clip = write_clip(tmp_path / "secret.mp4", noisy_pictures(), container_options=scheme)
    with pytest.raises(ProtectedVideoError, match=r"secret\.mp4: .*encrypted; give a copy without DRM"):
        decode(clip)


def test_frames_are_steady_around_a_lost_packet(sound):
    read, _ = decode_without_codes(sound["clip.mp4"])
    assert {round(after - before, 6) for before, after in pairwise(read)} == {round(1 / 30, 6)}


def test_a_warning_free_pass_leaves_nothing_open(sound):
    clip = str(sound["clip.mp4"])
    script = f"from action100m.video.decode import open_frames\nprint(len(list(open_frames({clip!r}))))\nnext(open_frames({clip!r}))"
    done = subprocess.run([sys.executable, "-W", "error", "-X", "dev", "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "23\n", "")
