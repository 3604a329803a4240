"""The times that the container tells and the times burnt into the pictures are the same, whatever the file is like."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from action100m.errors import ConfigError, TooShortError, VideoError
from action100m.video import decode, picture
from action100m.video.decode import SampleConfig, open_frames, pictures_at
from action100m.video.picture import FrameSize
from support.clips import read_time_code, time_code_picture, time_code_pictures, write_clip

EVERY_FRAME = SampleConfig(every=1)
STEADY = [index / 30 for index in range(45)]
UNEVEN = [0.0, 0.033, 0.066, 0.5, 0.517, 1.9, 1.95, 2.0, 2.004, 4.1]
B_FRAMES = {"preset": "veryfast", "bf": "3", "g": "15"}
FAST_VP9 = {"deadline": "realtime", "cpu-used": "8"}


def small(seconds):
    return time_code_pictures(seconds, width=160, height=120)


def assert_times_are_those_in_the_pictures(path, seconds, *, tolerance=0.0011):
    """Tolerance: half a millisecond from the code, half from Matroska's clock."""
    with open_frames(str(path), EVERY_FRAME, threads=2) as stream:
        read = [(picture.seconds, read_time_code(picture.rgb())) for picture in stream]
    shown = np.array([code for _, code in read])
    np.testing.assert_allclose([time for time, _ in read], shown - shown[0], atol=tolerance)
    np.testing.assert_allclose(shown, seconds, atol=0.0006)
    np.testing.assert_array_equal(stream.report.presented, [time for time, _ in read])
    assert stream.report.lost == ()
    return stream.report


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("plain.mp4", {"options": {"bf": "0"}}),
        ("b_frames.mp4", {"options": B_FRAMES}),
        ("starts_late.mp4", {"options": B_FRAMES, "start": 1.5}),
        ("sound_first.mp4", {"options": B_FRAMES, "start": 1.0, "audio": (0.0, 3.0)}),
        ("no_edit_list.mp4", {"options": B_FRAMES, "container_options": {"use_editlist": "0"}}),
        ("fragments.mp4", {"options": B_FRAMES, "container_options": {"movflags": "frag_keyframe+empty_moov+delay_moov"}}),
        ("turned.mp4", {"options": B_FRAMES, "rotation": 90}),
        ("mirrored.mp4", {"options": B_FRAMES, "rotation": 270, "mirror": True}),
        ("no_stamps.avi", {"options": B_FRAMES}),
        ("late.ts", {"options": B_FRAMES, "start": 75_790.0}),
        ("wraps.ts", {"options": B_FRAMES, "start": 95_443.0 - 0.7}),
        ("plain.mkv", {"options": B_FRAMES}),
        ("before_zero.mkv", {"options": B_FRAMES, "start": -0.5, "container_options": {"avoid_negative_ts": "disabled"}}),
        ("plain.flv", {"options": B_FRAMES}),
        ("plain.webm", {"codec": "libvpx-vp9", "options": FAST_VP9}),
        ("hevc_10bit.mp4", {"codec": "libx265", "pixel_format": "yuv420p10le", "options": {"preset": "ultrafast", "x265-params": "log-level=none"}}),
        ("av1.mp4", {"codec": "libsvtav1", "options": {"preset": "8", "crf": "10"}}),
        ("full_chroma.mp4", {"pixel_format": "yuv444p"}),
        ("old.avi", {"codec": "mpeg4"}),
        ("disc.mpg", {"codec": "mpeg2video"}),
        ("motion_jpeg.mov", {"codec": "mjpeg", "pixel_format": "yuvj420p"}),
    ],
)
def test_times_of_a_steady_clip(tmp_path, name, settings):
    tolerance = 0.0055 if name == "before_zero.mkv" else 0.0011  # 15 frames have no stamp, and "33 ms each" is all that is known of them
    report = assert_times_are_those_in_the_pictures(write_clip(tmp_path / name, small(STEADY), **settings), STEADY, tolerance=tolerance)
    assert report.end == pytest.approx(1.5, abs=tolerance)
    assert (report.width, report.height) == (160, 120)


