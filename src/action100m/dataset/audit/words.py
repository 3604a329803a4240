"""The content words of a text, reduced to stems: "whisks three Eggs" and "3 eggs are whisked" are both {3, egg, whisk}.

A light stemmer, no language model: verbs through the list of `models.verbs`, the rest by their endings, numbers by their value. Function words, and
words that speak of the picture as a picture ("the video shows"), are left out: they say nothing about what is seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from action100m.models.verbs import look_up, words

TOKEN: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)?")

FUNCTION_WORDS: Final = words(
    """
    a about above across after again against all almost along already also although always am among an and another any anything are around as at away
    be became because become becomes been before begin begins behind being below beneath beside besides between beyond both but by can cannot could
    did do does doing done down during each either else enough etc even every everything few finally first for from further gets getting go goes going
    got had has have having he her here hers herself him himself his how however i if in inside instead into is it its itself just last later least
    less let like likely made main mainly many may maybe me might more most mostly much must my near nearby neither next no nobody none nor not
    nothing now of off often on once one only onto or other others our out outside over own part per perhaps possibly quite rather really s
    same several she
    should since so some somebody someone something sometimes soon still such t than that the their theirs them themselves then there these they thing
    things this those though through throughout thus to together too toward towards under underneath until up upon us use used uses using various very
    via was way we well were what when where whether which while who whole whose why will with within without would yet you your yours yourself
    don't doesn't didn't isn't aren't can't it's that's i'm we're you're they're i'll we'll let's there's he's she's ok okay um uh yeah
    """
)
"""They carry no content of their own."""

PICTURE_WORDS: Final = words(
    """
    appear appears appearing background briefly brief camera capture captured captures center centered clip close continue continues closeup
    depict depicted depicting depicts detail detailed display displayed displaying displays end ending ends entire feature featured features featuring
    focus focused focusing follow followed following follows foreground frame frames image images indicate indicates indicating key mood opens overall
    photo photograph picture present presents scene scenes screen seem seems segment sequence setting shot shots show showcase showcases showcasing
    showing shown shows start starting starts suggest suggesting suggests text title video view viewer viewers viewed views visible visual words
    """
)
"""They speak of the picture, or of what it does to its viewer."""

_WRITTEN_OUT: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
NUMBERS: Final = {word: str(value) for value, word in enumerate(_WRITTEN_OUT)}
"""Written out -> digits."""

_IRREGULAR: Final = {
    "men": "man",
    "women": "woman",
    "children": "child",
    "people": "person",
    "feet": "foot",
    "teeth": "tooth",
    "leaves": "leaf",
    "knives": "knife",
    "loaves": "loaf",
    "grey": "gray",
    "colour": "color",
    "coloured": "colored",
}
_VOWELS: Final = frozenset("aeiouy")


def find_words(text: str) -> list[str]:
    """Return the words of a text in lower case, in order."""
    return TOKEN.findall(text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))


def content_words(text: str) -> frozenset[str]:
    """Return the stems of the content words of a text."""
    return frozenset(filter(None, map(_content_stem, find_words(text))))


def content_sequence(text: str) -> Iterator[str]:
    """Yield the stems of the content words of a text in order, each as often as it is there."""
    return filter(None, map(_content_stem, find_words(text)))


@lru_cache(1 << 17)  # distinct words of many videos
def _content_stem(word: str) -> str:
    """Return the stem of a word, or "" where it has no content."""
    if word in NUMBERS and word != "one":
        return NUMBERS[word]
    if word in FUNCTION_WORDS or word in PICTURE_WORDS or (len(word) == 1 and not word.isdigit() and word.isascii()):
        return ""
    return stem(word)


@lru_cache(1 << 17)
def stem(word: str) -> str:
    """Return the stem of a lower-case word: "baking", "bakes" and "bake" are all "bak"."""
    word = word.removesuffix("'s")
    word = _IRREGULAR.get(word, word)
    verb = look_up(word)
    return _strip(verb[0]) if verb else _strip(_singular(word))


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "xes", "ches", "shes", "zes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _strip(word: str) -> str:
    """Take off the endings of verbs and adverbs, and what a base form has instead of them."""
    for ending in ("ing", "ed", "ly"):
        rest = word.removesuffix(ending)
        if rest != word and len(rest) > 2 and _VOWELS.intersection(rest):
            doubled = ending != "ly" and rest[-1] == rest[-2] and rest[-1] not in "lsz"
            word = rest[:-1] if doubled else rest
            break
    if len(word) > 3 and word.endswith("e"):
        word = word[:-1]
    return word[:-1] + "i" if len(word) > 3 and word.endswith("y") else word
