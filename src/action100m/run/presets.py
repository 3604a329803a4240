"""Settings that go together, by name.

Memory and disk are reckoned from parameter counts (2 bytes each in half precision; what is published in float32 takes twice that of the disk), and
speed from the figures in run/figures/model_costs.toml, as `plan` does: neither was measured. Speed is told as hours of a device for an hour of video
at 720p and 30 frames a second; intervals are as wide as what is not known: how much there is to see, how long replies are, and how many are written
at once.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal, get_args

from action100m.errors import ConfigError
from action100m.models.causal_lm.config import CausalLMConfig
from action100m.models.endpoint.caption import CaptionEndpointConfig
from action100m.models.endpoint.chat import EndpointConfig
from action100m.models.local.checkpoint import Device
from action100m.models.vjepa2.config import VJepa2Config
from action100m.models.vlm.config import VlmConfig
from action100m.models.weightless.descriptor import DescriptorConfig
from action100m.run.config import RunConfig, load_config
from action100m.stages.annotate import AnnotateConfig
from action100m.stages.caption import CaptionConfig
from action100m.stages.embed import EmbedConfig

PresetName = Literal["preview", "laptop", "modern", "paper"]


def preview() -> RunConfig:
    """Weightless throughout: descriptor, measured captions, annotations extracted from the transcript. No GPU, no download; about real time / 20."""
    return RunConfig()


def laptop(*, gpu: bool | None = None) -> RunConfig:
    """Small models, all in this process, on one GPU of 8 GB; gpu: whether there is one, None to look.

    V-JEPA 2 ViT-L at 256 pixels (0.3 B parameters; MIT), SmolVLM2-2.2B for all captions, from 8 frames a clip (Apache-2.0), Qwen3-0.6B for the
    annotations, without thinking (Apache-2.0): 6.5 GB of weights in half precision, and at least 11 GB of disk, since SmolVLM2 is published in
    float32 (9 GB). None is gated. Needs the extras `vjepa2`, `vlm` and `reasoner`.

    Expected speed: 2.0 to 52 hours of an RTX 4060 for an hour of video.

    Without a GPU the descriptor takes the place of V-JEPA 2, which takes four minutes for one window on two cores, and SmolVLM2-500M that of the
    larger one. Expected speed: 81 to 560 hours of 2 cores for an hour of video. That is for a trial on a clip of a minute, not for more.
    """
    has_gpu = _find_gpu() if gpu is None else gpu
    device: Device = "auto" if has_gpu else "cpu"
    vlm = "HuggingFaceTB/SmolVLM2-2.2B-Instruct" if has_gpu else "HuggingFaceTB/SmolVLM2-500M-Video-Instruct"
    captioner = VlmConfig(checkpoint=vlm, max_new_tokens=256, batch_tokens=8192, device=device)
    reasoner = CausalLMConfig(checkpoint="Qwen/Qwen3-0.6B", thinking=False, max_new_tokens=1024, batch_tokens=8192, device=device)
    return RunConfig(
        embed=EmbedConfig(encoder=VJepa2Config(checkpoint="facebook/vjepa2-vitl-fpc64-256"), batch=1) if has_gpu else EmbedConfig(DescriptorConfig()),
        caption=CaptionConfig(captioner=captioner, frames=8),
        annotate=AnnotateConfig(model=reasoner, rounds=2, efforts=(), subtree_depth=2, context_tokens=6_000),
    )


_REASONER_CACHE: Final = 170_000
"""Tokens whose keys and values one H100 of 80 GB holds beside gpt-oss-120b, at least; see `modern`. vLLM logs the number as "GPU KV cache size"."""


def modern() -> RunConfig:
    r"""The paper's encoder in this process, and today's open models behind vLLM 0.24.0 on the same machine or, by `base_url`, others.

        vllm serve Qwen/Qwen3-VL-8B-Instruct --port 8001 --gpu-memory-utilization 0.6 \
            --max-model-len 16384 --limit-mm-per-prompt '{"image": 32, "video": 0}'
        vllm serve openai/gpt-oss-120b --port 8000 --gpu-memory-utilization 0.95 --max-num-batched-tokens 4096 --max-num-seqs 64

    V-JEPA 2 ViT-g at 384 pixels (1 B parameters; MIT), Qwen3-VL-8B for all captions (18 GB; Apache-2.0), gpt-oss-120b for the annotations (65 GB;
    Apache-2.0): two GPUs of 80 GB, and at least 85 GB of disk. None is gated. Annotating one video leaves its server half idle: run it with
    `--workers 4`, for which the bounds here are set. Needs the extras `vjepa2` and `endpoint` here, and vLLM where the servers are.

    The first GPU holds 79 GiB: 47 for the captioner, of which 16 are weights and some 27 keys and values, 144 KiB a token: 190,000 tokens, or 40
    clips of 4,500. Without the bound of 16,384 tokens a request might have the model's 262,144, whose 36 GiB do not fit. Four workers have V-JEPA 2
    each, one window at a time: 2 GiB of weights, 1 of activations, 1 of CUDA's own, 16 in all. That is 63 of 79.

    The second: of 75 GiB, weights take 61 to 66, batches and graphs 2 to 3, and keys and values the rest, 6 to 12: at 36 KiB a token (vLLM keeps
    the layers with a sliding window apart) 170,000 to 350,000 tokens. That is one or two conversations as long as the window (131,072, of which
    `context_tokens` leaves 16,384 to the reply), or 8 to 17 of 20,000, as most are. Each of four workers takes its quarter of the low end: 42,500
    in `cache_tokens` and `max_tokens_in_flight`. Where vLLM logs more, or there are fewer workers, set both higher; where it refuses to start for
    want of memory, lower --max-model-len, and `context_tokens` by as much.

    Expected speed: 0.35 to 18 hours of an H100 for an hour of video, both GPUs together.
    """
    share = _REASONER_CACHE // 4
    captioner = CaptionEndpointConfig(model="Qwen/Qwen3-VL-8B-Instruct", base_url="http://localhost:8001/v1", max_tokens_in_flight=190_000 // 4)
    reasoner = EndpointConfig(max_tokens_in_flight=share)
    return RunConfig(
        embed=EmbedConfig(encoder=VJepa2Config(checkpoint="facebook/vjepa2-vitg-fpc64-384"), batch=1),
        caption=CaptionConfig(captioner=captioner),
        annotate=AnnotateConfig(model=reasoner, context_tokens=131_072 - 16_384, cache_tokens=share),
    )


def paper() -> RunConfig:
    """The paper's models (section 3): encoder and captioners in this process, the reasoner behind vLLM 0.24.0 here or, by `base_url`, elsewhere.

        vllm serve openai/gpt-oss-120b --port 8000 --gpu-memory-utilization 0.95 --max-num-batched-tokens 4096 --max-num-seqs 64

    V-JEPA 2 ViT-g at 384 pixels (1 B parameters; MIT), Perception-LM-3B for clips of 32 frames (7 GB; FAIR Noncommercial Research License),
    Llama-3.2-Vision-11B for middle frames (21 GB; Llama 3.2 Community License, which leaves out people and companies of the EU), gpt-oss-120b for the
    annotations (65 GB; Apache-2.0), in three rounds, the first at high effort: two GPUs of 80 GB, one of which holds the first three and their
    batches, and at least 96 GB of disk. Both captioners run here, since vLLM has no code of its own for Perception-LM, and since 0.11 none for
    Llama-3.2-Vision. Both are gated: accept their terms at huggingface.co/facebook/Perception-LM-3B and
    huggingface.co/meta-llama/Llama-3.2-11B-Vision-Instruct, and set HF_TOKEN. Read the first before you use captions for more than research. Needs
    the extras `vjepa2`, `plm` and `endpoint` here, and vLLM where the server is.

    What the second GPU holds is told at `modern`; here one worker has all of its 170,000 tokens.

    Expected speed: 0.45 to 16 hours of an H100 for an hour of video, both GPUs together. In the paper all but the reasoner ran on V100s, whose 32 GB
    do not hold both captioners at once: 3.2 to 54 hours of a V100.
    """
    clips = VlmConfig(checkpoint="facebook/Perception-LM-3B", tiles=False, batch_tokens=131_072)  # a lone frame is seen as one of a clip is
    frames = VlmConfig(checkpoint="meta-llama/Llama-3.2-11B-Vision-Instruct", batch_tokens=65_536)
    reasoner = EndpointConfig(max_tokens_in_flight=_REASONER_CACHE)
    return RunConfig(
        embed=EmbedConfig(encoder=VJepa2Config(checkpoint="facebook/vjepa2-vitg-fpc64-384")),
        caption=CaptionConfig(captioner=clips, frame_captioner=frames, batch=64),
        annotate=AnnotateConfig(model=reasoner, context_tokens=131_072 - 16_384, cache_tokens=_REASONER_CACHE),
    )


_PRESETS = {"preview": preview, "laptop": laptop, "modern": modern, "paper": paper}


def preset(name: str) -> RunConfig:
    """Return the settings of a preset by its name.

    Raises:
        ConfigError: there is no such preset.
    """
    if name not in _PRESETS:
        raise ConfigError(f"there is no preset {name!r}; choose one of {', '.join(get_args(PresetName))}")
    return _PRESETS[name]()


def choose_config(preset_name: str | None, *, override: str | Path | None = None) -> RunConfig | None:
    """Return a preset (`preview` by default) with what a TOML file overrides, or None when neither is named.

    Raises:
        ConfigError: as `preset` and `load_config`.
    """
    if preset_name is None and override is None:
        return None
    base = preset(preset_name or "preview")
    return base if override is None else load_config(override, base)


def _find_gpu() -> bool:
    """Without PyTorch there is nothing to run on a GPU; the models will say how to install it."""
    if find_spec("torch") is None:
        return True
    import torch

    return bool(torch.cuda.is_available())
