"""How well a GPU is used: windows of V-JEPA 2 ViT-g and captions of SmolVLM2-2.2B, with random weights, against doing one thing at a time.

    matrix peak      the product of two square bfloat16 matrices: the most that this device does of dense work just now
    plain            decode the video, then prepare and encode one window after the other: each frame is prepared for every window it is in
    stage embed      the stage as a run calls it: decode, measure, prepare each frame once, encode windows in batches
    frames alone     the same stage with an encoder that prepares frames and encodes nothing: what the processor needs, on which the GPU may wait
    windows alone    windows that are prepared already: what the GPU needs

Operations are counted by formula (`count_operations` in random_checkpoints.py), not measured. Captions are of 8 frames and have a fixed number of
new tokens: they are drawn at temperature 1, so that none ends in a loop, and no token ends one. "batched" is one call of the captioner with all
requests, "one at a time" a call for each.

python benchmarks/gpu.py [--device cuda] [--windows 24] [--batch 4] [--captions 32] [--new-tokens 128]
python benchmarks/gpu.py --tiny --device cpu      tiny shapes: tries the script, measures nothing
"""

from __future__ import annotations

import argparse
import logging
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from random_checkpoints import count_operations, save_captioner, save_encoder
from transformers import AutoConfig

from action100m.models.base import CaptionRequest
from action100m.models.vjepa2.config import VJepa2Config
from action100m.models.vlm.config import VlmConfig
from action100m.stages.embed import Embed, EmbedConfig
from action100m.video.decode import open_frames
from action100m.video.video import Frames, Video

STRIDE, WINDOW = 8, 64
NO_TOKEN = 2**31 - 1
"""Beyond every vocabulary."""


