"""What we ask of transformers' generation: to stop a row that loops, and to draw tokens in a way that the rows beside it cannot change.

Imports PyTorch and transformers; only the modules that run a model import this.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final

import torch
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList, StoppingCriteria, StoppingCriteriaList

from action100m.models.repetition import find_loop

_EVERY: Final = 16
"""New tokens between two looks for loops: a look copies the rows from the GPU, which then waits."""


def generate(
    model: Any, inputs: Any, *, ends: Sequence[int], pad: int, max_new_tokens: int, temperature: float, chances: Sequence[torch.Generator]
) -> list[list[int]]:
    """Return the new tokens of each row, without the end token; a row of `max_new_tokens` was cut off, a shorter one may have been stopped in a loop.

    inputs: left-padded, on the model's device. ends: tokens that end a reply. chances: one for each row; not used at temperature 0.
    """
    prompt = inputs["input_ids"].shape[1]
    watch = _LoopWatch(prompt, frozenset(ends))
    settings = GenerationConfig(  # type: ignore[no-untyped-call]
        do_sample=False, num_beams=1, max_new_tokens=max_new_tokens, eos_token_id=list(ends), pad_token_id=pad, use_cache=True
    )
    processors = LogitsProcessorList([_Draw(chances, temperature)] if temperature else [])
    with torch.inference_mode():
        rows = model.generate(**inputs, generation_config=settings, logits_processor=processors, stopping_criteria=StoppingCriteriaList([watch]))
    return [_cut_at_end(row[: watch.stopped.get(place)], ends) for place, row in enumerate(rows[:, prompt:].tolist())]


def _cut_at_end(row: list[int], ends: Sequence[int]) -> list[int]:
    return row[: next((place for place, token in enumerate(row) if token in ends), len(row))]


def chance_of(*asked: bytes) -> torch.Generator:
    """Return the source of chance of one request: it depends on what is asked, and on nothing beside it."""
    total = sha256()
    for part in asked:
        total.update(sha256(part).digest())
    return torch.Generator().manual_seed(int.from_bytes(total.digest()[:7]))


def draw(scores: torch.Tensor, chances: Sequence[torch.Generator], *, temperature: float) -> torch.Tensor:
    """Return scores (rows, tokens) in which only a drawn token of each row is left.

    One draw a row, looked up in the cumulative probabilities: noise for each of 150,000 tokens would cost more than a small model's step.
    """
    reach = torch.softmax(scores.double() / temperature, 1).cumsum(1)
    shares = torch.stack([torch.rand((), generator=chance, dtype=torch.float64) for chance in chances]).to(scores.device)
    drawn = torch.searchsorted(reach, (shares * reach[:, -1])[:, None], right=True).clamp_max(scores.shape[1] - 1)
    return torch.full_like(scores, float("-inf")).scatter_(1, drawn, 0.0)


class _LoopWatch(StoppingCriteria):
    """Ends rows that went round in a loop, and notes how many new tokens each had."""

    def __init__(self, prompt: int, ends: frozenset[int]) -> None:
        self.stopped: dict[int, int] = {}
        self._prompt, self._ends = prompt, ends

    def __call__(self, input_ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
        written = input_ids.shape[1] - self._prompt
        if written % _EVERY == 0:
            for place, row in enumerate(input_ids[:, self._prompt :].tolist()):
                ended = place in self.stopped or not self._ends.isdisjoint(row)  # what follows in such a row is padding
                if not ended and find_loop(row):
                    self.stopped[place] = written
        return torch.tensor([place in self.stopped for place in range(len(input_ids))], device=input_ids.device)


class _Draw(LogitsProcessor):
    """Lets a drawn token be the likeliest; each row has its own source of chance."""

    def __init__(self, chances: Sequence[torch.Generator], temperature: float) -> None:
        self._chances, self._temperature = chances, temperature

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        return draw(scores, self._chances, temperature=self._temperature)
