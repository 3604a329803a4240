"""Read a brief action as verb and noun, many at once, in Arrow: no grammar model, and no Python string is made.

    "Stir the mixture in a pot"     stir        mixture
    "Turn on the oven"              turn        oven
    "Whisking eggs and sugar"       whisk       eggs
    "Speak to camera"               speak       camera
    "Stretch and bend"              stretch     -

The verb is the first word, in its base form where `models.verbs` knows it. What follows up to the next preposition, conjunction or mark is the
object, and its last word the noun. Articles, particles and prepositions right behind the verb belong to neither. Brief actions are verb phrases by
the prompt they were asked for with (and the paper's sunburst counts their first words as verbs), so the first word is taken for one.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from action100m.models.verbs import look_up, words

_BEHIND_VERB: Final = words(
    "a an the one two three four some more my your his her its their our each both this that these those up down in out on off over together away"
    " back into onto to with from under for at by through around against along across inside between"
)
_BEHIND_OBJECT: Final = words(
    "in on into onto to with from over under for at by through around against along across inside between off out up down of while until before after"
    " as using and or then , being is are"
)
_PHRASE: Final = rf"^(?P<verb>\S+) (?:(?:{'|'.join(sorted(_BEHIND_VERB))}) )*(?P<object>(?:\S+ )*?)(?:(?:{'|'.join(sorted(_BEHIND_OBJECT))}) .*)?$"
_NOUN: Final = r"(?P<noun>\S+) $"
_OPENINGS: Final = (r"^(?P<text>\S+)", r"^(?P<text>\S+ \S+)", r"^(?P<text>\S+ \S+ \S+)")


def find_verbs_and_nouns(actions: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return the verb of each action, and "verb noun", each null where there is none."""
    spaced = pc.replace_substring_regex(_plain(actions), "$", " ")  # a space behind each word
    found = pc.extract_regex(spaced, _PHRASE)
    verbs = _base_forms(pc.struct_field(found, ["verb"]))
    nouns = pc.struct_field(pc.extract_regex(pc.struct_field(found, ["object"]), _NOUN), ["noun"])
    return verbs, pc.binary_join_element_wise(verbs, nouns, pa.scalar(" ", verbs.type))


def find_openings(actions: pa.Array) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Return the first word, the first two and the first three words of each action, as the paper counts them: null where there are fewer."""
    plain = pc.utf8_trim_whitespace(pc.replace_substring(pc.replace_substring(_plain(actions), " ,", ""), ", ", ""))
    one, two, three = (pc.struct_field(pc.extract_regex(plain, pattern), ["text"]) for pattern in _OPENINGS)
    return one, two, three


def split_words(texts: pa.Array) -> pa.Array:
    """Return the words of all texts one after another, in lower case."""
    return pc.list_flatten(pc.split_pattern_regex(pc.utf8_lower(texts), r"[^\pL\pN'\x{2019}]+"))


def _plain(actions: pa.Array) -> pa.Array:
    """Lower case, one space between words, marks as words of their own."""
    plain = pc.replace_substring(pc.utf8_lower(actions), "\N{NON-BREAKING HYPHEN}", "-")
    plain = pc.replace_substring_regex(plain, r"[^\pL\pN\pM\s'\x{2019}/&°%-]+", " , ")
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(plain, r"\s+", " "))


def _base_forms(verbs: pa.Array) -> pa.Array:
    encoded = verbs.dictionary_encode()
    forms = ((word, look_up(word)) for word in encoded.dictionary.to_pylist())
    bases = pa.array([known[0] if known else word for word, known in forms], verbs.type)
    return bases.take(encoded.indices)
