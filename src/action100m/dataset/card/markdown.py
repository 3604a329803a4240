"""Text of others in Markdown: shown as it is, and never as markup, a link or HTML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

_HARMLESS: Final = re.compile(r"[^\W_]|[ ,'()%?]|(?<=[^\W_])[._-](?=[^\W_])|[^\x00-\x7f]")
"""Letters, digits, and marks that begin no markup: a full stop, dash or underscore only within a word."""
_LONGEST: Final = 120
"""Characters of a title or uid that are shown."""


def escape(text: str, *, longest: int = _LONGEST) -> str:
    """Return a text on one line, cut to a length, whose letters Markdown and HTML take for nothing else.

    All punctuation that could begin markup becomes a character reference, so also a bare address does not turn into a link. What does not print
    (control characters, marks that turn the direction of writing) becomes a space.
    """
    plain = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    short = plain if len(plain) <= longest else plain[: longest - 1] + "…"
    is_address = "www." in short.lower()  # the one kind of link that begins without a mark
    return "".join(
        letter if _HARMLESS.match(short, place) and not (is_address and letter == ".") else f"&#{ord(letter)};" for place, letter in enumerate(short)
    )


def make_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table. Cells are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