@pytest.mark.parametrize("name", ["uneven.mp4", "uneven.mkv", "uneven.webm", "uneven.ts"])
def test_times_of_a_clip_with_a_varying_rate(tmp_path, name):
    settings = {"codec": "libvpx-vp9", "options": FAST_VP9} if name.endswith("webm") else {"options": B_FRAMES}
    assert_times_are_those_in_the_pictures(write_clip(tmp_path / name, small(UNEVEN), seconds=UNEVEN, **settings), UNEVEN)


def test_edit_list_hides_what_lies_before_it(tmp_path):
    clip = write_clip(tmp_path / "cut.mp4", small(STEADY), options=B_FRAMES, start=-0.5, container_options={"avoid_negative_ts": "disabled"})
    with open_frames(str(clip), EVERY_FRAME) as stream:
        shown = [read_time_code(picture.rgb()) for picture in stream]
    assert shown == pytest.approx(STEADY[15:], abs=0.0006)
    assert stream.report.end == pytest.approx(1.0)


@pytest.mark.parametrize("start_of_second", [0.0, 1.5 + 2 / 30, 5_000.0])  # back, seamless (the first starts at 2 / 30), ahead
def test_timeline_goes_on_in_joined_transport_streams(tmp_path, start_of_second):
    first = write_clip(tmp_path / "1.ts", small(STEADY), options=B_FRAMES)
    second = write_clip(tmp_path / "2.ts", small([1.5 + time for time in STEADY]), options=B_FRAMES, start=start_of_second)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(first.read_bytes() + second.read_bytes())
    assert_times_are_those_in_the_pictures(joined, [*STEADY, *(1.5 + time for time in STEADY)])


