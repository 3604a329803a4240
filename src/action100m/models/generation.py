"""What we ask of transformers' generation: to stop a row that loops, and to draw tokens in a way that the rows beside it cannot change.

Imports PyTorch and transformers; only the modules that run a model import this.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import torch
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList, StoppingCriteria, StoppingCriteriaList

from action100m.models.repetition import find_loop

_EVERY: Final = 16
"""New tokens between two looks for loops: a look copies the rows from the GPU, which then waits."""


def generate(
    model: Any, inputs: Any, *, ends: frozenset[int], pad: int, max_new_tokens: int, temperature: float, seeds: Sequence[int]
) -> list[list[int]]:
    """Return the new tokens of each row, without the end token; a row of `max_new_tokens` was cut off, a shorter one may have been stopped in a loop.

    inputs: left-padded, on the model's device. ends: tokens that end a reply. seeds: one for each row; not used at temperature 0.
    """
    prompt = inputs["input_ids"].shape[1]
    watch = _LoopWatch(prompt, ends)
    settings = GenerationConfig(  # type: ignore[no-untyped-call]
        do_sample=False, num_beams=1, max_new_tokens=max_new_tokens, eos_token_id=sorted(ends), pad_token_id=pad, use_cache=True
    )
    draw = LogitsProcessorList([_SeededDraw(seeds, temperature)] if temperature else [])
    with torch.inference_mode():
        rows = model.generate(**inputs, generation_config=settings, logits_processor=draw, stopping_criteria=StoppingCriteriaList([watch]))
    return [_cut_at_end(row[: watch.stopped.get(place)], ends) for place, row in enumerate(rows[:, prompt:].tolist())]


def _cut_at_end(row: list[int], ends: frozenset[int]) -> list[int]:
    return row[: next((place for place, token in enumerate(row) if token in ends), len(row))]


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


class _SeededDraw(LogitsProcessor):
    """Adds Gumbel noise, so that the likeliest token is a draw at a temperature; each row has its own stream of random numbers."""

    def __init__(self, seeds: Sequence[int], temperature: float) -> None:
        self._streams = [torch.Generator().manual_seed(seed) for seed in seeds]
        self._temperature = temperature

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        uniform = torch.stack([torch.rand(scores.shape[1], generator=stream, dtype=torch.float64) for stream in self._streams])
        noise = -(-uniform.clamp_min(1e-300).log()).log()
        return scores.float() / self._temperature + noise.to(scores.device, torch.float32)
