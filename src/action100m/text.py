"""Text from outside, as UTF-8 can hold it."""

from __future__ import annotations


def mend(text: str) -> str:
    """Join halves of surrogate pairs, and put U+FFFD for lone ones, which JSON, names of files and cut-off titles hold and no file can."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
