"""Words, loops and truncations of many texts at once, on the bytes of an Arrow array: no Python string is made.

A text is split as `str.split` does. Only its last 2,048 words are searched for a loop: the captioners of the released data stop at 1,024 tokens.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from action100m.compiled import compiled

NA: Final = 1
LOOP: Final = 2
AT_LIMIT: Final = 4
"""Bits of a text's marks; `stats.texts` says what they mean."""

_LOOP_ROUNDS: Final = 3
_LOOP_WORDS: Final = 60
"""As in `models.repetition`, in words instead of tokens."""
_LOOP_SEARCHED: Final = 2048
_AT_LIMIT_WORDS: Final = 512


def measure_bytes(texts: pa.Array) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Return the number of words of each text, 0 for null, and its marks. `texts` is of type string or large_string."""
    data, offsets = text_buffers(texts)
    return _measure(data, offsets, np.asarray(texts.is_valid()))


def text_buffers(texts: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the bytes of all texts, uint8 (m,), and where each begins and ends among them, int32 or int64 (n + 1,)."""
    _, offsets, data = texts.buffers()
    kind = np.int64 if pa.types.is_large_string(texts.type) else np.int32
    chosen: NDArray[Any] = np.zeros(1, np.int64)
    if len(texts):
        chosen = np.frombuffer(offsets, kind)[texts.offset : texts.offset + len(texts) + 1]
    return np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(0, np.uint8), chosen


