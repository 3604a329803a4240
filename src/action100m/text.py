"""Text from outside, as UTF-8 can hold it."""

from __future__ import annotations


def mend(text: str) -> str:
    """Join halves of surrogate pairs, and put U+FFFD for lone ones, which JSON, names of files and cut-off titles hold and no file can."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def one_line(text: str) -> str:
    """Return a text on one line, without what a terminal would obey: control characters, and marks that turn the direction of writing."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def plain_lines(text: str) -> str:
    """Return a text without what a terminal would obey, its line breaks aside."""
    return "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text)
