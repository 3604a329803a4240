"""Frames and a prompt into a model's inputs, by the checkpoint's own processor and chat template.

Processors of several models hold a part for video that cannot be made without torchvision. Frames are shown as pictures, so that part is never
used: where it cannot be made, the processor is put together without it. Imports transformers; only `models.vlm_captioner` imports this.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import TemplateError
from numpy.typing import NDArray
from PIL import Image
from transformers import AutoConfig, AutoImageProcessor, AutoProcessor, AutoTokenizer
from transformers.models.auto.processing_auto import PROCESSOR_MAPPING

from action100m.errors import CheckpointError, MissingPackageError
from action100m.models.thinking import find_thinking
from action100m.models.weights import BROKEN

Ask = tuple[str, NDArray[np.uint8]]
"""A prompt, and frames (n, h, w, 3)."""
_TILING = ("do_image_splitting", "crop_to_patches")
"""What image processors call the setting that cuts a picture into tiles."""


class VlmProcessor:
    """Makes inputs, and text of what the model writes."""

    def __init__(self, folder: Path, *, tiles: bool) -> None:
        """Load a checkpoint's processor and rehearse it on a black frame.

        Raises:
            CheckpointError: it is missing or broken, has no chat template, or the template has no place for pictures.
            MissingPackageError: it needs a package that is not installed.
        """
        self._folder, self._tiles = folder, tiles
        self._processor = _load(folder)
        self.tokenizer: Any = getattr(self._processor, "tokenizer", None)
        if self.tokenizer is None or not hasattr(self._processor, "image_processor"):
            raise CheckpointError(
                f"{folder} has no processor for pictures and text together: fetch the whole checkpoint, or choose an instruction model"
            )
        self._template = _find_template(self._processor, folder)
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
        pictures = [[Image.fromarray(frame) for frame in frames] for _, frames in asks]
        settings = _whole(self._processor.image_processor) if not self._tiles or len(asks[0][1]) > 1 else {}
        begun = self.tokenizer.bos_token and texts[0].startswith(self.tokenizer.bos_token)  # the template has written it, so the tokenizer must not
        return self._processor(
            text=texts, images=pictures, padding=True, return_tensors="pt", **({"add_special_tokens": False} if begun else {}), **settings
        )

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the text of new tokens."""
        return str(self.tokenizer.decode(tokens, skip_special_tokens=True)).strip()

    def read(self, tokens: Sequence[int]) -> tuple[str, bool]:
        """Return the caption among new tokens, without the thoughts before it, and whether the model got beyond its thoughts."""
        text = self.decode(tokens)
        if self._thinking is None:
            return text, True
        if mark := self._thinking.end.search(text):
            return text[mark.end() :].strip(), True
        thinks = self._thinking.opening is None or (len(tokens) > 0 and tokens[0] == self._thinking.opening)
        return ("", False) if thinks else (text, True)

    def _render(self, prompt: str, frames: int) -> str:
        content = [{"type": "image"}] * frames + [{"type": "text", "text": prompt}]
        return str(
            self.tokenizer.apply_chat_template(
                [{"role": "user", "content": content}], chat_template=self._template, tokenize=False, add_generation_prompt=True
            )
        )

    def _rehearse(self) -> Any:
        frame = np.zeros((1, 64, 64, 3), np.uint8)
        try:
            if self._render("Describe it.", 1) == self._render("Describe it.", 0):
                raise CheckpointError(f"the chat template in {self._folder} has no place for pictures: choose a model made for pictures and chat")
            return self.encode([("Describe it.", frame)])
        except (*BROKEN, TemplateError) as error:
            raise CheckpointError(f"the processor in {self._folder} cannot prepare a picture with a prompt: {error} Fetch it again") from error


def _load(folder: Path) -> Any:
    make: Any = AutoProcessor.from_pretrained
    try:
        try:
            return make(folder, local_files_only=True, trust_remote_code=False)
        except (ImportError, ValueError) as error:
            if "torchvision" not in str(error).lower():
                raise
            return _load_parts(folder)
    except (ImportError, *BROKEN) as error:
        raise _explain(error, folder) from error


def _load_parts(folder: Path) -> Any:
    """Return the checkpoint's processor without its part for video."""
    kind: Any = PROCESSOR_MAPPING[type(AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False))]
    sources: dict[str, Any] = {"image_processor": AutoImageProcessor, "tokenizer": AutoTokenizer}
    names = [name for name in kind.get_attributes() if name != "video_processor"]
    if missing := [name for name in names if name not in sources]:
        raise CheckpointError(f"the processor {kind.__name__} in {folder} needs a {missing[0]}, which is not for captions: choose another model")
    parts = [sources[name].from_pretrained(folder, local_files_only=True, trust_remote_code=False) for name in names]
    settings, _ = kind.get_processor_dict(folder, local_files_only=True)
    # transformers counts the parts that a processor's class names; this one names those that are there
    pictures: Any = type(kind.__name__, (kind,), {"get_attributes": classmethod(lambda cls: names)})
    return pictures.from_args_and_dict(parts, settings, video_processor=None)


def _explain(error: Exception, folder: Path) -> CheckpointError | MissingPackageError:
    reason = " ".join(str(error).split())
    if "num2words" in reason:
        return MissingPackageError("num2words", extra="vlm", needed_by="the processor of SmolVLM")
    if "torchvision" in reason.lower():
        return CheckpointError(
            f"the processor in {folder} prepares pictures with torchvision only: install the torchvision made for your PyTorch, or choose another "
            f"model. {reason}"
        )
    if isinstance(error, ImportError):
        return CheckpointError(f"the processor in {folder} needs a package that is not installed: {reason} Install it, or choose another model")
    return CheckpointError(f"cannot load the processor in {folder}: {reason} Fetch the whole checkpoint, with its tokenizer and processor")


def _whole(image_processor: Any) -> dict[str, Any]:
    """Return the settings by which pictures are not cut into tiles."""
    settings: dict[str, Any] = {name: False for name in _TILING if hasattr(image_processor, name)}
    if "do_image_splitting" in settings and (largest := getattr(image_processor, "max_image_size", None)):
        # SmolVLM enlarges pictures to 2048 pixels for its tiles; without tiles they end at 512, so straight there: 0.7 s a clip in place of 4.9
        settings["size"] = {"longest_edge": largest["longest_edge"]}
    return settings


def _find_template(processor: Any, folder: Path) -> str:
    template = getattr(processor, "chat_template", None) or processor.tokenizer.chat_template
    if isinstance(template, dict):
        template = template.get("default")
    if not template:
        raise CheckpointError(f"{folder} has no chat template (chat_template.jinja): choose the instruction-tuned form of the model")
    return str(template)
