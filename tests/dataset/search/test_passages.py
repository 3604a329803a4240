"""The vector of a segment, by hand."""

import numpy as np

from action100m.dataset.search.passages import PassageEncoder, join_texts
from support.sentences import ToyTextEncoder


def test_the_vector_is_the_mean_of_those_of_the_texts():
    inner = ToyTextEncoder()
    passages = [join_texts(["whisk eggs", None, "a cook whisks"]), join_texts(["whisk eggs"])]
    vectors = PassageEncoder(inner).encode(passages)
    assert inner.asked == ["whisk eggs", "a cook whisks"]
    first, second = ToyTextEncoder().encode(["whisk eggs", "a cook whisks"])
    assert np.allclose(vectors, [(first + second) / 2, first])
    assert vectors.dtype == np.float32


def test_a_text_cannot_part_itself():
    assert join_texts(["a\x1eb", "", "c"]).split("\x1e") == ["a b", "c"]


def test_vectors_made_otherwise_have_another_name():
    assert PassageEncoder(ToyTextEncoder()).name != ToyTextEncoder().name
