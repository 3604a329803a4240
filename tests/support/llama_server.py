"""A real generating server on this machine: llama.cpp with a tiny Llama of random weights, written here as a GGUF file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

_WIDTH, _LAYERS, _HEADS, _INNER, _CONTEXT = 32, 2, 4, 64, 16_384
_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def write_gguf(path: Path, *, seed: int = 0) -> Path:
    """Write a model whose tokens are the 256 bytes and the marks of ChatML."""
    from gguf import GGUFWriter, TokenType

    letters = _byte_letters()
    tokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *letters]
    writer = GGUFWriter(path, "llama")
    writer.add_context_length(_CONTEXT)
    writer.add_embedding_length(_WIDTH)
    writer.add_block_count(_LAYERS)
    writer.add_feed_forward_length(_INNER)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(_HEADS)
    writer.add_rope_dimension_count(_WIDTH // _HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_types([TokenType.CONTROL] * 3 + [TokenType.NORMAL] * len(letters))
    writer.add_token_merges([f"{letters[97]} {letters[98]}"])  # llama.cpp wants one; what it makes is no token
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(2)
    writer.add_chat_template(_TEMPLATE)
    for name, values in _weights(len(tokens), np.random.default_rng(seed)).items():
        writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _byte_letters() -> list[str]:
    """Return the printable letter by which byte-level BPE writes each byte."""
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    letters = bytes_to_unicode()
    return [letters[byte] for byte in range(256)]


def _weights(tokens: int, random: np.random.Generator) -> dict[str, Any]:
    def matrix(*shape: int) -> Any:
        return random.normal(0, 0.3, shape).astype(np.float32)

    weights = {
        "token_embd.weight": matrix(tokens, _WIDTH),
        "output_norm.weight": np.ones(_WIDTH, np.float32),
        "output.weight": matrix(tokens, _WIDTH),
    }
    for layer in range(_LAYERS):
        block = f"blk.{layer}."
        weights |= {f"{block}attn_{part}.weight": matrix(_WIDTH, _WIDTH) for part in ("q", "k", "v", "output")}
        weights |= {f"{block}ffn_gate.weight": matrix(_INNER, _WIDTH), f"{block}ffn_up.weight": matrix(_INNER, _WIDTH)}
        weights |= {f"{block}ffn_down.weight": matrix(_WIDTH, _INNER)}
        weights |= {f"{block}{part}_norm.weight": np.ones(_WIDTH, np.float32) for part in ("attn", "ffn")}
    return weights


@contextmanager
def llama_server(model: Path, *, slots: int = 2) -> Iterator[str]:
    """Serve a GGUF file for the length of a `with` block; yields the address of the API."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.n_ctx = _CONTEXT * slots
    params.n_parallel = slots
    params.port = 0
    params.cpuparams.n_threads = 1
    params.use_jinja = False  # with it, llama.cpp answers with error 500 for JSON in a layout that its parser of templates does not expect
    params.verbosity = 0
    server = xllamacpp.Server(params)
    yield f"{server.listening_address}/v1"
    del server
