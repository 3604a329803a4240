"""How a model thinks before it answers, found from its chat template, so that its thoughts are kept apart from its answer.

    Qwen3, DeepSeek-R1     <think> thoughts </think> answer
    gpt-oss (harmony)      <|channel|>analysis<|message|> thoughts <|end|> ... <|channel|>final<|message|> answer

Some open their thoughts themselves, when they want to think; for others the template has opened them; harmony always names its channel first.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_OPEN, _CLOSE = "<think>", "</think>"
_HARMONY_FINAL: Final = r"<\|channel\|>final[^<]*(<\|constrain\|>[^<]*)?<\|message\|>"
_HARMONY_MESSAGE: Final = re.compile(r"<\|message\|>(.*?)(?:<\|end\|>|<\|start\|>|<\|channel\|>|$)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Thinking:
    """What opens and what ends a model's thoughts."""

    end: re.Pattern[str]
    """The answer starts after it."""
    opening: int | None = None
    """Token with which the model may begin to think; it answers at once when it begins otherwise. None: it thinks from its first token."""

    def count(self, tokens: Sequence[int], *, decode: Callable[[Sequence[int]], str]) -> int | None:
        """Return how many tokens at the beginning are thoughts, the mark that ends them included; None where they do not end.

        decode: must keep special tokens.
        """

        def ends_within(count: int) -> bool:
            return self.end.search(decode(tokens[:count])) is not None

        return bisect_left(range(len(tokens)), True, key=ends_within) if ends_within(len(tokens)) else None

    def read(self, text: str) -> str:
        """Return the thoughts in what was written before the answer, without the marks around them."""
        if "<|message|>" in text:
            text = "\n".join(_HARMONY_MESSAGE.findall(self.end.sub("", text)))
        return self.end.sub("", text).strip().removeprefix(_OPEN).strip()


def end_of_thinking(marker: str) -> Thinking:
    """Return how a model thinks whose thoughts end with a given text."""
    return Thinking(re.compile(re.escape(marker)))


def find_thinking(template: str, turn: str, vocabulary: Mapping[str, int]) -> Thinking | None:
    """Return how a model thinks, or None for one that answers at once.

    turn: the end of a rendered prompt, from which the model goes on to write; it may have opened the thoughts, or have opened and closed them.
    """
    if {"<|channel|>", "<|message|>"} <= vocabulary.keys() and "<|channel|>" in template:
        return Thinking(re.compile(_HARMONY_FINAL))
    if turn.rfind(_OPEN) > turn.rfind(_CLOSE):
        return end_of_thinking(_CLOSE)
    if _CLOSE in turn or _OPEN not in vocabulary or _CLOSE not in template:
        return None
    return Thinking(re.compile(re.escape(_CLOSE)), opening=vocabulary[_OPEN])
