"""Checkpoints of the released shapes with random weights, saved as the released ones are, to measure speed with where none can be downloaded.

    encoder      V-JEPA 2 ViT-g at 384 pixels: facebook/vjepa2-vitg-fpc64-384, the paper's (2 GB)
    captioner    SmolVLM2-2.2B: HuggingFaceTB/SmolVLM2-2.2B-Instruct (4.5 GB)

Tokenizer and processor are those of the tests' tiny checkpoints; the pictures have the released size and number of tokens.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForImageTextToText, VJEPA2Config, VJEPA2Model

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.checkpoints import edit_json, preprocessor_config, save_checkpoint, write_preprocessor
from support.vlm_checkpoints import save_vlm

_CROP = 384
VIT_G: dict[str, Any] = {
    "crop_size": _CROP,
    "frames_per_clip": 64,
    "hidden_size": 1408,
    "mlp_ratio": 48 / 11,
    "num_attention_heads": 22,
    "num_hidden_layers": 40,
    "patch_size": 16,
    "pred_num_hidden_layers": 1,  # the predictor is not used
    "tubelet_size": 2,
}
_SIGLIP: dict[str, Any] = {
    "hidden_size": 1152,
    "image_size": _CROP,
    "intermediate_size": 4304,
    "num_attention_heads": 16,
    "num_hidden_layers": 27,
    "patch_size": 14,
}
_SMOL_LM: dict[str, Any] = {
    "head_dim": 64,
    "hidden_size": 2048,
    "initializer_range": 0.02,
    "intermediate_size": 8192,
    "max_position_embeddings": 16_384,
    "num_attention_heads": 32,
    "num_hidden_layers": 24,
    "num_key_value_heads": 32,
    "vocab_size": 49_280,
}
_TOKENS_OF_A_PICTURE = 81
"""27 x 27 patches, 3 x 3 of which become a token."""


def save_encoder(folder: Path, device: str, *, tiny: bool) -> Path:
    """Save an encoder, made on `device`, and return its folder."""
    save_checkpoint(folder)
    if not tiny:
        with torch.device(device):
            model = VJEPA2Model._from_config(VJEPA2Config(**VIT_G), dtype=torch.bfloat16)
        model.save_pretrained(folder)
        write_preprocessor(folder, preprocessor_config(crop_size={"height": _CROP, "width": _CROP}))
    return folder


def save_captioner(folder: Path, device: str, *, tiny: bool) -> Path:
    """Save a captioner, made on `device`, and return its folder."""
    save_vlm(folder, "smolvlm", context=8192)
    if not tiny:
        config = AutoConfig.from_pretrained(folder)
        config.scale_factor = 3
        for part, shape in ((config.vision_config, _SIGLIP), (config.text_config, _SMOL_LM)):
            for name, value in shape.items():
                setattr(part, name, value)
        with torch.device(device):
            model = AutoModelForImageTextToText.from_config(config, dtype=torch.bfloat16)
        model.save_pretrained(folder)
        edit_json(folder / "preprocessor_config.json", size={"longest_edge": _CROP}, max_image_size={"longest_edge": _CROP})
        edit_json(folder / "processor_config.json", image_seq_len=_TOKENS_OF_A_PICTURE)
    return folder


def count_operations(config: VJEPA2Config, frames: int) -> float:
    """Return the additions and multiplications for one window: 2 for each weight and token, 4 * tokens^2 * width for the attention of a layer."""
    tokens = frames // config.tubelet_size * (config.crop_size // config.patch_size) ** 2
    width = config.hidden_size
    weights = 4 * width**2 + 2 * width * int(width * config.mlp_ratio)
    patches = 2 * tokens * width * config.in_chans * config.tubelet_size * config.patch_size**2
    return patches + config.num_hidden_layers * (2.0 * tokens * weights + 4.0 * tokens**2 * width)
