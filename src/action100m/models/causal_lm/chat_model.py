"""A language model in this process: conversations in, replies out that cannot leave their JSON schema (paper section 3.3).

Imports PyTorch, transformers and llguidance; only `CausalLMConfig.load` imports this.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import torch
from jinja2 import TemplateError
from transformers import AutoModelForCausalLM, GenerationConfig, LogitsProcessor, StoppingCriteria
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from action100m.errors import CheckpointError, ModelError
from action100m.models.base import ChatReply, ChatRequest, TokenUsage
from action100m.models.causal_lm.chat_template import ChatTemplate
from action100m.models.causal_lm.constrained import Row, SchemaDecoder
from action100m.models.local.checkpoint import read_architecture
from action100m.models.local.generation import chance_of, draw
from action100m.models.local.thinking import end_of_thinking
from action100m.models.local.token_batches import TokenBatches
from action100m.models.local.tokenizer import find_ends, load_tokenizer
from action100m.models.local.weights import check_room, choose_device, load_weights, place
from action100m.text import mend

if TYPE_CHECKING:
    from action100m.models.causal_lm.config import CausalLMConfig

_SETTINGS: Final[Any] = GenerationConfig
"""Its constructor has no types."""
_CUT_OFF: Final = "the reply was cut off at the limit of tokens; think and write more briefly"


@dataclass(frozen=True, slots=True)
class _Prompt:
    request: ChatRequest
    tokens: list[int]
    room: int
    """Most tokens that the reply may have."""


class CausalLM:
    """Chat model of the protocol in `models.base`. In float32 a reply does not depend on the requests beside it."""

    is_free = False

    def __init__(self, folder: Path, config: CausalLMConfig, *, name: str) -> None:
        """Load a checkpoint's folder.

        Raises:
            CheckpointError: weights, config, tokenizer or chat template are missing, broken, or do not fit.
            ConfigError: a setting does not fit the chat template.
            ModelError: there is no such device, or not enough memory on it.
        """
        device, dtype = choose_device(config.device, config.dtype, kind=config.kind, half="bfloat16")
        self._config, self._tokenizer, self._batches = config, load_tokenizer(folder), TokenBatches(config.batch_tokens)
        self._template = ChatTemplate(self._tokenizer, thinking=config.thinking)
        self._thinking = self._template.find_thinking() if config.thinking_end is None else end_of_thinking(config.thinking_end)
        self._model = _load_model(folder, device, dtype)
        settings = self._model.config.get_text_config()
        self._context: int | None = getattr(settings, "max_position_embeddings", None)
        self._ends = find_ends(self._model, self._tokenizer)
        self._decoder = SchemaDecoder(self._tokenizer, width=settings.vocab_size, ends=self._ends)
        self._model.generation_config = _SETTINGS()  # or its penalties and sampling would fill in what `_write` leaves open
        parameters: dict[str, float] = {"max_new_tokens": config.max_new_tokens}
        if config.temperature > 0:
            parameters |= {"temperature": config.temperature, "seed": config.seed}
        self.name = " ".join(["causal_lm", name, str(dtype).removeprefix("torch."), *(f"{key}={value}" for key, value in parameters.items())])

    def chat(self, requests: Iterable[ChatRequest]) -> Iterator[ChatReply]:
        """Answer the requests in batches of about the same length, the longest first.

        Raises:
            ModelError: memory is short for a single one, a value left the range of the precision, or a schema cannot be followed.
        """
        prompts = [self._read(request) for request in requests]
        yield from (prompt for prompt in prompts if isinstance(prompt, ChatReply))
        rest = [prompt for prompt in prompts if isinstance(prompt, _Prompt)]
        for batch, rows, seconds in self._batches.work(rest, length=self._length, write=self._answer):
            yield from (self._reply(prompt, row, seconds) for prompt, row in zip(batch, rows, strict=True))

    def _length(self, prompt: _Prompt) -> int:
        return len(prompt.tokens) + self._config.max_new_tokens

    def _read(self, request: ChatRequest) -> _Prompt | ChatReply:
        """Return the prompt of a request, or the reply that says why there is none."""
        try:
            text = self._template.render(request.messages, effort=request.effort)
        except TemplateError as error:
            return ChatReply(request.node, "", problem=f"the model's chat template refuses the conversation: {error}", ask_again=False)
        tokens = self._tokenizer(mend(text), add_special_tokens=False)["input_ids"]  # the template has written them
        room = self._config.max_new_tokens if self._context is None else min(self._config.max_new_tokens, self._context - len(tokens))
        if room <= 0:
            problem = f"the request has {len(tokens)} tokens, and the model's context holds {self._context}"
            return ChatReply(request.node, "", problem=problem, ask_again=False)
        return _Prompt(request, tokens, room)

    def _answer(self, batch: Sequence[_Prompt]) -> list[Row]:
        """Return a finished row for each prompt.

        Raises:
            torch.OutOfMemoryError: the GPU's memory does not hold so many.
            ModelError: it does not hold one, a value left the range of the precision, or a schema cannot be followed.
        """
        rows = [self._decoder.start(prompt.request.schema, limit=prompt.room, thinking=self._thinking) for prompt in batch]
        try:
            self._write(batch, rows)
        except torch.OutOfMemoryError as error:
            if len(batch) > 1:
                raise
            raise ModelError(
                f"the GPU's memory is too small for one conversation of {len(batch[0].tokens)} tokens: lower annotate.context_tokens or "
                f"causal_lm.max_new_tokens, or choose a smaller causal_lm.checkpoint. {error}"
            ) from error
        return rows

    def _write(self, batch: Sequence[_Prompt], rows: Sequence[Row]) -> None:
        """Let the model write all rows to their ends."""
        longest = max(len(prompt.tokens) for prompt in batch)
        pad = self._ends[0]  # masked out; a tokenizer's own may be missing, or one that the model does not know
        padding = [longest - len(prompt.tokens) for prompt in batch]
        tokens = torch.tensor([[pad] * empty + prompt.tokens for empty, prompt in zip(padding, batch, strict=True)])
        mask = torch.tensor([[0] * empty + [1] * (longest - empty) for empty in padding])
        settings = _SETTINGS(max_new_tokens=max(prompt.room for prompt in batch), do_sample=False, pad_token_id=pad)
        steering = _Steering(self._decoder, rows, [self._chance(prompt.request) for prompt in batch], temperature=self._config.temperature)
        with torch.inference_mode():
            self._model.generate(
                tokens.to(self._model.device),
                attention_mask=mask.to(self._model.device),
                generation_config=settings,
                logits_processor=[steering],
                stopping_criteria=[_Taking(rows)],
            )

    def _chance(self, request: ChatRequest) -> torch.Generator:
        """Return the source of chance of one request, which depends on what is asked only."""
        asked = [[message.role, message.content] for message in request.messages], request.schema, request.effort
        return chance_of(json.dumps([self._config.seed, *asked], sort_keys=True).encode())

    def _reply(self, prompt: _Prompt, row: Row, seconds: float) -> ChatReply:
        text = self._tokenizer.decode(row.answer, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        thoughts = self._tokenizer.decode(row.thoughts, clean_up_tokenization_spaces=False)
        return ChatReply(
            prompt.request.node,
            text,
            TokenUsage(len(prompt.tokens), len(row.thoughts) + len(row.answer)),
            _find_problem(row),
            seconds=seconds,
            reasoning=self._thinking.read(thoughts) if self._thinking else "",
        )


def _find_problem(row: Row) -> str | None:
    if row.is_complete:
        return None
    if row.is_cut:
        return _CUT_OFF
    return "it left the schema" if row.answer else "it holds reasoning, but no answer"


def _load_model(folder: Path, device: torch.device, dtype: torch.dtype) -> Any:
    """Return the language model in a folder, on its device."""
    _check_architecture(folder)
    check_room(folder, device, dtype, kind="causal_lm")
    try:
        return place(load_weights(AutoModelForCausalLM, folder, dtype), device, kind="causal_lm")
    except ImportError as error:
        raise CheckpointError(f"the weights in {folder} are of a format that needs another package: {error}. Choose plain weights") from error


def _check_architecture(folder: Path) -> None:
    """Refuse another kind of model: transformers would load what parts of it a language model has, and fill the rest with random values."""
    kind, name = read_architecture(folder)
    if name not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values():
        path = folder / "config.json"
        raise CheckpointError(f"{path} is of a {name or kind}, which is no language model that this transformers knows: choose another checkpoint")


class _Steering(LogitsProcessor):
    """Lets the likeliest allowed token win, or, at a temperature, one that is drawn: every row has its own source of chance."""

    def __init__(self, decoder: SchemaDecoder, rows: Sequence[Row], chances: Sequence[torch.Generator], *, temperature: float) -> None:
        self._decoder, self._rows, self._chances, self._temperature = decoder, rows, chances, temperature

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        if scores.isnan().any():
            raise ModelError("the language model gave NaN: set causal_lm.dtype to 'bfloat16' or 'float32', whose range is larger")
        allowed = torch.from_numpy(self._decoder.allow(self._rows)).to(scores.device)
        scores = scores.masked_fill(~allowed, float("-inf"))
        return draw(scores, self._chances, temperature=self._temperature) if self._temperature > 0 else scores


class _Taking(StoppingCriteria):
    """Hands every new token to its row, which knows when it has ended."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **_: Any) -> torch.Tensor:
        for row, token in zip(self._rows, input_ids[:, -1].tolist(), strict=True):
            row.take(token)
        return torch.tensor([row.has_ended for row in self._rows], device=input_ids.device)
