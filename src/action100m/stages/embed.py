"""Look at a video once: a vector for each sampled frame from an encoder, and what can be measured in the frame without one.

    decode -> rgb -> prepare  |  windows -> encode -> spread over frames -> mean over windows
                  -> measure  |
    a thread that runs ahead

Each sampled frame is decoded, converted and prepared once, however many windows see it. Memory holds at most window + stride * (2 * batch + 1)
of them, whatever the length of the video; the vectors and measurements are all that grows. Paper section 3.1.
"""

from __future__ import annotations

import io
import json
import typing
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, fields
from functools import partial
from itertools import chain, groupby
from typing import TYPE_CHECKING, Any, ClassVar, Self, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Discriminator

from action100m.embeddings import Embeddings, frame_edges
from action100m.errors import ConfigError
from action100m.models.base import Encoder
from action100m.models.ledger import Ledger
from action100m.models.vjepa2.config import VJepa2Config
from action100m.models.weightless.descriptor import DescriptorConfig
from action100m.stages.base import Facet, Given, ProgressCallback, StageName, ignore_progress
from action100m.stages.windows import Upsample, batched, fill_tubelets, mean_over_windows, sliding_windows, spread_over_frames
from action100m.video.decode import DecodeReport, FrameStream, SampleConfig, open_frames
from action100m.video.picture import Picture
from action100m.video.readahead import read_ahead
from action100m.video.signals import Signals
from action100m.video.video import Video

if TYPE_CHECKING:
    from action100m.video.signal_meter import SignalMeter

_ALGORITHM = 2
"""Raised when the same settings come to mean other embeddings or measurements."""


@dataclass(frozen=True, slots=True)
class EmbedConfig:
    """Which frames are taken, who encodes them, and how windows become one vector a frame."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    encoder: typing.Annotated[DescriptorConfig | VJepa2Config, Discriminator("kind")] = DescriptorConfig()
    """Who turns frames into vectors."""
    sampling: SampleConfig = SampleConfig()
    """Which frames are taken."""
    window: int = 64
    """Sampled frames encoded together (paper: 64). Whole tubelets of the encoder. A video that has fewer is one shorter window, its last frame
    repeated only until the last tubelet is whole: V-JEPA 2 knows relative positions only and takes any length, whereas a window filled up with
    a still picture would have every frame attend to it."""
    stride: int = 8
    """Sampled frames from one window to the next (paper: 8). The last window is aligned to the end instead."""
    upsample: Upsample = "interpolate"
    """How the vector of a tubelet becomes those of its frames. In the released data up to a quarter of the cuts fall inside a tubelet, which
    "repeat" cannot give by itself."""
    normalise: bool = False
    """Whether each frame's vector is brought to length 1 in the end. The paper tells of no such step."""
    batch: int = 4
    """Windows encoded at once. For speed; the vectors do not depend on it."""

    def __post_init__(self) -> None:
        for name in ("window", "stride", "batch"):
            if getattr(self, name) < 1:
                raise ConfigError(f"embed.{name} must be at least 1, got {getattr(self, name)}")
        if self.stride > self.window:
            raise ConfigError(f"embed.stride must not exceed the window of {self.window} frames, or some are never seen, got {self.stride}")
        if self.upsample not in get_args(Upsample):
            raise ConfigError(f"embed.upsample must be one of {', '.join(get_args(Upsample))}, got {self.upsample!r}")