@dataclass(frozen=True)
class Loaded:
    """An encoder that is its own config, so that the stage takes one that is loaded."""

    encoder: Any
    encodes: bool = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self.encoder, name)

    def load(self) -> Loaded:
        """Return itself."""
        return self

    def encode(self, windows: Sequence[Sequence[Any]]) -> NDArray[np.float32]:
        """Encode, or return zeros once the frames have arrived."""
        if self.encodes:
            return self.encoder.encode(windows)
        synchronise()
        return np.zeros((len(windows), len(windows[0]) // self.encoder.tubelet, 1), np.float32)


def synchronise() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def seconds_of(work: Callable[[], object]) -> float:
    """Return the seconds of the second of two goes: the first one warms up."""
    for _ in range(2):
        synchronise()
        began = time.perf_counter()
        work()
        synchronise()
    return time.perf_counter() - began


def measure_peak(device: str, size: int) -> float:
    """Return operations a second of a product of bfloat16 matrices: the best of ten."""
    left, right = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
    return 2.0 * size**3 / min(seconds_of(lambda: left @ right) for _ in range(10))


def make_clip(path: Path, frames: int, *, tiny: bool) -> Video:
    """Write a video in which so many frames are sampled, one in four."""
    size = "64x48" if tiny else "1280x720"
    source = f"testsrc2=size={size}:rate=30"
    command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", source, "-frames:v", str(4 * frames), "-c:v", "libx264", "-preset", "veryfast"]
    subprocess.run([*command, "-pix_fmt", "yuv420p", str(path)], check=True)
    return Video(uid="clip", location=str(path), sha256="0" * 64)


def embed_plainly(video: Video, encoder: Any) -> None:
    with open_frames(video.location, EmbedConfig().sampling) as stream:
        frames = [picture.rgb() for picture in stream]
    for start in range(0, len(frames) - WINDOW + 1, STRIDE):
        encoder.encode([encoder.prepare(np.stack(frames[start : start + WINDOW]))])


def embed_by_stage(video: Video, encoder: Any, *, batch: int, encodes: bool = True) -> None:
    config: Any = Loaded(encoder, encodes)
    Embed(EmbedConfig(encoder=config, batch=batch, window=WINDOW, stride=STRIDE))(video, {})


def measure_encoder(folder: Path, peak: float, options: argparse.Namespace) -> Iterator[tuple[str, ...]]:
    """Yield rows: what, windows a second, 10^12 operations a second, share of the peak, times the plain loop."""
    checkpoint = save_encoder(folder / "encoder", options.device, tiny=options.tiny)
    encoder = VJepa2Config(checkpoint=str(checkpoint), device=options.device, dtype="bfloat16").load()
    operations = count_operations(AutoConfig.from_pretrained(checkpoint), WINDOW)
    windows = options.windows
    video = make_clip(folder / "clip.mp4", WINDOW + STRIDE * (windows - 1), tiny=options.tiny)
    with open_frames(video.location, EmbedConfig().sampling) as stream:
        ready = encoder.prepare(np.stack([picture.rgb() for picture, _ in zip(stream, range(WINDOW), strict=False)]))
    plain = windows / seconds_of(lambda: embed_plainly(video, encoder))
    rates = {
        "plain": plain,
        f"**stage embed**, {options.batch} at once": windows / seconds_of(lambda: embed_by_stage(video, encoder, batch=options.batch)),
        "frames alone": windows / seconds_of(lambda: embed_by_stage(video, encoder, batch=options.batch, encodes=False)),
        "windows alone, 1 at once": 1 / seconds_of(lambda: encoder.encode([ready])),
        f"windows alone, {options.batch} at once": options.batch / seconds_of(lambda: encoder.encode([ready] * options.batch)),
    }
    for what, rate in rates.items():
        work = ("", "") if what == "frames alone" else (f"{rate * operations / 1e12:.1f}", f"{rate * operations / peak:.2f}")
        yield what, f"{rate:.2f}", *work, f"{rate / plain:.1f}"


def make_requests(count: int, *, tiny: bool) -> list[CaptionRequest]:
    """Make requests of 8 noisy frames."""
    chance, size, times = np.random.default_rng(0), 64 if tiny else 320, tuple(map(float, range(8)))
    frames = [Frames(chance.integers(0, 256, (8, size, size, 3), np.uint8), np.array(times)) for _ in range(count)]
    return [CaptionRequest(str(number), "clip_caption", "Describe it.", 0.0, 8.0, times, shown) for number, shown in enumerate(frames)]


def measure_captioner(folder: Path, options: argparse.Namespace) -> Iterator[tuple[str, ...]]:
    """Yield rows: what, captions a second, tokens written a second, times one at a time."""
    checkpoint = save_captioner(folder / "captioner", options.device, tiny=options.tiny)
    config = VlmConfig(checkpoint=str(checkpoint), device=options.device, dtype="bfloat16", max_new_tokens=options.new_tokens, temperature=1.0)
    captioner: Any = config.load()
    captioner._ends = [NO_TOKEN]  # an end that chance draws would make one caption shorter than the others
    requests = make_requests(options.captions, tiny=options.tiny)
    written = [reply.usage.output for reply in captioner.caption(requests)]
    if written != [options.new_tokens] * len(requests):
        raise RuntimeError(f"each of {len(requests)} captions should have {options.new_tokens} tokens; written were {written}")
    alone = seconds_of(lambda: [list(captioner.caption([request])) for request in requests])
    together = seconds_of(lambda: list(captioner.caption(requests)))
    for what, seconds in (("one at a time", alone), (f"**batched**, {config.batch_tokens:,} tokens at most", together)):
        yield what, f"{len(requests) / seconds:.2f}", f"{sum(written) / seconds:.1f}", f"{alone / seconds:.1f}"


def print_table(title: str, columns: Sequence[str], rows: Iterator[tuple[str, ...]]) -> None:
    print(f"\n{title}\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}", flush=True)
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)


def name_device(device: str) -> str:
    return torch.cuda.get_device_name() if device == "cuda" else f"CPU, {os.cpu_count()} cores"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--windows", type=int, default=24)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--captions", type=int, default=32)
    parser.add_argument("--new-tokens", type=int, default=128)
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        print("PyTorch finds no GPU: nothing is measured. --tiny --device cpu tries the script")
        return
    logging.disable(logging.WARNING)
    peak = measure_peak(options.device, 512 if options.tiny else 8192)
    shapes = "tiny shapes" if options.tiny else "V-JEPA 2 ViT-g, 384 px, 64 frames"
    print(f"{name_device(options.device)}, PyTorch {torch.__version__}: matrix peak {peak / 1e12:.2f} * 10^12 operations a second")
    with tempfile.TemporaryDirectory() as name:
        columns = ("", "windows/s", "10^12 operations/s", "share of the peak", "times plain")
        print_table(f"Encoder ({shapes}, bfloat16)", columns, measure_encoder(Path(name), peak, options))
        columns = ("", "captions/s", "tokens written/s", "times one at a time")
        shapes = "tiny shapes" if options.tiny else "SmolVLM2-2.2B"
        print_table(f"Captioner ({shapes}, bfloat16, {options.new_tokens} new tokens)", columns, measure_captioner(Path(name), options))


if __name__ == "__main__":
    main()
