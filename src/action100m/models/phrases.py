"""Find the action that running text tells of: "so now we're going to whisk the eggs" tells of "whisk the eggs".

No grammar model. A listed verb counts only where the words around it leave little doubt that it is a verb: somebody is going to, wants to or is
doing it, or a clause begins with it. What follows, up to where the next clause begins, is its object. Nothing is added: every word returned occurs
in the text, the verb in its base form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from action100m.models.verbs import LIGHT_VERBS, look_up, words

_INTENT: Final = words("going want wants need needs have has got like how try trying ready begin start started time sure continue remember way")
"""What comes before "to" where the verb after it is what somebody does. "To" alone tells a purpose ("to make it shine")."""
_MODALS: Final = words("gonna wanna gotta let's lets i'll we'll you'll they'll i'd we'd you'd please us")
_MODALS_OF_ANYTHING: Final = words("can will should must could would")
"""Need a person before them: "we can load it", not "the page will load"."""
_NEGATIONS: Final = words("never not cannot without")
_SPEAKERS: Final = words("i we you they")
_PAST_SPEAKERS: Final = words("i we they he she i've we've you've they've")
_BEING: Final = words("i'm we're you're they're he's she's am is are start started starts begin begins keep keeps by")
_PEOPLE: Final = words("somebody someone man men woman women person people boy boys girl girls child children chef cook hand hands player players")
_CAMERA: Final = words("camera shot view picture image frame video scene lens screen")
"""Their movements are no actions: "the camera is sliding to the left"."""
_SKIPPED: Final = words("just also now then first next finally really actually simply basically probably here all kind of sort uh um er")
"""May stand between a verb and the word that makes it one."""
_ARTICLES: Final = words("a an the one two three four")
_PARTICLES: Final = words("up down in out on off over together")
_PRONOUNS: Final = words("it them this these those everything")
_OPENERS: Final = (
    _ARTICLES | _PARTICLES | _PRONOUNS | words("your my our his her their its that some any all each both half another with into more enough")
)
"""What a verb can be followed by and a noun hardly: "mix the" against "mix is"."""
_PREPOSITIONS: Final = words("in into on onto to with from over under for at by through inside around between off until")
_TRAILING: Final = (_OPENERS - _PARTICLES - _PRONOUNS) | words("and or to for from of at by until very so")
"""No phrase ends with these."""
_STOPS: Final = words(
    "because so if when while that which who but then go before after since as i we you he she they it's that's there's there here i'm we're you're"
    " is are was were be will can could would should don't okay ok alright right now just well um uh gonna going like"
)
"""Where the next clause begins, or the talk loses its thread."""
_EMPTY_OBJECTS: Final = words("sure look care time advantage sense started")
"""Make sure, take a look, take care: no actions."""
_LONGEST_TAIL: Final = 14
_LONGEST_HEAD: Final = 6
_REMEMBERED: Final = 1 << 14
"""Clauses: those of a video of an hour."""
_TOKEN: Final = re.compile(r"[^\W_]+(?:['./-][^\W_]+)*|[.,;:!?()\"…—]")
_CLAUSE_START: Final = re.compile(r"(?<=[.!?])\s+|\s+(?=(?:and )?(?:so|now|then|next|okay|but|first|finally)\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class VerbPhrase:
    """An action that a text tells of."""

    brief: str
    """Verb and object: "whisk the eggs"."""
    detailed: str
    """All up to the end of the clause: "whisk the eggs in a bowl with a fork"."""
    actor: str | None
    """Who acts, where the text names a person: "a man"."""
    clause: str
    """The clause that it was found in."""
    score: int
    """How sure it is an action, and how much it tells."""


def find_phrases(*texts: str) -> list[VerbPhrase]:
    """Return the actions that texts tell of, the best first and, of equals, the earliest."""
    plain = (" ".join(text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").split()) for text in texts)
    phrases = [phrase for text in plain for clause in _CLAUSE_START.split(text) for phrase in _find_in_clause(clause)]
    return sorted(phrases, key=lambda phrase: -phrase.score)


@lru_cache(_REMEMBERED)  # a segment is read again within every segment that holds it
def _find_in_clause(clause: str) -> tuple[VerbPhrase, ...]:
    return tuple(_phrases_in_clause(clause))


def _phrases_in_clause(clause: str) -> Iterator[VerbPhrase]:
    tokens = _TOKEN.findall(clause)
    lower = [token.lower() for token in tokens]
    follows_another = False
    for position, word in enumerate(lower):
        verb = look_up(word)
        if verb is None:
            continue
        before = _before(lower, position)
        certainty = _certainty(verb[1], before, lower, position, capital=tokens[position][0].isupper(), follows_another=follows_another)
        tail = _tail(tokens, position + 1)
        head = _head(tail)
        weight = _weight(head)
        if certainty == 0 or certainty + weight < 3 or _EMPTY_OBJECTS.intersection(head[:2]):
            continue
        follows_another = True
        score = certainty + weight - (verb[0] in LIGHT_VERBS)
        yield VerbPhrase(" ".join([verb[0], *head]), " ".join([verb[0], *tail]), _actor(before), clause, score)


def _before(lower: Sequence[str], position: int) -> list[str]:
    """Return the words before a verb, without those that may stand between it and the word that makes it a verb."""
    before = list(lower[:position])
    while before and (before[-1] in _SKIPPED or before[-1].endswith("ly") or before[-3:] == ["go", "ahead", "and"]):
        del before[-3 if before[-1] == "and" else -1 :]
    return before


def _certainty(form: str, before: Sequence[str], lower: Sequence[str], position: int, *, capital: bool, follows_another: bool) -> int:
    """Return 0 when the word need not be a verb, else up to 3."""
    second, last = ["", "", *before][-2:]
    if last in _NEGATIONS or last.endswith("n't") or _CAMERA.intersection(before[-5:]):
        return 0
    following = lower[position + 1] if position + 1 < len(lower) else ""
    opens = following in _OPENERS or following[:1].isdigit()
    coordinated = follows_another and opens and last in {"and", "or"}
    if form == "ing":
        return 3 if last in _BEING else 2 * coordinated
    if form == "third":
        return 2 * (last in _PEOPLE or last in {"he", "she", "who"})
    if form == "past":
        return 1 * (last in _PAST_SPEAKERS)
    if (last == "to" and second in _INTENT) or last in _MODALS or (last in _MODALS_OF_ANYTHING and second in _SPEAKERS):
        return 3
    begins = (last == "" or not last[0].isalnum()) and following != "" and (opens or capital)
    return 2 * (last in _SPEAKERS or last in _PEOPLE or begins or coordinated)


def _tail(tokens: Sequence[str], start: int) -> list[str]:
    """Return the words after a verb, up to where the next clause begins."""
    lower = [token.lower() for token in tokens[start : start + _LONGEST_TAIL]]
    end = 0
    while end < len(lower) and lower[end][0].isalnum() and (lower[end] not in _STOPS or (lower[end] == "that" and end == 0)):
        following = lower[end + 1] if end + 1 < len(lower) else ""
        if lower[end] in {"and", "or"} and (look_up(following) or following in _STOPS or not following[:1].isalnum()):
            break
        end += 1
    return _without_trailing(tokens[start : start + end])


def _head(tail: Sequence[str]) -> list[str]:
    """Return what comes before the first preposition that follows the object; one right after the verb is its particle ("turn on the oven")."""
    end = next((at for at, word in enumerate(tail) if word.lower() in _PREPOSITIONS and _weight(tail[:at]) > 0), len(tail))
    return _without_trailing(tail[: min(end, _LONGEST_HEAD)])


def _without_trailing(phrase: Sequence[str]) -> list[str]:
    end = len(phrase)
    while end and phrase[end - 1].lower() in _TRAILING:
        end -= 1
    return list(phrase[:end])


def _weight(head: Sequence[str]) -> int:
    """Return 2 for an object with a word of its own, 1 for a pronoun, 0 for none."""
    found = {word.lower() for word in head if not word[0].isdigit()}
    if found - _OPENERS - _PREPOSITIONS - _SKIPPED:
        return 2
    return 1 if found & _PRONOUNS else 0


def _actor(before: Sequence[str]) -> str | None:
    """Return the person that the words before a verb end with: "a man" of "a man is"."""
    subject = before[:-1] if before and before[-1] in {"is", "are"} else before
    if not subject or subject[-1] not in _PEOPLE:
        return None
    article = next((at for at in range(len(subject) - 2, max(len(subject) - 5, -1), -1) if subject[at] in _ARTICLES), None)
    return subject[-1] if article is None else " ".join(subject[article:])
