"""A language model in this process: conversations in, replies out that cannot leave their JSON schema (paper section 3.3).

Imports PyTorch, transformers and llguidance; only `CausalLMConfig.load` imports this.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import torch
from jinja2 import TemplateError
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, LogitsProcessor, StoppingCriteria
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from action100m.errors import CheckpointError, ModelError
from action100m.models.base import ChatReply, ChatRequest, TokenUsage
from action100m.models.chat_template import ChatTemplate
from action100m.models.constrained import Row, SchemaDecoder
from action100m.models.thinking import end_of_thinking
from action100m.models.token_batches import group_by_tokens
from action100m.models.weights import BROKEN, check_room, choose_device, load_weights
from action100m.text import mend

if TYPE_CHECKING:
    from action100m.models.causal_lm import CausalLMConfig

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
        self._config, self._tokenizer = config, _load_tokenizer(folder)
        self._template = ChatTemplate(self._tokenizer, thinking=config.thinking)
        self._thinking = self._template.find_thinking() if config.thinking_end is None else end_of_thinking(config.thinking_end)
        with _explain_out_of_memory():
            self._model = _load_model(folder, device, dtype)
        settings = self._model.config.get_text_config()
        self._context: int | None = getattr(settings, "max_position_embeddings", None)
        self._ends = _end_tokens(self._model, self._tokenizer)
        self._decoder = SchemaDecoder(self._tokenizer, width=settings.vocab_size, ends=self._ends)
        self._model.generation_config = _SETTINGS()  # or its penalties and sampling would fill in what `_write` leaves open
        parameters: dict[str, float] = {"max_new_tokens": config.max_new_tokens}
        if config.temperature > 0:
            parameters |= {"temperature": config.temperature, "seed": config.seed}
        self.name = " ".join(["causal_lm", name, str(dtype).removeprefix("torch."), *(f"{key}={value}" for key, value in parameters.items())])

    def chat(self, requests: Sequence[ChatRequest]) -> Iterator[ChatReply]:
        """Answer the requests in batches of about the same length, the longest first.

        Raises:
            ModelError: memory is short, a value left the range of the precision, or a schema cannot be followed.
        """
        prompts = [self._read(request) for request in requests]
        yield from (prompt for prompt in prompts if isinstance(prompt, ChatReply))
        rest = [prompt for prompt in prompts if isinstance(prompt, _Prompt)]
        lengths = [len(prompt.tokens) + self._config.max_new_tokens for prompt in rest]
        for batch in group_by_tokens(lengths, budget=self._config.batch_tokens):
            yield from self._answer([rest[place] for place in batch])

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

    def _answer(self, batch: Sequence[_Prompt]) -> Iterator[ChatReply]:
        started = perf_counter()
        rows = [self._decoder.start(prompt.request.schema, limit=prompt.room, thinking=self._thinking) for prompt in batch]
        self._write(batch, rows)
        seconds = perf_counter() - started
        for prompt, row in zip(batch, rows, strict=True):
            yield self._reply(prompt, row, seconds)

    def _write(self, batch: Sequence[_Prompt], rows: Sequence[Row]) -> None:
        """Let the model write all rows to their ends."""
        longest = max(len(prompt.tokens) for prompt in batch)
        pad = self._ends[0]  # masked out; a tokenizer's own may be missing, or one that the model does not know
        padding = [longest - len(prompt.tokens) for prompt in batch]
        tokens = torch.tensor([[pad] * empty + prompt.tokens for empty, prompt in zip(padding, batch, strict=True)])
        mask = torch.tensor([[0] * empty + [1] * (longest - empty) for empty in padding])
        settings = _SETTINGS(max_new_tokens=max(prompt.room for prompt in batch), do_sample=False, pad_token_id=pad)
        steering = _Steering(self._decoder, rows, [self._chance(prompt.request) for prompt in batch], temperature=self._config.temperature)
        with _explain_out_of_memory(), torch.inference_mode():
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
        digest = sha256(json.dumps([self._config.seed, *asked], sort_keys=True).encode()).digest()
        return torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))

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


def _load_tokenizer(folder: Path) -> Any:
    if not (folder / "tokenizer.json").is_file():  # transformers may go on with an empty vocabulary
        raise CheckpointError(f"{folder} has no tokenizer.json: fetch the whole checkpoint, or choose one that has it")
    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (*BROKEN, ImportError) as error:  # a broken file is read as one of another format, which needs another package
        raise CheckpointError(f"cannot load the tokenizer of {folder}: {error} Fetch it again") from error


def _load_model(folder: Path, device: torch.device, dtype: torch.dtype) -> Any:
    """Return the language model in a folder, on its device."""
    _check_architecture(folder)
    check_room(folder, device, dtype, kind="causal_lm")
    try:
        model = load_weights(AutoModelForCausalLM, folder, dtype)
    except ImportError as error:
        raise CheckpointError(f"the weights in {folder} are of a format that needs another package: {error}. Choose plain weights") from error
    return model.requires_grad_(False).eval().to(device)


def _check_architecture(folder: Path) -> None:
    """Refuse another kind of model: transformers would load what parts of it a language model has, and fill the rest with random values."""
    path = folder / "config.json"
    try:
        names = json.loads(path.read_text(encoding="utf-8"))["architectures"]
        known = names[0] in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values()
    except (OSError, ValueError, TypeError, LookupError) as error:
        raise CheckpointError(f"cannot read the checkpoint's {path}: {error}. Fetch the whole checkpoint") from error
    if not known:
        raise CheckpointError(f"{path} is of {', '.join(names)}, which is no language model that this transformers knows: choose another checkpoint")


def _end_tokens(model: Any, tokenizer: Any) -> list[int]:
    """Return the tokens that end a reply, by the tokenizer and by the checkpoint's settings for generation."""
    known = model.generation_config.eos_token_id
    ends = {tokenizer.eos_token_id, *(known if isinstance(known, list) else [known])} - {None}
    if not ends:
        raise CheckpointError(f"{tokenizer.name_or_path} names no token that ends a reply: set eos_token in its tokenizer_config.json")
    return sorted(ends)