@compiled
def hash_bytes(data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return FNV-1a of each text: it spreads texts over files, and is never taken for the text."""
    hashes = np.empty(len(offsets) - 1, np.uint64)
    for text in range(len(hashes)):
        state = np.uint64(0xCBF29CE484222325)
        for place in range(offsets[text], offsets[text + 1]):
            state = (state ^ np.uint64(data[place])) * np.uint64(0x100000001B3)
        hashes[text] = state ^ (state >> np.uint64(32))
    return hashes


@compiled
def _measure(data: NDArray[np.uint8], offsets: NDArray[np.int64], valid: NDArray[np.bool_]) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    size = len(offsets) - 1
    words, marks = np.zeros(size, np.int32), np.zeros(size, np.uint8)
    starts, ends = np.empty(_LOOP_SEARCHED, np.int64), np.empty(_LOOP_SEARCHED, np.int64)  # a ring: of long texts, the last words
    for text in range(size):
        if not valid[text]:
            continue
        body = data[offsets[text] : offsets[text + 1]]
        count = _count_words(body)
        words[text] = count
        if count and _is_na(body):
            marks[text] |= NA
        if count >= _LOOP_WORDS and _may_loop(body):
            count = _split(body, starts, ends)
            if _loops(body, starts, ends, count) or _loops(body, starts, ends, count - 1):
                marks[text] |= LOOP
        if count >= _AT_LIMIT_WORDS and not _ends_sentence(body):
            marks[text] |= AT_LIMIT
    return words, marks


@compiled
def _count_words(body: NDArray[np.uint8]) -> int:
    """Return the number of words. Compiled without branches, so that 16 or 32 bytes are looked at at once."""
    if len(body) == 0:
        return 0
    before, after = body[:-1], body[1:]
    count, high, odd = np.int64(body[0] > 32), body[0] >= 0xC2, body[0] < 9 or 13 < body[0] < 28
    for place in range(len(after)):
        byte = after[place]
        count += (byte > 32) & (before[place] <= 32)
        high |= (byte >= 0xC2) & (byte <= 0xE3)
        odd |= (byte < 9) | ((byte > 13) & (byte < 28))  # no white space, whatever it is
    return _count_words_slowly(body) if odd or (high and _has_wide_space(body)) else int(count)


@compiled
def _has_wide_space(body: NDArray[np.uint8]) -> bool:
    """Tell whether there may be white space outside ASCII, without branches as well. Dashes and quotation marks are near it, and frequent."""
    first, second, third = body[:-2], body[1:-1], body[2:]
    found = len(body) < 3 or (body[-2] == 0xC2)
    for place in range(len(third)):
        one, two, three = first[place], second[place], third[place]
        general = (one == 0xE2) & (two == 0x80) & ((three <= 0x8A) | (three == 0xA8) | (three == 0xA9) | (three == 0xAF))
        others = ((one == 0xC2) & ((two == 0x85) | (two == 0xA0))) | ((one == 0xE2) & (two == 0x81)) | ((one == 0xE1) & (two == 0x9A))
        found |= general | others | ((one == 0xE3) & (two == 0x80) & (three == 0x80))
    return bool(found)


@compiled
def _count_words_slowly(body: NDArray[np.uint8]) -> int:
    """Return the number of words, with all that Unicode takes for white space."""
    count, place, inside = 0, 0, False
    while place < len(body):
        width = 0 if 32 < body[place] < 0xC2 else _space_width(body, place)
        count += width == 0 and not inside
        inside = width == 0
        place += max(width, 1)
    return count


@compiled
def _may_loop(body: NDArray[np.uint8]) -> bool:
    """Tell whether four letters of the longest word near the end come at least three times: cheap, and true of every loop."""
    start, length = _find_long_word(body)
    if length < 4:
        return True
    one, two, three, four = body[start], body[start + 1], body[start + 2], body[start + 3]
    first, second, third, fourth = body[:-3], body[1:-2], body[2:-1], body[3:]
    count = 0
    for place in range(len(fourth)):
        count += (first[place] == one) & (second[place] == two) & (third[place] == three) & (fourth[place] == four)
    return count >= _LOOP_ROUNDS


@compiled
def _find_long_word(body: NDArray[np.uint8]) -> tuple[int, int]:
    """Return start and length of the longest of some words near the end; the last may be cut short and is left out.

    Each of the last 20 words of a loop is in at least three of its rounds, whatever its period.
    """
    place, seen, longest, found = len(body), 0, 0, 0
    while place > 0 and seen < 10:
        stop, wide = place, False
        while place > 0 and (body[place - 1] >= 0x80 or _space_width(body, place - 1) == 0):
            place -= 1
            wide |= 0xC2 <= body[place] <= 0xE3  # may be white space, and the word more than one
        if seen > 0 and stop - place > longest and not wide:
            longest, found = stop - place, place
        seen += stop > place
        place -= 1
    return found, longest


@compiled
def _split(data: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64]) -> int:
    """Note where each word begins and ends, and return how many there are."""
    count, place, inside, stop = 0, 0, False, len(data)
    while place < stop:
        byte = data[place]
        if byte > 32 and byte < 0xC2:  # most bytes: a letter of ASCII, or the rest of another
            space, width = False, 1
        else:
            width = _space_width(data, place)
            space, width = width > 0, max(width, 1)
        if space and inside:
            ends[(count - 1) % _LOOP_SEARCHED] = place
        elif not space and not inside:
            starts[count % _LOOP_SEARCHED] = place
            count += 1
        inside = not space
        place += width
    if inside:
        ends[(count - 1) % _LOOP_SEARCHED] = stop
    return count


@compiled
def _space_width(data: NDArray[np.uint8], place: int) -> int:
    """Return the bytes of the white space at a place, or 0 where there is none. The characters are those of `str.isspace`."""
    byte, stop = data[place], len(data)
    if byte < 0x80:
        return 1 if byte == 32 or 9 <= byte <= 13 or 28 <= byte <= 31 else 0
    following = data[place + 1] if place + 1 < stop else 0
    if byte == 0xC2:  # U+0085, U+00A0
        return 2 if following == 0x85 or following == 0xA0 else 0
    last = data[place + 2] if place + 2 < stop else 0
    if byte == 0xE1:  # U+1680
        return 3 if following == 0x9A and last == 0x80 else 0
    if byte == 0xE2:  # U+2000 to U+200A, U+2028, U+2029, U+202F, U+205F
        general = following == 0x80 and (0x80 <= last <= 0x8A or last == 0xA8 or last == 0xA9 or last == 0xAF)
        return 3 if general or (following == 0x81 and last == 0x9F) else 0
    return 3 if byte == 0xE3 and following == 0x80 and last == 0x80 else 0  # U+3000


@compiled
def _is_na(body: NDArray[np.uint8]) -> bool:
    """Tell whether a text is "N/A" or "NA" in any case, alone or with a dash behind it: "NA  - there are no actions shown"."""
    place, stop = 0, len(body)
    while place < stop and body[place] <= 32:
        place += 1
    if place >= stop or body[place] | 32 != 110:  # n
        return False
    place += 1
    if place < stop and body[place] == 47:  # /
        place += 1
    if place >= stop or body[place] | 32 != 97:  # a
        return False
    place += 1
    if place < stop and body[place] == 46:  # .
        place += 1
    while place < stop and body[place] <= 32:
        place += 1
    return bool(place >= stop or body[place] == 45)  # -


@compiled
def _loops(data: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64], count: int) -> bool:
    """Tell whether the first `count` words end in a loop, as `models.repetition.find_loop` does for tokens."""
    searched = min(count, _LOOP_SEARCHED - 1)  # the ring may have one word more than is asked about
    for period in range(1, searched // _LOOP_ROUNDS + 1):
        place = count - 1
        while place - period >= count - searched and _same(data, starts, ends, place, place - period):
            place -= 1
        same = count - 1 - place
        if same > 0 and same + period >= max(_LOOP_ROUNDS * period, _LOOP_WORDS):
            return True
    return False


@compiled
def _same(data: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64], one: int, other: int) -> bool:
    start, start_other = starts[one % _LOOP_SEARCHED], starts[other % _LOOP_SEARCHED]
    length = ends[one % _LOOP_SEARCHED] - start
    if length != ends[other % _LOOP_SEARCHED] - start_other:
        return False
    while length and data[start + length - 1] == data[start_other + length - 1]:
        length -= 1
    return bool(length == 0)


@compiled
def _ends_sentence(body: NDArray[np.uint8]) -> bool:
    """Tell whether the last character closes a sentence or a quotation: . ! ? " ' ) ] * and the like of other scripts."""
    stop = len(body)
    while stop > 1 and body[stop - 1] <= 32:
        stop -= 1
    last = body[stop - 1]
    if last < 0x80:
        return bool(last == 46 or last == 33 or last == 63 or last == 34 or last == 39 or last == 41 or last == 93 or last == 42)
    if stop < 3:
        return False
    lead, middle = body[stop - 3], body[stop - 2]
    general = lead == 0xE2 and middle == 0x80 and (last == 0x99 or last == 0x9D or last == 0xA6)  # U+2019, U+201D, U+2026
    ideographic = lead == 0xE3 and middle == 0x80 and (last == 0x82 or last == 0x8D)  # U+3002, U+300D
    wide = lead == 0xEF and middle == 0xBC and (last == 0x81 or last == 0x9F)  # U+FF01, U+FF1F
    return bool(general or ideographic or wide or (middle == 0xC2 and last == 0xBB))  # U+00BB
