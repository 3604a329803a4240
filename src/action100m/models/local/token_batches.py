"""Batches by tokens, not by count: as many rows as a budget holds when all are padded to the longest, and fewer once memory has run out.

Imports PyTorch; only the modules that run a model import this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from time import perf_counter
from typing import TypeVar

import torch

Row = TypeVar("Row")
Made = TypeVar("Made")


class TokenBatches:
    """Takes rows through a model, batch by batch."""

    def __init__(self, budget: int) -> None:
        """budget: tokens in memory at once, rows times the longest. A row that is longer goes alone."""
        self._budget = budget

    def work(
        self, rows: Sequence[Row], *, length: Callable[[Row], int], write: Callable[[Sequence[Row]], Made]
    ) -> Iterator[tuple[Sequence[Row], Made, float]]:
        """Yield each batch with what `write` made of it and the seconds that took.

        The longest come first: rows of like length share a batch, so little is padded, and memory that does not suffice is seen at once. A batch that
        does not fit the GPU is halved, and no later one is larger.

        Raises:
            torch.OutOfMemoryError: a row does not fit alone.
        """
        waiting = sorted(rows, key=length, reverse=True)
        while waiting:
            longest = length(waiting[0])
            batch = waiting[: max(1, self._budget // longest)]
            started = perf_counter()
            try:
                made = write(batch)
            except torch.OutOfMemoryError:
                if len(batch) == 1:
                    raise
                self._budget = (len(batch) + 1) // 2 * longest
            else:
                yield batch, made, perf_counter() - started
                waiting = waiting[len(batch) :]
                continue
            torch.cuda.empty_cache()  # not above, where the traceback holds the tensors
