"""What is counted of texts: words, those that say "N/A", and those whose model did not come to an end."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

TextMark = Literal["na", "loop", "at_limit"]
"""What may be wrong with a text.

na: it says "N/A" or "NA" in any case, alone or followed by a dash and a reason.
loop: its last words repeat, at least three whole rounds and 60 words of them (`models.repetition.find_loop` on words), a last word cut short aside.
at_limit: at least 512 words, and the last character closes neither a sentence nor a quotation. Captions at the limit of the released captioners,
1,024 tokens, have 615 to 990 words; no shorter one that lacks its full stop was cut off there.
"""

LENGTH_BINS: Final = 15
"""Bin 0 counts blank texts, bin k those of 2^(k-1) to 2^k - 1 words, the last also longer ones."""


@dataclass(frozen=True, slots=True)
class MeasuredTexts:
    """Some texts of one field, by number. A null has no words and no marks."""

    words: NDArray[np.int32]
    marks: NDArray[np.uint8]

    def has(self, mark: TextMark) -> NDArray[np.bool_]:
        """Tell which texts have a mark."""
        from action100m.dataset.stats.text_kernel import AT_LIMIT, LOOP, NA

        return (self.marks & {"na": NA, "loop": LOOP, "at_limit": AT_LIMIT}[mark]) > 0


@dataclass(frozen=True, slots=True)
class FieldCounts:
    """What is counted of one field. Counts of two parts of a data set add up."""

    present: int = 0
    """Texts with at least one word."""
    words: int = 0
    na: int = 0
    """Texts that say "N/A"."""
    na_words: int = 0
    """The words of those."""
    loops: int = 0
    at_limit: int = 0
    lengths: tuple[int, ...] = (0,) * LENGTH_BINS
    """Texts by number of words: see `LENGTH_BINS`."""

    def __add__(self, other: FieldCounts) -> FieldCounts:
        lengths = tuple(map(sum, zip(self.lengths, other.lengths, strict=True)))
        sums = {field.name: getattr(self, field.name) + getattr(other, field.name) for field in fields(self)}
        return FieldCounts(**sums | {"lengths": lengths})

    @property
    def mean_words(self) -> float:
        """Words per text that is there."""
        return self.words / self.present if self.present else 0.0

    @property
    def mean_words_without_na(self) -> float:
        """Words per text that is there and does not say "N/A": the mean that the paper prints."""
        said = self.present - self.na
        return (self.words - self.na_words) / said if said else 0.0


def measure_texts(texts: pa.Array) -> MeasuredTexts:
    """Count the words of texts, an array of strings, and mark those that have something wrong with them."""
    from action100m.dataset.stats.text_kernel import measure_bytes

    return MeasuredTexts(*measure_bytes(texts))


def count_field(measured: MeasuredTexts) -> FieldCounts:
    """Sum up the texts of a field."""
    present, na = measured.words > 0, measured.has("na")
    bins = np.minimum(np.frexp(measured.words[present].astype(np.float64))[1], LENGTH_BINS - 1)
    return FieldCounts(
        present=int(present.sum()),
        words=int(measured.words.sum()),
        na=int(na.sum()),
        na_words=int(measured.words[na].sum()),
        loops=int(measured.has("loop").sum()),
        at_limit=int(measured.has("at_limit").sum()),
        lengths=tuple(np.bincount(bins, minlength=LENGTH_BINS).tolist()),
    )
