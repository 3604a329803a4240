"""Vectors of many texts in a file: what was made before a break is kept, and only that of the same texts and encoder."""

import json

import numpy as np
import pytest

from action100m.models.text.vectors import embed_texts
from support.sentences import ToyTextEncoder

TEXTS = [f"stir pot number {number}" for number in range(5000)]


class Breaks(ToyTextEncoder):
    """Stops when it is asked for a certain text."""

    def encode(self, texts):
        if TEXTS[4500] in texts:
            raise KeyboardInterrupt
        return super().encode(texts)


def test_the_file_holds_the_vectors_in_the_order_of_the_texts(tmp_path):
    told = []
    vectors = embed_texts(TEXTS, tmp_path / "new" / "v.npy", encoder=ToyTextEncoder(), on_progress=lambda *counts: told.append(counts))
    assert isinstance(vectors, np.memmap)
    assert not vectors.flags.writeable
    assert np.array_equal(vectors, ToyTextEncoder().encode(TEXTS))
    assert np.array_equal(np.load(tmp_path / "new" / "v.npy"), vectors)
    assert told == [(0, 5000), (2048, 5000), (4096, 5000), (5000, 5000)]
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["v.npy", "v.npy.json"]


def test_what_was_made_before_a_break_is_kept(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        embed_texts(TEXTS, tmp_path / "v.npy", encoder=Breaks())
    assert not (tmp_path / "v.npy").exists()
    encoder = ToyTextEncoder()
    vectors = embed_texts(TEXTS, tmp_path / "v.npy", encoder=encoder)
    assert encoder.asked == TEXTS[4096:]
    assert np.array_equal(vectors, ToyTextEncoder().encode(TEXTS))


def test_a_complete_file_is_only_opened(tmp_path):
    first = embed_texts(TEXTS[:10], tmp_path / "v.npy", encoder=ToyTextEncoder())
    encoder = ToyTextEncoder()
    assert np.array_equal(embed_texts(TEXTS[:10], tmp_path / "v.npy", encoder=encoder), first)
    assert encoder.asked == []


@pytest.mark.parametrize(("texts", "name"), [(TEXTS[1:11], "toy words"), (TEXTS[:10], "another"), (TEXTS[:9], "toy words")])
def test_vectors_of_others_are_replaced(tmp_path, texts, name):
    embed_texts(TEXTS[:10], tmp_path / "v.npy", encoder=ToyTextEncoder())
    encoder = ToyTextEncoder(name)
    assert np.array_equal(embed_texts(texts, tmp_path / "v.npy", encoder=encoder), ToyTextEncoder().encode(texts))
    assert encoder.asked == texts


def test_a_break_among_others_leaves_nothing_that_is_taken_for_ours(tmp_path):
    embed_texts(TEXTS[:4999], tmp_path / "v.npy", encoder=ToyTextEncoder())
    with pytest.raises(KeyboardInterrupt):
        embed_texts(TEXTS, tmp_path / "v.npy", encoder=Breaks())
    notes = json.loads((tmp_path / "v.npy.json").read_text())
    (tmp_path / "v.npy.json").write_text(json.dumps(notes | {"done": 5000}))  # as if it broke just before the file got its name
    assert len(embed_texts(TEXTS, tmp_path / "v.npy", encoder=ToyTextEncoder())) == 5000


def test_notes_that_are_no_notes_are_written_anew(tmp_path):
    (tmp_path / "v.npy.json").write_text("[1, 2")
    assert len(embed_texts(TEXTS[:3], tmp_path / "v.npy", encoder=ToyTextEncoder())) == 3


def test_no_texts_are_an_empty_file(tmp_path):
    assert embed_texts([], tmp_path / "v.npy", encoder=ToyTextEncoder()).shape == (0, 64)
    assert embed_texts([], tmp_path / "v.npy", encoder=ToyTextEncoder()).shape == (0, 64)


def test_texts_differ_where_only_their_borders_do(tmp_path):
    embed_texts(["ab", "c"], tmp_path / "v.npy", encoder=ToyTextEncoder())
    encoder = ToyTextEncoder()
    embed_texts(["a", "bc"], tmp_path / "v.npy", encoder=encoder)
    assert encoder.asked == ["a", "bc"]
