"""Words, loops, truncations and N/A of texts, against plain Python."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from action100m.dataset.stats.texts import FieldCounts, count_field, measure_texts
from action100m.models.repetition import find_loop


def _measure(*texts, type=pa.string()):
    return measure_texts(pa.array(texts, type))


def _loops(text):
    words = text.split()[-2047:]
    return find_loop(words) is not None or find_loop(words[:-1]) is not None


@settings(max_examples=300, deadline=None)
@given(st.lists(st.none() | st.text(st.sampled_from("aé鸡🍳 \t\n\x1c\x1f\x85\xa0\u1680\u2003\u200b\u2028\u202f\u205f\u3000\u3001.\x00")), max_size=6))
def test_words_are_those_of_str_split(texts):
    assert _measure(*texts).words.tolist() == [len((text or "").split()) for text in texts]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from("ab"), max_size=90), st.lists(st.sampled_from(["a", "b", "ab", "long"]), min_size=1, max_size=40), st.integers(0, 60))
def test_loops_are_those_that_the_captioner_looks_for(head, round_, rounds):
    text = " ".join(head + round_ * rounds)
    assert _measure(text).has("loop").tolist() == [_loops(text)]


@pytest.mark.parametrize("last", ["", " It stops and co", " It"])
def test_a_loop_is_found_also_where_its_last_word_is_cut(last):
    assert _measure("A tap runs." + " It stops and comes back." * 20 + last).has("loop").all()


def test_lists_and_refrains_are_no_loops():
    assert not _measure("very " * 59, " ".join(map(str, range(500))), "row row row your boat " * 5).has("loop").any()


def test_the_loop_of_a_text_of_any_length_is_found_at_once():
    hostile = " ".join("ab"[bin(number).count("1") % 2] for number in range(300_000))  # cube-free: no loop, and long tails that nearly are one
    assert _measure(hostile, hostile + " no" * 80).has("loop").tolist() == [False, True]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("word " * 512, True),
        ("word " * 511, False),
        ("word " * 512 + "end.", False),
        ("word " * 512 + "end. \n", False),
        ("word " * 512 + "end,", True),
        ("word " * 512 + "“end.”", False),
        ("word " * 512 + "終わり。", False),
        ("word " * 512 + "終わり", True),
        ("word " * 512 + "and so on…", False),
        ("word " * 3000 + "é", True),
    ],
)
def test_a_caption_is_at_its_limit_where_it_is_long_and_has_no_end(text, expected):
    assert _measure(text).has("at_limit").tolist() == [expected]


@pytest.mark.parametrize("text", ["N/A", "n/a", " NA ", "N/A.", "NA  - there are no actions shown in the video.", "N/A-"])
def test_na_is_found(text):
    assert _measure(text).has("na").all()


@pytest.mark.parametrize("text", ["", "N", "Nail the board", "NASA launch", "N/A is what it says", "n", "n/", "Na+ ions"])
def test_what_is_not_na_is_not_taken_for_it(text):
    assert not _measure(text).has("na").any()


def test_slices_and_large_strings_are_read_where_they_lie():
    texts = pa.array(["one", "two words", None, "three more words"], pa.large_string())
    assert measure_texts(texts.slice(1)).words.tolist() == [2, 0, 3]
    assert measure_texts(texts.cast(pa.string()).slice(2, 1)).words.tolist() == [0]
    assert measure_texts(texts.slice(4)).words.tolist() == []
    assert measure_texts(pa.nulls(3, pa.string())).words.tolist() == [0, 0, 0]


def test_counts_of_parts_add_up_to_those_of_the_whole():
    texts = ["N/A", "Whisk the eggs", None, "  ", "stir " * 70, "NA - no actions"]
    whole = count_field(_measure(*texts))
    assert whole == count_field(_measure(*texts[:2])) + count_field(_measure(*texts[2:]))
    assert whole == FieldCounts(4, 78, 2, 5, 1, 0, (0, 1, 1, 1, 0, 0, 0, 1) + (0,) * 7)
    assert whole.mean_words_without_na == 73 / 2
    assert whole.mean_words == 78 / 4
    assert FieldCounts().mean_words == FieldCounts().mean_words_without_na == 0
