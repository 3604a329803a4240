"""Content words, reduced to stems."""

from __future__ import annotations

import pytest

from action100m.dataset.audit.words import content_words, stem


@pytest.mark.parametrize(
    "forms",
    [
        ("whisk", "whisks", "whisking", "whisked"),
        ("bake", "bakes", "baking", "baked"),
        ("carry", "carries", "carrying", "carried"),
        ("stir", "stirs", "stirring", "stirred"),
        ("cut", "cuts", "cutting"),
        ("bowl", "bowls", "bowl's"),
        ("cherry", "cherries"),
        ("box", "boxes"),
        ("glass", "glasses"),
        ("woman", "women"),
        ("leaf", "leaves"),
        ("grey", "gray"),
        ("stroke", "stroked", "stroking"),
        ("quick", "quickly"),
        ("throw", "threw", "thrown"),
    ],
)
def test_forms_of_a_word_have_one_stem(forms):
    assert len({stem(form) for form in forms}) == 1


@pytest.mark.parametrize(("one", "other"), [("bowl", "bow"), ("red", "read"), ("pan", "pants"), ("egg", "edge"), ("sing", "sin"), ("bus", "bu")])
def test_other_words_have_other_stems(one, other):
    assert stem(one) != stem(other)


def test_inflection_number_words_and_case_make_no_difference():
    assert content_words("A cook whisks THREE Eggs.") == content_words("3 eggs are whisked by the cook") == {"cook", "whisk", "3", "egg"}


def test_words_of_function_and_of_pictures_are_no_content():
    assert content_words("The video shows what is in the background of this scene, and so on") == frozenset()


def test_any_script_and_any_control_character_is_read():
    assert content_words("\x00糖心蛋 + ÉCLAIRS\u200b<b>") == {"糖心蛋", "éclair"}
    assert content_words("") == frozenset()
