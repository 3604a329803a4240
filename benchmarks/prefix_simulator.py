"""What a server with vLLM's prefix cache computes of each prompt, counted without a model.

vLLM (V1) keeps the keys and values of prompts in blocks of 16 tokens. A block is known by its own tokens and by all before it, so a prompt finds only
whole blocks, from its start, up to the first that is not there. Its last token is computed always, as its output is needed. When a request ends, its
blocks stay until room is needed: those that were least recently used go first, and of one request the last blocks before the first.

Requests are taken one after the other, each ended before the next. A server that runs many at once holds their blocks at the same time, and two with
the same beginning that arrive together may both compute it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence

BLOCK = 16
"""Tokens; vLLM's default on GPUs."""


class PrefixCache:
    """Blocks of the prompts sent so far, the least recently used first."""

    def __init__(self, capacity: int | None = None, *, block: int = BLOCK) -> None:
        """capacity: tokens; None is without limit."""
        self._capacity = None if capacity is None else capacity // block
        self._block = block
        self._held: OrderedDict[int, None] = OrderedDict()

    @property
    def held(self) -> int:
        """Tokens in the cache."""
        return len(self._held) * self._block

    def prefill(self, prompt: Sequence[int], written: Sequence[int] = ()) -> int:
        """Return how many tokens of a prompt are computed. written: what the model answers, which takes room in the cache too.

        Raises:
            ValueError: prompt and answer are longer than the cache.
        """
        keys = list(self._chain([*prompt, *written]))
        within = keys[: (len(prompt) - 1) // self._block]  # the block of the last token is computed again
        known = next((place for place, key in enumerate(within) if key not in self._held), len(within))
        self._hold(keys)
        return len(prompt) - known * self._block

    def _chain(self, tokens: Sequence[int]) -> Iterator[int]:
        """Yield a key for each whole block: a hash of the key before and of its tokens."""
        key = 0
        for start in range(0, len(tokens) - self._block + 1, self._block):
            key = hash((key, *tokens[start : start + self._block]))
            yield key

    def _hold(self, keys: list[int]) -> None:
        if self._capacity is not None and len(keys) > self._capacity:
            raise ValueError(f"a request of {len(keys)} blocks does not fit into a cache of {self._capacity}")
        for key in reversed(keys):  # so that the end of a prompt goes before its start, on which more depends
            self._held[key] = None
            self._held.move_to_end(key)
        while self._capacity is not None and len(self._held) > self._capacity:
            self._held.popitem(last=False)