def test_every_fourth_frame_is_taken(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", small(STEADY), options=B_FRAMES)
    with open_frames(str(clip)) as stream:
        taken = [(picture.index, picture.seconds) for picture in stream]
    assert taken == [(index, pytest.approx(index / 30)) for index in range(0, 45, 4)]
    assert len(stream.report.presented) == 45


def test_rate_takes_the_first_frame_at_or_after_each_tick(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", small(UNEVEN), seconds=UNEVEN)
    with open_frames(str(clip), SampleConfig(rate=2.0)) as stream:
        taken = [picture.seconds for picture in stream]
    assert taken == pytest.approx([0.0, 0.5, 1.9, 2.0, 4.1])
    with open_frames(str(clip), SampleConfig(rate=1e6)) as stream:
        assert len(list(stream)) == len(UNEVEN)


def test_pictures_at_are_exactly_those_asked_for(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", small(STEADY), options=B_FRAMES)
    with open_frames(str(clip)) as stream:
        list(stream)
    wanted = stream.report.presented[[40, 3, 3, 17]]
    read = [(picture.seconds, read_time_code(picture.rgb())) for picture in pictures_at(str(clip), wanted)]
    assert [time for time, _ in read] == sorted(set(wanted.tolist()))
    assert [code for _, code in read] == pytest.approx([3 / 30, 17 / 30, 40 / 30], abs=0.0006)


@pytest.mark.parametrize("missing", [0.05, 1.6])
def test_pictures_at_a_time_without_a_frame_is_an_error(tmp_path, missing):
    clip = write_clip(tmp_path / "clip.mp4", small(STEADY))
    with pytest.raises(VideoError, match=f"no frame at {missing} s; the file has changed"):
        list(pictures_at(str(clip), [0.1, missing]))


def test_each_frame_is_decoded_once_and_each_sampled_frame_converted_once(tmp_path, monkeypatch):
    clip = write_clip(tmp_path / "clip.mp4", small(STEADY), options=B_FRAMES)
    decoded, converted = [], []
    decode_packet, convert = decode.Decoder._decode_packet, picture.Scaler.convert

    def count_decoded(self, packet):
        frames = decode_packet(self, packet)
        decoded.extend(frame.pts for frame in frames)
        return frames

    def count_converted(self, frame, **size):
        converted.append(frame.pts)
        return convert(self, frame, **size)

    monkeypatch.setattr(decode.Decoder, "_decode_packet", count_decoded)
    monkeypatch.setattr(picture.Scaler, "convert", count_converted)
    with open_frames(str(clip)) as stream:
        for sampled in stream:
            sampled.rgb(FrameSize(32, 32))
    assert (len(decoded), len(set(decoded))) == (45, 45)
    assert (len(converted), len(set(converted))) == (12, 12)


def test_size_may_change_in_the_middle(tmp_path):
    wide = write_clip(tmp_path / "1.ts", (time_code_picture(time, width=320, height=240) for time in STEADY), options=B_FRAMES)
    small_one = write_clip(tmp_path / "2.ts", small([1.5 + time for time in STEADY]), options=B_FRAMES)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(wide.read_bytes() + small_one.read_bytes())
    with open_frames(str(joined), EVERY_FRAME) as stream:
        sizes = [(picture.width, picture.rgb(FrameSize(80, 60)).shape, read_time_code(picture.rgb())) for picture in stream]
    assert [width for width, _, _ in sizes] == [320] * 45 + [160] * 45
    assert {shape for _, shape, _ in sizes} == {(60, 80, 3)}
    assert [code for _, _, code in sizes] == pytest.approx([index / 30 for index in range(90)], abs=0.0006)
    assert (stream.report.width, stream.report.height) == (320, 240)


def test_too_short_is_said_after_the_last_picture(tmp_path):
    short = write_clip(tmp_path / "short.mp4", small(STEADY[:12]))
    with open_frames(str(short)) as stream, pytest.raises(TooShortError, match=r"short\.mp4: too short, 0\.40 s with 3 sampled"):
        list(stream)
    few = write_clip(tmp_path / "few.mp4", small([0.0, 1.0, 2.0]), fps=1)
    with open_frames(str(few)) as stream, pytest.raises(TooShortError, match="1 sampled"):
        list(stream)
    with open_frames(str(few), EVERY_FRAME) as stream:
        assert len(list(stream)) == 3


def test_report_is_known_only_at_the_end(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", small(STEADY))
    with open_frames(str(clip)) as stream:
        next(stream)
        with pytest.raises(RuntimeError, match="only when all pictures"):
            _ = stream.report


@pytest.mark.parametrize("end_early", ["close", "exception", "interrupt", "forget"])
def test_ending_early_leaves_no_thread(tmp_path, end_early):
    clip = write_clip(tmp_path / "clip.mp4", small(STEADY))
    if end_early == "forget":
        next(open_frames(str(clip)))
    elif end_early == "close":
        stream = open_frames(str(clip))
        next(stream)
        stream.close()
        assert list(stream) == []
    else:
        error = ValueError if end_early == "exception" else KeyboardInterrupt
        with pytest.raises(error), open_frames(str(clip)) as stream:
            raise error(next(stream))
    assert not [thread for thread in threading.enumerate() if thread.name == "action100m-decode"]


@pytest.mark.parametrize("settings", [{"every": 0}, {"rate": 0.0}, {"rate": float("inf")}, {"rate": float("nan")}])
def test_impossible_sampling_is_refused(settings):
    (name, value), *_ = settings.items()
    with pytest.raises(ConfigError, match=f"{name} must be .* got {value}"):
        SampleConfig(**settings)


def test_sampling_by_number_and_by_rate_at_once_is_refused():
    assert SampleConfig(rate=2.0).rate == 2.0
    with pytest.raises(ConfigError, match=r"not both, got embed\.sampling\.every 8 and embed\.sampling\.rate 2\.0"):
        SampleConfig(every=8, rate=2.0)


def test_same_frames_with_any_number_of_threads(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", small(STEADY), options=B_FRAMES)
    passes = []
    for threads in (0, 1, 3):
        with open_frames(str(clip), threads=threads) as stream:
            passes.append([(picture.seconds, picture.rgb().tobytes()) for picture in stream])
    assert passes[0] == passes[1] == passes[2]


def test_the_clips_of_these_tests_can_fail(tmp_path):
    clip = write_clip(tmp_path / "lying.mp4", small([2 * time for time in STEADY]), seconds=STEADY)
    with pytest.raises(AssertionError):
        assert_times_are_those_in_the_pictures(Path(clip), STEADY)
