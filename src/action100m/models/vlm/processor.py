"""Frames and a prompt into a model's inputs, and what it writes into a caption, by the checkpoint's own chat template.

Imports transformers; only `models.vlm_captioner` imports this.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from jinja2 import TemplateError
from numpy.typing import NDArray

from action100m.errors import CheckpointError
from action100m.models.local.thinking import find_thinking
from action100m.models.local.weights import BROKEN
from action100m.models.vlm.perception_lm import PerceptionLMFrames
from action100m.models.vlm.pictures import Pictures

Ask = tuple[str, NDArray[np.uint8]]
"""A prompt, and frames (n, h, w, 3)."""


class Showing(Protocol):
    """How frames are shown to a kind of model, and its tokenizer."""

    tokenizer: Any
    template: Any
    """The chat template: a text, or several by name; empty where there is none."""

    def parts(self, frames: int) -> list[dict[str, str]]:
        """Return what a chat template is told of so many frames."""

    def encode(self, texts: Sequence[str], clips: Sequence[NDArray[np.uint8]], **settings: Any) -> Any:
        """Return the inputs of a batch of rendered prompts, padded, with their frames. settings: of the tokenizer."""


_SHOWINGS: Final = {"perception_lm": PerceptionLMFrames}
"""By kind of model, where its own processor would need torchvision; the others see pictures."""


class VlmProcessor:
    """Makes inputs, and text of what the model writes."""

    def __init__(self, folder: Path, *, kind: str, tiles: bool) -> None:
        """Load a checkpoint's tokenizer and processor, and rehearse them on black frames.

        kind: of the model, as its config.json names it.

        Raises:
            CheckpointError: they are missing or broken, there is no chat template, or the template has no place for pictures.
            MissingPackageError: they need a package that is not installed.
        """
        self._folder = folder
        self._showing: Showing = _SHOWINGS.get(kind, Pictures)(folder, tiles=tiles)
        self._template = _find_template(self._showing, folder)
        self.tokenizer = self._showing.tokenizer
        self.tokenizer.padding_side = "left"
        if self.tokenizer.pad_token is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token
        self._counts: dict[tuple[str, tuple[int, ...]], int] = {}
        self._crosses = "cross_attention_mask" in self._rehearse()
        self._thinking = find_thinking(self._template, self._render("Describe it.", 1), self.tokenizer.get_vocab())

    def count(self, ask: Ask) -> int:
        """Return the tokens of a prompt with its frames. They depend on the frames' number and size, not on what is seen, so each is counted once."""
        key = (ask[0], ask[1].shape)
        if key not in self._counts:
            self._counts[key] = self.encode([ask])["input_ids"].shape[1]
        return self._counts[key]

    def company(self, ask: Ask) -> int:
        """Return a number that is the same for asks that may share a batch.

        A frame alone is prepared otherwise than a clip. Models that look at pictures by cross-attention (Mllama) let the words before the first
        picture look at all places for pictures, the empty ones too, so there all members have as many frames.
        """
        frames = len(ask[1])
        return frames if self._crosses else min(frames, 2)

    def encode(self, asks: Sequence[Ask]) -> Any:
        """Return the inputs of a batch whose members may share it, left-padded."""
        texts = [self._render(prompt, len(frames)) for prompt, frames in asks]
        begun = self.tokenizer.bos_token and texts[0].startswith(self.tokenizer.bos_token)  # the template has written it, so the tokenizer must not
        return self._showing.encode(texts, [frames for _, frames in asks], **({"add_special_tokens": False} if begun else {}))

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the text of new tokens."""
        return str(self.tokenizer.decode(tokens, skip_special_tokens=True)).strip()

    def read(self, tokens: Sequence[int]) -> tuple[str, bool]:
        """Return the caption among new tokens, without the thoughts before it, and whether the model got beyond its thoughts."""
        if self._thinking is None:
            return self.decode(tokens), True
        thoughts = self._thinking.count(tokens, decode=self.tokenizer.decode)  # with the special tokens, which may be the marks
        if thoughts is not None:
            return self.decode(tokens[thoughts:]), True
        thinks = self._thinking.opening is None or (len(tokens) > 0 and tokens[0] == self._thinking.opening)
        return ("", False) if thinks else (self.decode(tokens), True)

    def _render(self, prompt: str, frames: int) -> str:
        content = [*(self._showing.parts(frames) if frames else []), {"type": "text", "text": prompt}]
        return str(
            self.tokenizer.apply_chat_template(
                [{"role": "user", "content": content}], chat_template=self._template, tokenize=False, add_generation_prompt=True
            )
        )

    def _rehearse(self) -> Any:
        """Return the inputs of a clip. A clip and a frame alone may be shown in two ways."""
        frames = np.zeros((2, 64, 64, 3), np.uint8)
        try:
            if self._render("Describe it.", 0) in (self._render("Describe it.", 1), self._render("Describe it.", 2)):
                raise CheckpointError(f"the chat template in {self._folder} has no place for pictures: choose a model made for pictures and chat")
            self.encode([("Describe it.", frames[:1])])
            return self.encode([("Describe it.", frames)])
        except (*BROKEN, TemplateError) as error:
            raise CheckpointError(f"the processor in {self._folder} cannot prepare a picture with a prompt: {error} Fetch it again") from error


def _find_template(showing: Showing, folder: Path) -> str:
    template = showing.template.get("default") if isinstance(showing.template, dict) else showing.template
    if not template:
        raise CheckpointError(f"{folder} has no chat template (chat_template.jinja): choose the instruction-tuned form of the model")
    return str(template)
