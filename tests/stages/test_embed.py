"""One look at a video: equal to the obvious way of doing it, each frame touched once, and the same bytes each time."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from action100m.errors import ConfigError, TooShortError
from action100m.models.vjepa2.config import VJepa2Config
from action100m.models.weightless.descriptor import DescriptorConfig
from action100m.stages.embed import Embed, EmbedConfig, Embedded, embed_frames
from action100m.video.decode import SampleConfig
from action100m.video.picture import FrameSize, Picture, Scaler
from action100m.video.signal_meter import SignalMeter
from action100m.video.video import Video
from support.checkpoints import one_torch_thread, save_checkpoint
from support.clips import write_clip

LENGTHS = [1, 2, 3, 7, 8, 9, 63, 64, 65, 71, 72, 73, 127, 128, 129, 130, 200]


@dataclass
class ToyEncoder:
    """Vectors that depend on the frames of a tubelet, on where it stands in its window, and on all other frames of the window."""

    tubelet: int = 2
    frame_size: FrameSize | None = None
    name: str = "toy"
    prepared: int = 0
    batches: list[int] = field(default_factory=list)

    def prepare(self, frames):
        self.prepared += len(frames)
        return list(frames.astype(np.float32).mean((1, 2)) / 255)

    def encode(self, windows):
        self.batches.append(len(windows))
        values = np.array(windows)  # (b, t, 3)
        tubelets = values.reshape(len(values), -1, self.tubelet, 3)
        place = np.linspace(-1, 1, tubelets.shape[1], dtype=np.float32)[None, :, None]
        whole = values.mean(1, keepdims=True) + values.std(1, keepdims=True)
        return np.concatenate([tubelets.mean(2), tubelets[:, :, 0] * place, whole * (1 + place**2)], axis=2).astype(np.float32)


def noise(count, *, height=6, width=8, seed=0):
    """Frames that drift, so that neighbours differ and far ones differ more."""
    rng = np.random.default_rng(seed)
    return np.clip(128 + np.cumsum(rng.normal(size=(count, height, width, 3)) * 20, axis=0), 0, 255).astype(np.uint8)


def embed_directly(frames, encode_one, *, tubelet, config):
    """Hold all frames; for each window encode it alone; average. encode_one: uint8 (t, h, w, 3) -> (t // tubelet, d)."""
    count, window = len(frames), config.window
    starts = [*range(0, count - window, config.stride), count - window] if count > window else [0]
    total, seen = 0, np.zeros((count, 1))
    for start in starts:
        seen_here = np.arange(start, min(start + window, count))
        padded = np.concatenate([seen_here, np.repeat(seen_here[-1:], -len(seen_here) % tubelet)])
        vectors = encode_one(frames[padded])
        if config.upsample == "repeat":
            spread = np.repeat(vectors, tubelet, axis=0)
        else:
            middles = np.arange(len(vectors)) * tubelet + (tubelet - 1) / 2
            spread = np.stack([np.interp(np.arange(len(padded)), middles, column) for column in vectors.T], axis=1)
        placed = np.zeros((count, vectors.shape[1]))
        placed[seen_here] = spread[: len(seen_here)]
        total, seen[seen_here] = total + placed, seen[seen_here] + 1
    return total / seen


@pytest.mark.parametrize("upsample", ["interpolate", "repeat"])
@pytest.mark.parametrize(("window", "stride", "tubelet"), [(64, 8, 2), (64, 8, 1), (8, 3, 2), (8, 8, 4), (4, 1, 2), (2, 2, 2)])
def test_streaming_equals_the_direct_way(window, stride, tubelet, upsample):
    config = EmbedConfig(window=window, stride=stride, upsample=upsample, batch=3)
    encoder = ToyEncoder(tubelet=tubelet)
    for length in LENGTHS:
        frames = noise(length)
        expected = embed_directly(frames, lambda frames: encoder.encode([encoder.prepare(frames)])[0], tubelet=tubelet, config=config)
        made = embed_frames(iter(frames), encoder, config)
        assert made.shape == expected.shape
        np.testing.assert_allclose(made, expected, atol=1e-5, err_msg=f"{length} frames")


@pytest.fixture(scope="module")
def tiny_checkpoint(tmp_path_factory):
    with one_torch_thread():
        yield save_checkpoint(tmp_path_factory.mktemp("tiny"))


@pytest.mark.parametrize("upsample", ["interpolate", "repeat"])
@pytest.mark.parametrize(("window", "stride"), [(64, 8), (16, 5)])
def test_streaming_v_jepa_2_equals_transformers_used_directly(tiny_checkpoint, window, stride, upsample):
    import torch
    from transformers import AutoModel

    model = AutoModel.from_pretrained(tiny_checkpoint).eval()
    config = EmbedConfig(encoder=VJepa2Config(checkpoint=str(tiny_checkpoint), device="cpu"), window=window, stride=stride, upsample=upsample)
    encoder = config.encoder.load()

    def encode_one(frames):
        # 32 x 36 to the short side of 36 is no resizing, so that the obvious way needs none: cut, scale, normalise
        pixels = torch.from_numpy(frames[:, 2:34, 4:36]).permute(0, 3, 1, 2) / 255
        pixels = (pixels - torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)) / torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
        with torch.no_grad():
            tokens = model(pixel_values_videos=pixels[None], skip_predictor=True).last_hidden_state
        return tokens.reshape(len(frames) // 2, 4, -1).mean(1).numpy()

    for length in LENGTHS:
        frames = noise(length, height=36, width=40)
        expected = embed_directly(frames, encode_one, tubelet=2, config=config)
        made = embed_frames(iter(frames), encoder, config)
        assert np.abs(expected).max() > 0.1
        assert np.abs(made - expected).max() <= 1e-5, f"{length} frames"


@pytest.mark.parametrize("batch", [1, 2, 5, 100])
def test_vectors_do_not_depend_on_the_batch(batch):
    frames = noise(90)
    expected = embed_frames(iter(frames), ToyEncoder(), EmbedConfig(window=16, stride=4, batch=3))
    encoder = ToyEncoder()
    assert np.array_equal(embed_frames(iter(frames), encoder, EmbedConfig(window=16, stride=4, batch=batch)), expected)
    assert max(encoder.batches) == min(batch, 20)
    assert sum(encoder.batches) == 20  # (90 - 16) / 4 = 18.5: 19 at every stride, one at the end


def test_normalised_vectors_have_length_one_and_the_same_direction():
    frames = noise(20)
    plain = embed_frames(iter(frames), ToyEncoder(), EmbedConfig(window=8, stride=4))
    unit = embed_frames(iter(frames), ToyEncoder(), EmbedConfig(window=8, stride=4, normalise=True))
    np.testing.assert_allclose(unit, plain / np.linalg.norm(plain, axis=1, keepdims=True), atol=1e-6)


def test_a_vector_of_zeros_stays_one():
    black = np.zeros((4, 6, 8, 3), np.uint8)
    assert not embed_frames(iter(black), ToyEncoder(), EmbedConfig(window=4, stride=4, normalise=True)).any()


def test_frames_in_memory_do_not_grow_with_the_length():
    class Tracked(ToyEncoder):
        def prepare(self, frames):
            return [Frame(value) for value in super().prepare(frames)]

        def encode(self, windows):
            return super().encode([[frame.value for frame in window] for window in windows])

    class Frame:
        alive = peak = 0

        def __init__(self, value):
            self.value = value
            Frame.alive += 1
            Frame.peak = max(Frame.peak, Frame.alive)

        def __del__(self):
            Frame.alive -= 1

    window, stride, batch = 16, 4, 3
    embed_frames(iter(noise(400)), Tracked(), EmbedConfig(window=window, stride=stride, batch=batch))
    assert Frame.alive == 0
    assert window + (batch - 1) * stride <= Frame.peak <= window + stride * (2 * batch + 1) + 2


def test_a_video_may_change_its_size_on_the_way():
    small, large = noise(10), noise(7, height=12, width=16)
    assert embed_frames(iter([*small, *large]), ToyEncoder(), EmbedConfig(window=8, stride=4)).shape == (17, 9)


def test_short_videos_are_one_window_of_what_there_is():
    encoder = ToyEncoder(tubelet=2)
    seen = []
    encode, encoder.encode = encoder.encode, lambda windows: (seen.extend(windows), encode(windows))[1]
    embed_frames(iter(noise(5)), encoder, EmbedConfig())
    (window,) = seen
    assert len(window) == 6
    assert np.array_equal(window[4], window[5])


# the stage, on real files


def moving_clip(path: Path, *, count: int = 90, size: tuple[int, int] = (160, 120)) -> Path:
    width, height = size
    pattern = np.random.default_rng(0).integers(0, 256, (height, width + count * 2, 3), np.uint8)
    return write_clip(path, (pattern[:, 2 * shift : 2 * shift + width] for shift in range(count)), fps=30)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return moving_clip(tmp_path_factory.mktemp("clip") / "clip.mp4")


def video(path: Path) -> Video:
    return Video(uid="clip", location=str(path), sha256="0" * 64)


@pytest.fixture(params=["descriptor", "vjepa2"])
def config(request) -> EmbedConfig:
    if request.param == "descriptor":
        return EmbedConfig()
    return EmbedConfig(encoder=VJepa2Config(checkpoint=str(request.getfixturevalue("tiny_checkpoint")), device="cpu"))


def test_each_sampled_frame_has_a_vector_a_time_and_measurements(clip, config):
    made = Embed(config)(video(clip), {})
    expected = np.arange(0, 90, 4) / 30
    np.testing.assert_allclose(made.seconds, expected, atol=1e-6)
    assert len(made.embeddings) == 23
    np.testing.assert_allclose(made.embeddings.edges, [0, *(expected[1:] + expected[:-1]) / 2, 3], atol=1e-6)
    assert np.array_equal(made.signals.seconds, made.seconds)
    assert len(made.report.presented) == 90
    assert made.encoder == config.encoder.load().name


@pytest.mark.parametrize("container", ["mp4", "matroska"])  # the latter tells the length of the file only
def test_it_tells_how_far_it_is(tmp_path, container):
    pictures = (np.full((120, 160, 3), number, np.uint8) for number in range(90))
    path = write_clip(tmp_path / "clip", pictures, container=container)
    shares = []
    Embed(EmbedConfig())(video(path), {}, shares.append)
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert 0.9 < shares[-1] <= 1


@pytest.fixture
def conversions(monkeypatch) -> list[tuple[int, int, int]]:
    """(time stamp, width, height) of each frame that is converted to RGB from now on."""
    done = []
    convert = Scaler.convert

    def count(self, frame, *, width, height):
        done.append((frame.pts, width, height))
        return convert(self, frame, width=width, height=height)

    monkeypatch.setattr(Scaler, "convert", count)
    return done


def test_each_frame_is_decoded_converted_and_prepared_once(clip, monkeypatch, conversions):
    frames_looked_at, prepared = [], []
    rgb = Picture.rgb
    monkeypatch.setattr(Picture, "rgb", lambda self, size=None: (frames_looked_at.append(self.index), rgb(self, size))[1])
    stage = Embed(EmbedConfig(window=8, stride=2))
    stage.setup()
    prepare = stage._encoder.prepare
    monkeypatch.setattr(stage._encoder, "prepare", lambda frames: (prepared.append(len(frames)), prepare(frames))[1], raising=False)
    made = stage(video(clip), {})
    assert frames_looked_at == list(range(0, 90, 4))  # once each, in order, and no frame between
    assert sum(prepared) == len(made.seconds) == 23
    assert len(conversions) == len(set(conversions)) == 23


def test_v_jepa_2_resizes_each_frame_once(clip, tiny_checkpoint, monkeypatch, conversions):
    from action100m.models.vjepa2.preprocess import Preprocessing

    resized = []
    cut = Preprocessing.cut
    monkeypatch.setattr(Preprocessing, "cut", lambda self, frames: (resized.append(len(frames)), cut(self, frames))[1])
    config = EmbedConfig(encoder=VJepa2Config(checkpoint=str(tiny_checkpoint), device="cpu"), window=8, stride=2)
    Embed(config)(video(clip), {})
    assert sum(resized) == 23
    # one conversion in its own size for the encoder, one in the meter's for the measurements
    assert len(conversions) == len(set(conversions)) == 2 * 23
    sizes = {(width, height) for _, width, height in conversions}
    assert sizes == {(160, 120), (SignalMeter.frame_size.width, SignalMeter.frame_size.height)}


def test_the_artifact_is_read_back_equal_and_has_the_same_bytes_each_time(clip, config):
    made, again = (Embed(config)(video(clip), {}) for _ in range(2))
    data = made.to_bytes()
    assert again.to_bytes() == data
    read = Embedded.from_bytes(data)
    assert read.to_bytes() == data
    assert np.array_equal(read.embeddings.vectors, made.embeddings.vectors)
    assert np.array_equal(read.embeddings.edges, made.embeddings.edges)
    assert np.array_equal(read.seconds, made.seconds)
    assert np.array_equal(read.signals.brightness, made.signals.brightness)
    assert np.array_equal(read.report.presented, made.report.presented)
    assert replace(read.report, presented=made.report.presented) == made.report
    assert read.encoder == made.encoder != ""


def test_what_was_lost_survives_the_artifact(clip):
    made = Embed()(video(clip), {})
    damaged = replace(made, report=replace(made.report, lost=("the last 0.4 s: the file ends early", "ünïcode")))
    assert Embedded.from_bytes(damaged.to_bytes()).report.lost == damaged.report.lost


def test_a_video_with_a_single_sampled_frame_is_too_short(tmp_path):
    path = moving_clip(tmp_path / "short.mp4", count=4)
    with pytest.raises(TooShortError, match=r"short\.mp4"):
        Embed()(video(path), {})


def test_two_sampled_frames_are_enough(tmp_path, config):
    path = moving_clip(tmp_path / "brief.mp4", count=24)
    made = Embed(replace(config, sampling=SampleConfig(every=23)))(video(path), {})
    assert len(made.embeddings) == 2


# settings


def test_settings_tell_the_encoder_and_leave_the_batch_out():
    settings = Embed(EmbedConfig(batch=7)).settings
    assert settings == Embed(EmbedConfig(batch=1)).settings
    assert settings["config"]["encoder"] == DescriptorConfig().identity()
    assert settings["config"]["window"] == 64
    assert settings["config"]["sampling"] == {"every": 4, "rate": None}


@pytest.mark.parametrize(
    "changes",
    [{"window": 32}, {"stride": 4}, {"upsample": "repeat"}, {"normalise": True}, {"sampling": SampleConfig(every=2)}, {"encoder": VJepa2Config()}],
    ids=str,
)
def test_settings_change_with_what_vectors_depend_on(changes):
    assert Embed(EmbedConfig(**changes)).settings != Embed(EmbedConfig()).settings


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"window": 0}, "window must be at least 1, got 0"),
        ({"stride": 0}, "stride must be at least 1, got 0"),
        ({"batch": 0}, "batch must be at least 1, got 0"),
        ({"window": 8, "stride": 9}, "stride must not exceed the window of 8 frames, or some are never seen, got 9"),
        ({"upsample": "nearest"}, "upsample must be one of interpolate, repeat, got 'nearest'"),
    ],
)
def test_a_setting_out_of_bounds_is_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        EmbedConfig(**changes)


@pytest.mark.parametrize("encoder", [{"kind": "vjepa2", "checkpont": "x"}, {"kind": "descriptor", "checkpoint": "x"}, {"kind": "vjepa3"}])
def test_a_mistake_in_the_table_of_the_encoder_is_one_finding(encoder):
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(EmbedConfig).validate_python({"encoder": encoder})
    assert raised.value.error_count() == 1


def test_a_window_of_broken_tubelets_is_refused_before_work_starts(tiny_checkpoint):
    stage = Embed(EmbedConfig(encoder=VJepa2Config(checkpoint=str(tiny_checkpoint), device="cpu"), window=33))
    with pytest.raises(ConfigError, match="window must be a multiple of 2"):
        stage.setup()
