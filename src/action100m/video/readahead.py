"""Make items in a thread while the reader works on those made before.

Decoding leaves Python's global lock, so it runs beside the conversion and measuring of earlier pictures.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator
from contextlib import closing
from typing import Final, TypeVar

T = TypeVar("T")

_DEPTH: Final = 4
"""Items made ahead. Enough to even out costly frames; 4 pictures of 4K, 10 bits, are 100 MB."""


class _End:
    """The last item in the queue: what the maker ended with."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def read_ahead(items: Generator[T], *, depth: int = _DEPTH) -> Generator[T]:
    """Yield the items, made up to `depth` ahead in a thread that ends with this generator, closed early or not.

    Raises:
        Whatever making an item raises, at its place in the order.
    """
    made: queue.Queue[T | _End] = queue.Queue(depth)
    stop = threading.Event()
    maker = threading.Thread(target=_make, args=(items, made, stop), name="action100m-decode", daemon=True)
    maker.start()
    try:
        while not isinstance(item := made.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        stop.set()
        while maker.is_alive():
            _drain(made)
            maker.join(0.01)


def _make(items: Generator[T], made: queue.Queue[T | _End], stop: threading.Event) -> None:
    error: BaseException | None = None
    try:
        with closing(items):
            for item in items:
                made.put(item)
                if stop.is_set():
                    break
    except BaseException as caught:  # noqa: BLE001  raised again in the reader's thread
        error = caught
    made.put(_End(error))


def _drain(made: queue.Queue[T | _End]) -> None:
    try:
        while True:
            made.get_nowait()
    except queue.Empty:
        return
