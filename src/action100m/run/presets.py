"""Settings that go together, by name. Memory and disk are reckoned from parameter counts (2 bytes each in bfloat16), not measured."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Literal, get_args

from action100m.errors import ConfigError
from action100m.models.causal_lm import CausalLMConfig
from action100m.models.checkpoint import Device
from action100m.models.descriptor import DescriptorConfig
from action100m.models.endpoint import EndpointConfig
from action100m.models.endpoint_caption import CaptionEndpointConfig
from action100m.models.vjepa2 import VJepa2Config
from action100m.models.vlm import VlmConfig
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
    annotations, without thinking (Apache-2.0): 6.5 GB of weights in bfloat16, and as much again on disk. None is gated. Needs the extras `vjepa2`,
    `vlm` and `reasoner`.

    Without a GPU the descriptor takes the place of V-JEPA 2, which takes four minutes for one window on two cores, and SmolVLM2-500M that of the
    larger one: a video then takes hours, not minutes.
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


def modern() -> RunConfig:
    """The paper's encoder in this process, and today's open models behind vLLM on the same machine or, by `base_url`, others.

        vllm serve Qwen/Qwen3-VL-8B-Instruct --port 8001 --limit-mm-per-prompt '{"image": 32}'
        vllm serve openai/gpt-oss-120b --port 8000

    V-JEPA 2 ViT-g at 384 pixels (1 B parameters, 2 GB; MIT), Qwen3-VL-8B for all captions (18 GB; Apache-2.0), gpt-oss-120b for the annotations
    (63 GB; Apache-2.0): two GPUs of 80 GB, and 85 GB of disk. None is gated. One video leaves such servers half idle: run it with `--workers 4`.
    Needs the extras `vjepa2` and `endpoint` here, and vLLM where the servers are.
    """
    captioner = CaptionEndpointConfig(model="Qwen/Qwen3-VL-8B-Instruct", base_url="http://localhost:8001/v1", concurrency=32)
    return RunConfig(
        embed=EmbedConfig(encoder=VJepa2Config(checkpoint="facebook/vjepa2-vitg-fpc64-384")),
        caption=CaptionConfig(captioner=captioner, batch=64),
        annotate=AnnotateConfig(model=EndpointConfig(concurrency=32), context_tokens=131_072 - 16_384),
    )


def paper() -> RunConfig:
    """The paper's models: V-JEPA 2 ViT-g, Perception-LM-3B, Llama-3.2-Vision-11B, gpt-oss-120b. Refused until Perception-LM can be run.

    Raises:
        ConfigError: always, for now.
    """
    raise ConfigError(
        "preset 'paper' needs Perception-LM, which action100m cannot run yet. Take the preset 'modern', whose other models are the paper's or of "
        "their size, or name captioners in a --config file: kind 'vlm' runs Llama-3.2-Vision"
    )


_PRESETS = {"preview": preview, "laptop": laptop, "modern": modern, "paper": paper}


def preset(name: str) -> RunConfig:
    """Return the settings of a preset by its name.

    Raises:
        ConfigError: there is no such preset, or this version lacks models that it needs.
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
