"""Tiny V-JEPA 2 checkpoints with random weights, saved as the released ones are: config, weights and preprocessor config in one folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CROP = 32
"""Pixels. 2 x 2 patches of 16."""
WIDTH = 64
"""Numbers in a vector."""


def preprocessor_config(**changes: Any) -> dict[str, Any]:
    """Return what the released checkpoints hold, for the tiny crop."""
    config = {
        "crop_size": {"height": CROP, "width": CROP},
        "data_format": "channels_first",
        "default_to_square": True,
        "do_center_crop": True,
        "do_convert_rgb": None,
        "do_normalize": True,
        "do_rescale": True,
        "do_resize": True,
        "image_mean": [0.485, 0.456, 0.406],
        "image_std": [0.229, 0.224, 0.225],
        "resample": 2,
        "rescale_factor": 0.00392156862745098,
        "size": {"shortest_edge": 36},
        "video_processor_type": "VJEPA2VideoProcessor",
    }
    return config | changes


def save_checkpoint(folder: Path, *, classifier: bool = False, seed: int = 0) -> Path:
    """Save a checkpoint of two layers, made anew from `seed`, and return its folder."""
    import torch
    from transformers import VJEPA2Config, VJEPA2ForVideoClassification, VJEPA2Model

    config = VJEPA2Config(
        patch_size=16,
        crop_size=CROP,
        frames_per_clip=16,
        tubelet_size=2,
        hidden_size=WIDTH,
        num_attention_heads=4,
        num_hidden_layers=2,
        mlp_ratio=2,
        num_pooler_layers=1,
        pred_hidden_size=32,
        pred_num_attention_heads=4,
        pred_num_hidden_layers=1,
        pred_num_mask_tokens=2,
        initializer_range=0.2,  # ten times the usual: else the layers add almost nothing to what they are given
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = VJEPA2ForVideoClassification(config) if classifier else VJEPA2Model(config)
    model.save_pretrained(folder)
    write_preprocessor(folder, preprocessor_config())
    return folder


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Run tiny models on one thread: their matrices are so small that several mostly wait for each other, for minutes on a busy machine."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def write_preprocessor(folder: Path, config: dict[str, Any]) -> None:
    """Write the preprocessor config of a checkpoint."""
    (folder / "video_preprocessor_config.json").write_text(json.dumps(config), encoding="utf-8")


def edit_json(path: Path, **changes: Any) -> None:
    """Change keys of a JSON file."""
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | changes), encoding="utf-8")


CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""ChatML, which many models use."""

_LETTERS = 'abcdefghijklmnopqrstuvwxyz {"summary": {"brief": "a cook whisks the eggs.", "detailed": "", "action": {"actor": "", "N/A"}}} '


def save_language_model(folder: Path, *, seed: int = 0, template: str | None = CHAT_TEMPLATE, marks: tuple[str, ...] = (), **changes: Any) -> Path:
    """Save a Llama of two layers with random weights, and a byte-level BPE tokenizer, and return their folder.

    marks: tokens of the tokenizer besides those of ChatML. changes: to the model's config.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = _train_tokenizer(("<|endoftext|>", "<|im_start|>", "<|im_end|>", *marks))
    tokenizer.chat_template = template
    settings = {
        "vocab_size": len(tokenizer) + 7,  # as released models do: rows of the matrix that stand for no token
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 4096,
        "initializer_range": 0.5,  # much more than usual: else every token is about as likely as every other
        "bos_token_id": 0,
        "eos_token_id": 2,
        "tie_word_embeddings": True,
    }
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = LlamaForCausalLM(LlamaConfig(**settings | changes))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _train_tokenizer(marks: tuple[str, ...]) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    bpe.train_from_iterator(
        [_LETTERS] * 3, trainers.BpeTrainer(vocab_size=320, special_tokens=list(marks), initial_alphabet=alphabet, show_progress=False)
    )
    return PreTrainedTokenizerFast(tokenizer_object=bpe, eos_token="<|im_end|>", pad_token="<|endoftext|>")


def edit_weights(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change the tensors of a checkpoint."""
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
