"""The header of a README.md: sizes in the Hub's words, and what is read back."""

from __future__ import annotations

import pytest
from huggingface_hub import DatasetCard

from action100m.dataset.hub import find_rows, join_card, make_header, read_card, tell_rows


@pytest.mark.parametrize(
    ("rows", "word"), [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (10**7, "10M<n<100M"), (10**8, "100M<n<1B"), (10**12, "100M<n<1B")]
)
def test_sizes_are_told_in_the_words_of_the_hub(rows, word):
    assert make_header("Mine", license="unknown", rows=rows)["size_categories"] == [word]


def test_what_is_joined_is_read_back_also_by_the_hub(tmp_path):
    header = make_header('Mine: "the set" 糖', license="other", rows=3, license_name="mine", license_link=None, language=[]) | tell_rows()
    (tmp_path / "README.md").write_text(join_card(header, "# Mine\n\n---\n\nmore\n"), encoding="utf-8")
    assert read_card(tmp_path) == (header, "\n# Mine\n\n---\n\nmore\n")
    assert not {"license_link", "language"} & set(header)
    card = DatasetCard.load(tmp_path / "README.md")
    assert (card.data.pretty_name, card.data.license_name, card.data.to_dict()["configs"]) == ('Mine: "the set" 糖', "mine", header["configs"])


@pytest.mark.parametrize("text", ["", "# Mine", "---\n- a\n---\n# Mine", "---\n---\n"])
def test_a_card_without_a_header_has_an_empty_one(tmp_path, text):
    (tmp_path / "README.md").write_text(text)
    assert read_card(tmp_path)[0] == {}
    assert find_rows(tmp_path) == {}