@contextmanager
def _explain_out_of_memory() -> Iterator[None]:
    try:
        yield
    except torch.OutOfMemoryError as error:
        cure = "set a smaller causal_lm.batch_tokens or max_new_tokens, or choose a smaller model"
        raise ModelError(f"the GPU's memory is full: {cure}. {error}") from error


class _Steering(LogitsProcessor):
    """Lets the likeliest allowed token win, or, at a temperature, one that is drawn: every row has its own source of chance."""

    def __init__(self, decoder: SchemaDecoder, rows: Sequence[Row], chances: Sequence[torch.Generator], *, temperature: float) -> None:
        self._decoder, self._rows, self._chances, self._temperature = decoder, rows, chances, temperature

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        if scores.isnan().any():
            raise ModelError("the language model gave NaN: set causal_lm.dtype to 'bfloat16' or 'float32', whose range is larger")
        allowed = torch.from_numpy(self._decoder.allow(self._rows)).to(scores.device)
        scores = scores.masked_fill(~allowed, float("-inf"))
        return self._draw(scores) if self._temperature > 0 else scores

    def _draw(self, scores: torch.Tensor) -> torch.Tensor:
        """Return scores in which only the drawn tokens are left.

        One draw a row, looked up in the cumulative probabilities: noise for each of 150,000 tokens would cost more than a small model's step.
        """
        reach = torch.softmax(scores.double() / self._temperature, 1).cumsum(1)
        shares = torch.stack([torch.rand((), generator=chance, dtype=torch.float64) for chance in self._chances]).to(scores.device)
        drawn = torch.searchsorted(reach, (shares * reach[:, -1])[:, None], right=True).clamp_max(scores.shape[1] - 1)
        return torch.full_like(scores, float("-inf")).scatter_(1, drawn, 0.0)


class _Taking(StoppingCriteria):
    """Hands every new token to its row, which knows when it has ended."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **_: Any) -> torch.Tensor:
        for row, token in zip(self._rows, input_ids[:, -1].tolist(), strict=True):
            row.take(token)
        return torch.tensor([row.has_ended for row in self._rows], device=input_ids.device)
