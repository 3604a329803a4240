"""Tiny vision-language checkpoints with random weights, saved as the released ones are: config, weights, tokenizer, processor, chat template.

The classes are the real ones; only the sizes are small. Random models write nonsense, but the nonsense depends on every pixel.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from support.own_processors import find_torchvision

Family = Literal["idefics3", "smolvlm", "mllama", "qwen3_vl", "internvl", "perception_lm"]

_TEXT = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2}
_TOKENS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
_WILD = 0.3
"""Range of random weights. At the usual 0.02 the picture would hardly change what is written."""
_PICTURE = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3, "rescale_factor": 1 / 255, "do_convert_rgb": True}
_MARKS = {"idefics3": "<image>", "smolvlm": "<image>", "mllama": "<|image|>", "qwen3_vl": "<|vision_start|><|image_pad|><|vision_end|>"}
_MARKS["internvl"] = "<IMG_CONTEXT>"
_INTERNVL = {"start_image_token": "<img>", "end_image_token": "</img>", "context_image_token": "<IMG_CONTEXT>", "video_token": "<video>"}
_MARKS["perception_lm"] = "<|image|>"
_PERCEPTION_LM = {"image_token": "<|image|>", "video_token": "<video>"}
_NAMED: dict[str, Any] = {"internvl": {"extra_special_tokens": _INTERNVL}, "perception_lm": {"extra_special_tokens": _PERCEPTION_LM}}
TILE = 56
"""Pixels on a side of the tiny Perception-LM's tiles: 4 x 4 patches, pooled to 2 x 2 tokens."""
_TEMPLATE = (
    "{{ bos_token }}{% for turn in messages %}{{ turn['role'] }}: {% for part in turn['content'] %}"
    "{% if part['type'] == 'image' %}MARK{% elif part['type'] == 'video' %}<video>{% else %}{{ part['text'] }}{% endif %}{% endfor %}"
    "{{ '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}assistant:{% endif %}"
)


def save_vlm(folder: Path, family: Family, *, seed: int = 0, context: int = 2048) -> Path:
    """Save a checkpoint of two layers, made anew from `seed`, and return its folder. "perception_lm" needs timm and torchvision."""
    import torch

    find_torchvision()
    tokenizer = _tokenizer(family)
    make = {"idefics3": _idefics3, "smolvlm": _idefics3, "mllama": _mllama, "qwen3_vl": _qwen3_vl, "internvl": _internvl}.get(family, _perception_lm)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = make(family, tokenizer, context)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    preprocessor, processor = _processor_configs(family)
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor), encoding="utf-8")
    (folder / "processor_config.json").write_text(json.dumps(processor), encoding="utf-8")
    return folder


def _tokenizer(family: Family) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    special = ["<pad>", "<s>", "</s>", "<image>", "<fake_token_around_image>", "<end_of_utterance>", "<global-img>", "<|image|>", "<|python_tag|>"]
    special += ["<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>", "<img>", "</img>", "<IMG_CONTEXT>", "<video>"]
    special += [f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7)]
    made = Tokenizer(models.BPE())
    made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(
        ["a cook cuts the bread"], trainers.BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=alphabet, show_progress=False)
    )
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<s>", eos_token="</s>", pad_token="<pad>", **_NAMED.get(family, {}))
    tokenizer.chat_template = _TEMPLATE.replace("MARK", _MARKS[family])
    return tokenizer


def _idefics3(family: Family, tokenizer: Any, context: int) -> Any:
    import transformers

    name = {"idefics3": "Idefics3", "smolvlm": "SmolVLM"}[family]
    vision = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 32, "patch_size": 8}
    text = _TEXT | _TOKENS | {"model_type": "llama", "vocab_size": len(tokenizer), "max_position_embeddings": context, "initializer_range": _WILD}
    config = getattr(transformers, f"{name}Config")(
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        scale_factor=2,
        vision_config=vision | {"initializer_range": _WILD},
        text_config=text,
        pad_token_id=0,
    )
    return getattr(transformers, f"{name}ForConditionalGeneration")(config)


def _mllama(family: Family, tokenizer: Any, context: int) -> Any:
    from transformers import MllamaConfig, MllamaForConditionalGeneration

    vision = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_global_layers": 1, "attention_heads": 2, "image_size": 32}
    vision |= {"patch_size": 8, "max_num_tiles": 4, "intermediate_layers_indices": [0], "vision_output_dim": 64, "initializer_range": _WILD}
    text = _TEXT | _TOKENS | {"num_hidden_layers": 3, "cross_attention_layers": [1], "vocab_size": len(tokenizer), "initializer_range": _WILD}
    text |= {"max_position_embeddings": context, "rope_parameters": {"rope_type": "default", "rope_theta": 10_000.0}}
    image = tokenizer.convert_tokens_to_ids("<|image|>")
    model = MllamaForConditionalGeneration(MllamaConfig(vision_config=vision, text_config=text, image_token_index=image))
    for name, weight in model.named_parameters():
        if "gate" in name and weight.numel() == 1:
            weight.data.fill_(0.5)  # a new model's gates are shut: no picture would reach its text
    return model


