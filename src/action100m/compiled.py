"""Compile a loop over numbers with numba. For modules that are imported only where they run: numba takes a third of a second to import."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

_Function = TypeVar("_Function", bound=Callable[..., Any])


def compiled(function: _Function) -> _Function:
    """Compile on the first call, or load what an earlier process compiled.

    A function may use constants of its own file only: what was compiled is taken for outdated when that file changes, and no other.

    It runs without the interpreter's lock, so that a video is decoded meanwhile. No fastmath: fused multiply-adds and reordered sums would make the
    last digit depend on the machine.
    """
    try:
        return cast(_Function, njit(cache=True, nogil=True)(function))
    except RuntimeError:  # neither the package's folder nor the user's cache folder can be written: compile in every process
        return cast(_Function, njit(nogil=True)(function))
