"""Actions found in sentences as people say and caption them."""

from __future__ import annotations

import pytest

from action100m.models.phrases import find_phrases


@pytest.mark.parametrize(
    ("text", "brief"),
    [
        ("so now we're going to whisk the eggs until they're smooth", "whisk the eggs"),
        ("now I'm adding the butter", "add the butter"),
        ("now  i'm  just  gently\nfolding  in  the  flour", "fold in the flour"),
        ("Add butter to the pan.", "add butter"),
        ("and then you want to peel your potatoes and it's done", "peel your potatoes"),
        ("go ahead and pour it all over the salad", "pour it"),
        ("let's cut the paper in half", "cut the paper"),
        ("we can tighten the screws by hand", "tighten the screws"),
        ("I want to show you how to braid hair", "braid hair"),
        ("turn on the oven", "turn on the oven"),
        ("add 1/2 cup of flour to the bowl", "add 1/2 cup of flour"),
        ("yesterday we added the milk", "add the milk"),
        ("keep stirring the soup", "stir the soup"),
        ("A young woman is chopping an onion on a wooden board.", "chop an onion"),
        ("The chef slices two tomatoes", "slice two tomatoes"),
        ("We\N{RIGHT SINGLE QUOTATION MARK}re going to grate cheese", "grate cheese"),
    ],
)
def test_action_is_found(text, brief):
    assert find_phrases(text)[0].brief == brief


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello and welcome back to my channel",
        "don't stir the eggs",
        "you should never wash the pan",
        "the cut is deep and the mix is dry",
        "salt and pepper",
        "this is the whisk that I told you about",
        "the camera is sliding to the left",
        "The shot is static; the picture is moving little.",
        "the page will load in a minute",
        "make sure you take a look at this",
        "a pan to make it shine",
        "can you see how thick that is",
    ],
)
def test_no_action_is_made_up(text):
    assert find_phrases(text) == []


def test_detailed_phrase_goes_on_to_the_end_of_the_clause():
    (phrase, *_) = find_phrases("Whisk the eggs in a bowl with a fork, then rest.")
    assert (phrase.brief, phrase.detailed) == ("whisk the eggs", "whisk the eggs in a bowl with a fork")


def test_coordinated_actions_are_both_found_and_the_one_that_names_its_object_comes_first():
    phrases = find_phrases("Take the eggs and whisk them. Crack the eggs and whisk them.")
    assert [phrase.brief for phrase in phrases] == ["crack the eggs", "take the eggs", "whisk them", "whisk them"]


def test_intent_is_surer_than_a_command():
    phrases = find_phrases("Open the jar. I'm going to spread the jam.")
    assert [phrase.brief for phrase in phrases] == ["spread the jam", "open the jar"]


def test_person_who_acts_is_named_only_where_the_text_does():
    texts = ("A young woman is chopping an onion.", "A tall man in red is chopping an onion.", "I'm chopping an onion.", "People fold the paper.")
    assert [find_phrases(text)[0].actor for text in texts] == ["a young woman", None, None, "people"]


def test_of_several_texts_each_ends_its_own_sentences():
    assert [phrase.brief for phrase in find_phrases("Whisk the eggs", "Add the milk")] == ["whisk the eggs", "add the milk"]
    assert find_phrases("a bowl", "of soup") == []