def _qwen3_vl(family: Family, tokenizer: Any, context: int) -> Any:
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

    vision = {"depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "patch_size": 8, "out_hidden_size": 32}
    vision |= {"num_position_embeddings": 64, "deepstack_visual_indexes": [0], "initializer_range": _WILD}
    text = _TEXT | _TOKENS | {"head_dim": 16, "vocab_size": len(tokenizer), "max_position_embeddings": context, "initializer_range": _WILD}
    text |= {"rope_parameters": {"rope_type": "default", "rope_theta": 10_000.0, "mrope_section": [2, 3, 3], "mrope_interleaved": True}}
    ids = {"image": "<|image_pad|>", "video": "<|video_pad|>", "vision_start": "<|vision_start|>", "vision_end": "<|vision_end|>"}
    marks = {f"{name}_token_id": tokenizer.convert_tokens_to_ids(token) for name, token in ids.items()}
    return Qwen3VLForConditionalGeneration(Qwen3VLConfig(vision_config=vision, text_config=text, **marks))


def _internvl(family: Family, tokenizer: Any, context: int) -> Any:
    from transformers import InternVLConfig, InternVLForConditionalGeneration

    vision = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": [32, 32]}
    vision |= {"patch_size": [8, 8], "initializer_range": _WILD}
    text = _TEXT | _TOKENS | {"model_type": "qwen2", "vocab_size": len(tokenizer), "max_position_embeddings": context, "initializer_range": _WILD}
    image = tokenizer.convert_tokens_to_ids("<IMG_CONTEXT>")
    return InternVLForConditionalGeneration(InternVLConfig(vision_config=vision, text_config=text, image_token_id=image, image_seq_length=4))


def _perception_lm(family: Family, tokenizer: Any, context: int) -> Any:
    from transformers import PerceptionLMConfig, PerceptionLMForConditionalGeneration

    eye = {"depth": 2, "embed_dim": 32, "num_heads": 2, "global_pool": "", "img_size": [TILE, TILE], "init_values": 0.1}
    eye |= {"ref_feat_shape": [TILE // 14, TILE // 14], "use_post_transformer_norm": False}
    vision = {"model_type": "timm_wrapper", "architecture": "vit_pe_core_large_patch14_336", "model_args": eye, "initializer_range": _WILD}
    text = _TEXT | _TOKENS | {"model_type": "llama", "vocab_size": len(tokenizer), "max_position_embeddings": context, "initializer_range": _WILD}
    ids = {f"{name}_id": tokenizer.convert_tokens_to_ids(mark) for name, mark in _PERCEPTION_LM.items()}
    return PerceptionLMForConditionalGeneration(PerceptionLMConfig(vision_config=vision, text_config=text, projector_pooling_ratio=2, **ids))


def _processor_configs(family: Family) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what stands in preprocessor_config.json and processor_config.json."""
    if family == "mllama":
        size = {"size": {"height": 32, "width": 32}, "max_image_tiles": 4}
        return _PICTURE | size | {"image_processor_type": "MllamaImageProcessor"}, {"processor_class": "MllamaProcessor"}
    if family == "qwen3_vl":
        size = {"patch_size": 8, "merge_size": 2, "temporal_patch_size": 2, "size": {"shortest_edge": 256, "longest_edge": 4096}}
        return _PICTURE | size | {"image_processor_type": "Qwen2VLImageProcessorFast"}, {"processor_class": "Qwen3VLProcessor"}
    if family == "internvl":
        size = {"size": {"height": 32, "width": 32}, "crop_to_patches": True, "min_patches": 1, "max_patches": 4}
        return _PICTURE | size | {"image_processor_type": "GotOcr2ImageProcessor"}, {"processor_class": "InternVLProcessor", "image_seq_length": 4}
    if family == "perception_lm":
        size = {"tile_size": TILE, "max_num_tiles": 6, "vision_input_type": "thumb+tile", "size": {"height": TILE, "width": TILE}, "resample": 3}
        patches = {"patch_size": 14, "pooling_ratio": 2}
        return _PICTURE | size | {"image_processor_type": "PerceptionLMImageProcessorFast"}, {"processor_class": "PerceptionLMProcessor"} | patches
    name = {"idefics3": "Idefics3", "smolvlm": "SmolVLM"}[family]
    size = {"size": {"longest_edge": 64}, "max_image_size": {"longest_edge": 32}, "do_image_splitting": True}
    return _PICTURE | size | {"image_processor_type": f"{name}ImageProcessor"}, {"processor_class": f"{name}Processor", "image_seq_len": 4}