@dataclass(frozen=True, slots=True)
class Embedded:
    """What one look at a video gave."""

    suffix: ClassVar[str] = "npz"

    embeddings: Embeddings
    """One vector for each sampled frame."""
    seconds: NDArray[np.float64]
    """(n,) presentation times of the sampled frames."""
    signals: Signals
    """Measurements of the same frames."""
    report: DecodeReport
    """What the decoder found."""
    encoder: str
    """Name of the encoder as it was loaded: which commit, in which precision."""

    def to_bytes(self) -> bytes:
        """Return the artifact as a NumPy archive, which holds no time of writing."""
        report = {field.name: getattr(self.report, field.name) for field in fields(DecodeReport) if field.name != "presented"}
        arrays: dict[str, Any] = {
            "vectors": self.embeddings.vectors,
            "edges": self.embeddings.edges,
            "seconds": self.seconds,
            "presented": self.report.presented,
            "report": np.array(json.dumps(report)),
            "encoder": np.array(self.encoder),
            **{f"signals.{name}": values for name, values in self.signals.to_arrays().items()},
        }
        file = io.BytesIO()
        np.savez(file, **arrays)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote."""
        with np.load(io.BytesIO(data)) as file:
            arrays = dict(file)
        report = json.loads(str(arrays["report"]))
        return cls(
            embeddings=Embeddings(arrays["vectors"], arrays["edges"]),
            seconds=arrays["seconds"],
            signals=Signals.from_arrays({name.removeprefix("signals."): values for name, values in arrays.items() if name.startswith("signals.")}),
            report=DecodeReport(**report | {"presented": arrays["presented"], "lost": tuple(report["lost"])}),
            encoder=str(arrays["encoder"]),
        )


class Embed:
    """The stage: one pass over the video."""

    name: ClassVar[StageName] = "embed"
    artifact: ClassVar[type[Embedded]] = Embedded
    reads: ClassVar[frozenset[Facet]] = frozenset({"pixels"})

    def __init__(self, config: EmbedConfig = EmbedConfig()) -> None:
        self.config = config
        self._encoder: Encoder | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """Config, identity of the encoder, and version of the algorithm.

        Raises:
            CheckpointError: the encoder's folder cannot be read.
        """
        config = asdict(self.config) | {"encoder": self.config.encoder.identity()}
        del config["batch"]  # vectors do not depend on it
        return {"algorithm": _ALGORITHM, "config": config}

    def setup(self, ledger: Ledger | None = None) -> None:
        """Load the encoder.

        Raises:
            ModelError: it cannot be loaded.
            ConfigError: the window does not fit it.
        """
        encoder = self.config.encoder.load()
        if self.config.window % encoder.tubelet:
            raise ConfigError(
                f"embed.window must be a multiple of {encoder.tubelet}, the frames of a tubelet of {encoder.name}, got {self.config.window}"
            )
        self._encoder = encoder
        _compile_measuring()

    def __call__(self, video: Video, given: Given, on_progress: ProgressCallback = ignore_progress) -> Embedded:
        """Decode the video once; embed and measure its sampled frames.

        Raises:
            VideoError: the file cannot be used; TooShortError when it has fewer than two sampled frames.
            ModelError: the encoder cannot go on.
        """
        if self._encoder is None:
            self.setup()
        assert self._encoder is not None
        from action100m.video.signal_meter import SignalMeter  # its compiled loops bring numba, which takes long to import

        meter = SignalMeter()
        seconds: list[float] = []
        with open_frames(video.location, self.config.sampling) as stream:
            frames = _look(_telling(stream, on_progress), self._encoder, meter, seconds)
            vectors = embed_frames(frames, self._encoder, self.config)
            report = stream.report
        times = np.array(seconds, np.float64)
        return Embedded(Embeddings(vectors, frame_edges(times, report.end)), times, meter.finish(), report, self._encoder.name)


def _compile_measuring() -> None:
    """Compile the loops that measure frames, or load them compiled, so that the first video need not wait for it."""
    from action100m.video.signal_meter import SignalMeter

    meter, size = SignalMeter(), SignalMeter.frame_size
    for number in range(2):
        meter.measure(np.zeros((size.height, size.width, 3), np.uint8), float(number))


def embed_frames(frames: Iterable[NDArray[np.uint8]], encoder: Encoder, config: EmbedConfig) -> NDArray[np.float32]:
    """Turn one or more frames uint8 (h, w, 3), streamed, into one vector each, float32 (n, d).

    While a GPU encodes one batch, the frames that the next one adds are taken, measured and prepared in a thread.
    """
    preparing = _prepare(frames, encoder, config.stride)
    with closing(read_ahead(preparing, depth=config.stride * config.batch)) as prepared:
        windows = sliding_windows(prepared, window=config.window, stride=config.stride)
        # map and chain, unlike a loop, let go of one batch before the next is gathered
        encoded = map(partial(_encode, encoder=encoder, config=config), batched(windows, config.batch))
        vectors = mean_over_windows(chain.from_iterable(encoded))
    if config.normalise:
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    return vectors


def _look(pictures: Iterable[Picture], encoder: Encoder, meter: SignalMeter, seconds: list[float]) -> Iterator[NDArray[np.uint8]]:
    """Yield the frames for the encoder; measure each, and note its time, on the way."""
    for picture in pictures:
        frame = picture.rgb(encoder.frame_size)
        meter.measure(frame if encoder.frame_size == meter.frame_size else picture.rgb(meter.frame_size), picture.seconds)
        seconds.append(picture.seconds)
        yield frame


def _telling(stream: FrameStream, on_progress: ProgressCallback) -> Iterator[Picture]:
    """Yield the pictures and tell how far they are, as far as the header knows the length of the video."""
    for picture in stream:
        yield picture
        if stream.announced:
            on_progress(min(1.0, picture.seconds / stream.announced))


def _prepare(frames: Iterable[NDArray[np.uint8]], encoder: Encoder, count: int) -> Generator[Any]:
    """Yield prepared frames, made `count` at a time. A video may change its size on the way; only frames of one size go together."""
    for _, alike in groupby(frames, key=np.shape):
        yield from chain.from_iterable(map(encoder.prepare, map(np.stack, batched(alike, count))))


def _encode(windows: list[tuple[int, list[Any]]], encoder: Encoder, config: EmbedConfig) -> list[tuple[int, NDArray[np.float32]]]:
    """Turn (number of the first frame, prepared frames) into (number of the first frame, one vector for each frame)."""
    encoded = encoder.encode([fill_tubelets(window, tubelet=encoder.tubelet) for _, window in windows])
    return [
        (start, spread_over_frames(vectors, tubelet=encoder.tubelet, rule=config.upsample)[: len(window)])
        for (start, window), vectors in zip(windows, encoded, strict=True)
    ]
