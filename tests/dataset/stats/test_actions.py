"""Verbs and nouns of brief actions."""

from __future__ import annotations

import pyarrow as pa
import pytest

from action100m.dataset.stats.actions import find_openings, find_verbs_and_nouns, split_words


@pytest.mark.parametrize(
    ("action", "verb", "pair"),
    [
        ("Stir the mixture in a pot", "stir", "stir mixture"),
        ("Turn on the oven", "turn", "turn oven"),
        ("Whisking eggs and sugar", "whisk", "whisk eggs"),
        ("Speak to camera", "speak", "speak camera"),
        ("Stretch and bend", "stretch", None),
        ("Speak", "speak", None),
        ("Pour, then stir milk", "pour", None),
        ("Wipe stainless\N{NON-BREAKING HYPHEN}steel surface.", "wipe", "wipe surface"),
        ("  Place   chicken breast\tinto oven ", "place", "place breast"),
        ("Cut paper (A4)", "cut", "cut paper"),
        ("Demonstrate inset handle", "demonstrate", "demonstrate handle"),
        ("揉 麵團", "揉", "揉 麵團"),
        ("Instruct in Russian", "instruct", "instruct russian"),
        ("Put on the", "put", None),
        (None, None, None),
    ],
)
def test_verb_and_noun(action, verb, pair):
    verbs, pairs = find_verbs_and_nouns(pa.array([action], pa.large_string()))
    assert (verbs.to_pylist(), pairs.to_pylist()) == ([verb], [pair])


def test_openings_are_the_first_words_as_they_stand():
    one, two, three = find_openings(pa.array(["Speak to camera now", "Stir, mix", "Stop."]))
    assert one.to_pylist() == ["speak", "stir", "stop"]
    assert two.to_pylist() == ["speak to", "stir mix", None]
    assert three.to_pylist() == ["speak to camera", None, None]


def test_words_of_titles_are_lower_case_in_any_script():
    found = split_words(pa.array(["EASY Cake & Crème | It's 糖心蛋!", ""])).to_pylist()
    assert [word for word in found if word] == ["easy", "cake", "crème", "it's", "糖心蛋"]
