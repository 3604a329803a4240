"""Tiny checkpoints in the format of sentence-transformers with random weights, made as EmbeddingGemma is, and an encoder without a model."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDTH = 48
"""Numbers in a vector of the tiny checkpoint."""
PROMPT = "task: clustering | query: "


def save_sentence_model(folder: Path, *, prompts: dict[str, str] | None = None, seed: int = 0) -> Path:
    """Save a Gemma 3 text model of two layers that reads both ways, mean pooling, a dense layer and normalisation, and return the folder."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, Normalize, Pooling, Transformer
    from transformers import Gemma3TextConfig, Gemma3TextModel

    tokenizer, inner = _byte_tokenizer(), folder / "inner"
    config = Gemma3TextConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        max_position_embeddings=512,
        sliding_window=64,
        use_bidirectional_attention=True,
        initializer_range=0.3,  # more than usual: else all texts have about the same vector
        bos_token_id=1,
        eos_token_id=None,
        pad_token_id=0,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        Gemma3TextModel(config).save_pretrained(inner)
        tokenizer.save_pretrained(inner)
        modules: list[Any] = [Transformer(str(inner)), Pooling(32, pooling_mode="mean"), Dense(32, WIDTH, bias=False), Normalize()]
    chosen = {"Clustering": PROMPT, "query": "task: search result | query: "} if prompts is None else prompts
    SentenceTransformer(modules=modules, device="cpu", prompts=chosen).save_pretrained(str(folder / "model"), create_model_card=False)
    return folder / "model"


def _byte_tokenizer() -> Any:
    """A token for every byte, and one that begins every text."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    names = ["<pad>", "<bos>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    bpe = Tokenizer(models.BPE(vocab={name: place for place, name in enumerate(names)}, merges=[]))
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    bpe.post_processor = processors.TemplateProcessing(single="<bos> $A", special_tokens=[("<bos>", 1)])
    return PreTrainedTokenizerFast(tokenizer_object=bpe, bos_token="<bos>", pad_token="<pad>", model_max_length=512)


class ToyTextEncoder:
    """Vectors of words: texts that share words are alike. Counts what it is asked."""

    width = 64

    def __init__(self, name: str = "toy words") -> None:
        self.name = name
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Turn n texts into float32 (n, 64): the sum of a random vector for each word, of length 1."""
        self.asked += texts
        sums = np.array([sum(map(_word_vector, text.lower().split() or [""])) for text in texts], np.float32).reshape(len(texts), self.width)
        vectors: NDArray[np.float32] = sums / np.linalg.norm(sums, axis=1, keepdims=True)
        return vectors


def _word_vector(word: str) -> NDArray[np.float64]:
    seed = int.from_bytes(hashlib.sha256(word.encode("utf-8", "replace")).digest()[:8], "little")
    return np.random.default_rng(seed).standard_normal(ToyTextEncoder.width)
