"""The text encoders by the names that people give on the command line."""

from __future__ import annotations

from action100m.errors import ConfigError
from action100m.models.text.minilm import MiniLMConfig
from action100m.models.text.sentence import SentenceConfig

TextEncoderConfig = SentenceConfig | MiniLMConfig


def choose_text_encoder(name: str) -> TextEncoderConfig:
    """Return the settings of "minilm", or of a sentence-transformers model: its id on the Hugging Face Hub or its folder.

    Raises:
        ConfigError: the name is empty.
    """
    if not name.strip():
        raise ConfigError(f"a text encoder is 'minilm', an id on the Hugging Face Hub, or a folder, got {name!r}")
    return MiniLMConfig() if name == "minilm" else SentenceConfig(checkpoint=name)
