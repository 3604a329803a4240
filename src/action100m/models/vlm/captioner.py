"""A vision-language model at work: frames and a prompt in, a caption out (paper section 3.2).

Requests share a batch as far as a budget of tokens allows. In float32 a caption does not depend on the requests beside it. Imports PyTorch and
transformers; only `VlmConfig.load` imports this.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from transformers import AutoModelForImageTextToText, GenerationConfig
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

from action100m.errors import CheckpointError, ModelError
from action100m.models.base import CaptionReply, CaptionRequest, Evidence, TokenUsage
from action100m.models.local.checkpoint import read_architecture
from action100m.models.local.generation import chance_of, generate
from action100m.models.local.token_batches import TokenBatches
from action100m.models.local.tokenizer import find_ends
from action100m.models.local.weights import check_room, choose_device, load_weights, place
from action100m.models.repetition import find_loop
from action100m.models.vlm.processor import Ask, VlmProcessor

if TYPE_CHECKING:
    from action100m.models.vlm.config import VlmConfig

_SENTENCE_ENDS = (".", "!", "?", "。")


@dataclass(frozen=True, slots=True)
class _Row:
    """A request that waits for its batch."""

    request: CaptionRequest
    ask: Ask
    prompt_tokens: int


class VlmCaptioner:
    """Captioner of the protocol in `models.base`."""

    evidence: Evidence = "frames"
    is_free = False

    def __init__(self, folder: Path, config: VlmConfig, *, name: str) -> None:
        """Load a checkpoint's folder.

        Raises:
            CheckpointError: weights, config, processor or chat template are missing, broken, or of another kind of model.
            ModelError: there is no such device, or not enough memory on it.
        """
        self._config = config
        self._device, dtype = choose_device(config.device, config.dtype, kind=config.kind, half="bfloat16")
        self._processor = VlmProcessor(folder, kind=_read_kind(folder), tiles=config.tiles)
        check_room(folder, self._device, dtype, kind=config.kind)
        self._model = place(_load_model(folder, dtype), self._device, kind=config.kind)
        self._ends = find_ends(self._model, self._processor.tokenizer)
        self._model.generation_config = GenerationConfig()  # type: ignore[no-untyped-call]  # how its authors draw tokens is let go
        self._context = getattr(self._model.config.get_text_config(), "max_position_embeddings", None)
        self._batches = TokenBatches(config.batch_tokens)
        self._dtype = dtype
        self.name = f"vlm {name} {str(dtype).removeprefix('torch.')}, at most {config.max_new_tokens} tokens at temperature {config.temperature:g}"

    def caption(self, requests: Iterable[CaptionRequest]) -> Iterator[CaptionReply]:
        """Yield the replies of a batch as soon as its last one is written.

        Raises:
            ModelError: the GPU's memory is too small for a single request.
        """
        rows = [self._measure(request) for request in requests]
        problems = [self._too_long(row) for row in rows]
        for row, problem in zip(rows, problems, strict=True):
            if problem:
                yield CaptionReply(row.request.node, row.request.field, "", problem=problem)
        fitting = [row for row, problem in zip(rows, problems, strict=True) if not problem]
        for company in sorted({self._processor.company(row.ask) for row in fitting}):
            kin = [row for row in fitting if self._processor.company(row.ask) == company]
            for batch, written, seconds in self._batches.work(kin, length=self._length, write=self._write):
                yield from (self._reply(row, tokens, seconds) for row, tokens in zip(batch, written, strict=True))

    def _measure(self, request: CaptionRequest) -> _Row:
        if request.frames is None:
            raise ModelError(f"{self.name} looks at frames, but the request for {request.field} of {request.node} has none")
        ask = (request.prompt, request.frames.data)
        return _Row(request, ask, self._processor.count(ask))

    def _length(self, row: _Row) -> int:
        return row.prompt_tokens + self._config.max_new_tokens

    def _too_long(self, row: _Row) -> str | None:
        if self._context is None or self._length(row) <= self._context:
            return None
        return (
            f"{row.prompt_tokens} tokens of frames and prompt and {self._config.max_new_tokens} of the caption do not fit the model's context of "
            f"{self._context}: lower caption.frames, caption.size or vlm.max_new_tokens"
        )

    def _write(self, rows: Sequence[_Row]) -> list[list[int]]:
        """Return the new tokens of each row.

        Raises:
            torch.OutOfMemoryError: the GPU's memory does not hold so many rows.
            ModelError: it does not hold one.
        """
        try:
            return self._generate(rows)
        except torch.OutOfMemoryError as error:
            if len(rows) > 1:
                raise
            raise ModelError(
                f"the GPU's memory is too small for one request of {rows[0].prompt_tokens} tokens and {len(rows[0].ask[1])} frames: lower "
                f"caption.frames, caption.size or vlm.max_new_tokens, or choose a smaller vlm.checkpoint. {error}"
            ) from error

    def _generate(self, rows: Sequence[_Row]) -> list[list[int]]:
        return generate(
            self._model,
            self._processor.encode([row.ask for row in rows]).to(self._device, self._dtype),
            ends=self._ends,
            pad=self._processor.tokenizer.pad_token_id,
            max_new_tokens=self._config.max_new_tokens,
            temperature=self._config.temperature,
            chances=[chance_of(row.ask[0].encode(), np.ascontiguousarray(row.ask[1]).tobytes()) for row in rows],
        )

    def _reply(self, row: _Row, tokens: list[int], seconds: float) -> CaptionReply:
        problem, kept = None, len(tokens)
        if loop := find_loop(tokens):
            kept = self._end_of_round(tokens, loop.first_end)
            problem = f"it went round in a loop: the last {len(tokens) - loop.start} tokens repeat the same {loop.period}; its first round is kept"
        elif len(tokens) == self._config.max_new_tokens:
            problem = f"cut off at {len(tokens)} tokens"
        text, answered = self._processor.read(tokens[:kept])
        if not answered:
            problem = f"it was still thinking after {len(tokens)} tokens: raise vlm.max_new_tokens, or choose the model's instruct form"
        elif not text:
            problem = problem or "the model ended at once"
        usage = TokenUsage(input=row.prompt_tokens, output=len(tokens))
        return CaptionReply(row.request.node, row.request.field, text, usage, problem, seconds)

    def _end_of_round(self, tokens: list[int], end: int) -> int:
        """Return where to cut: a loop may begin at the full stop before its first word, and then its first round lacks its own."""
        return end + self._processor.decode(tokens[end : end + 1]).endswith(_SENTENCE_ENDS)


def _read_kind(folder: Path) -> str:
    kind, _ = read_architecture(folder)
    if kind not in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES:
        path = folder / "config.json"
        raise CheckpointError(f"{path} is of a {kind!r} model, which transformers does not know as one that makes text of pictures: choose another")
    return kind


def _load_model(folder: Path, dtype: torch.dtype) -> Any:
    try:
        return load_weights(AutoModelForImageTextToText, folder, dtype)
    except ImportError as error:
        raise CheckpointError(f"the model in {folder} needs a package that is not installed: {error} Install it, or choose another model") from error
