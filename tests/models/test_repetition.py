"""Loops are found where they begin, and nothing that people write is one."""

import pytest

from action100m.models.repetition import Loop, find_loop

SENTENCE = ["the", "cook", "stirs", "the", "pot", "with", "a", "wooden", "spoon", "and", "then", "adds", "two", "pinches", "of", "salt", "."]
LIST = """The video shows : - a man who cuts an onion - a man who cuts a carrot - a man who cuts a leek - a man who cuts a potato - a man who
cuts a tomato - a man who cuts a cucumber - a man who cuts a radish - a man who cuts a pepper - a man who cuts a turnip - a man who cuts a beet"""
COUNTED = " ".join(f"Step {number} : the person folds the paper once more ." for number in range(1, 30))
REFRAIN = "We whisk , we whisk , we whisk the eggs , very , very , very slowly . Ha ha ha ha ha ! " * 2
TABLE = "| name | grams | | --- | --- | | flour | 200 | | sugar | 100 | | salt | 5 | | butter | 100 | " + "- " * 40 + "the end"


def test_a_repeated_sentence_is_a_loop_that_starts_with_its_first_round():
    start = ["a", "kitchen", ":"]
    assert find_loop(start + 4 * SENTENCE) == Loop(start=3, period=len(SENTENCE))
    assert (start + 4 * SENTENCE)[: Loop(3, len(SENTENCE)).first_end] == start + SENTENCE


@pytest.mark.parametrize("cut", [1, 5, 16])
def test_a_last_round_that_is_cut_off_belongs_to_the_loop(cut):
    assert find_loop(["so", *4 * SENTENCE, *SENTENCE[:cut]]) == Loop(start=1, period=len(SENTENCE))


@pytest.mark.parametrize("rounds", [2, 3])
def test_a_long_sentence_loops_at_its_third_round(rounds):
    sentence = list(range(30))
    assert find_loop([99, *rounds * sentence]) == (Loop(1, 30) if rounds == 3 else None)


@pytest.mark.parametrize(("count", "found"), [(59, None), (60, Loop(1, 1))])
def test_one_token_loops_when_it_comes_sixty_times(count, found):
    assert find_loop([7, *[8] * count]) == found


def test_the_shortest_period_is_told():
    assert find_loop([1, 2] * 60) == Loop(0, 2)


def test_a_round_may_hold_repeats_of_its_own():
    sentence = ["very"] * 20 + ["slow", "and"]
    assert find_loop(5 * sentence) == Loop(0, 22)


def test_what_was_a_loop_but_went_on_is_none():
    assert find_loop([*4 * SENTENCE, "then", "he", "leaves"]) is None


def test_rounds_that_differ_in_one_word_are_no_loop():
    assert find_loop([word for number in range(8) for word in [*SENTENCE, str(number)]]) is None


@pytest.mark.parametrize("text", [LIST, COUNTED, REFRAIN, TABLE, ""], ids=["list", "counted", "refrain", "table", "empty"])
def test_prose_lists_and_tables_are_no_loops_however_much_of_them_is_read(text):
    words = text.split()
    assert not any(find_loop(words[:end]) for end in range(len(words) + 1))


@pytest.mark.parametrize("text", [LIST, COUNTED, REFRAIN], ids=["list", "counted", "refrain"])
def test_prose_is_no_loop_as_letters_either(text):
    assert not any(find_loop(text[:end]) for end in range(0, len(text), 7))
