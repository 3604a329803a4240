"""The simulated prefix cache, counted by hand. Blocks are of 4 tokens."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location("prefix_simulator", Path(__file__).parents[2] / "benchmarks" / "prefix_simulator.py")
simulator = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(simulator)


def cache(capacity: int | None = None):
    return simulator.PrefixCache(capacity, block=4)


def tokens(text: str) -> list[int]:
    """One token for each letter."""
    return [ord(letter) for letter in text]


def computed(cache, *prompts: str) -> list[int]:
    return [cache.prefill(tokens(prompt)) for prompt in prompts]


def test_what_was_never_read_is_computed_in_full():
    assert computed(cache(), "abcdefghij") == [10]


def test_only_whole_blocks_are_found_again():
    assert computed(cache(), "abcdefghij", "abcdefgXYZ") == [10, 6]  # abcd is known; efgX is another block than efgh


def test_the_last_token_is_always_computed_so_its_block_is_too():
    assert computed(cache(), "abcdefgh", "abcdefgh", "abcdefghi") == [8, 4, 1]


def test_a_block_is_known_only_after_the_same_beginning():
    assert computed(cache(), "abcdefghi", "XXXXefghi") == [9, 9]


def test_a_prompt_that_continues_another_computes_the_rest():
    assert computed(cache(), "abcdef", "abcdefghijkl", "abcdefghijklmno") == [6, 8, 3]


def test_prompts_shorter_than_a_block_are_never_found():
    assert computed(cache(), "abc", "abc") == [3, 3]


def test_the_answer_is_found_by_the_prompt_that_goes_on_from_it():
    with_answer = cache()
    assert with_answer.prefill(tokens("abcdef"), written=tokens("ghijkl")) == 6
    assert with_answer.prefill(tokens("abcdefghijklmn")) == 2


def test_what_was_used_longest_ago_goes_first():
    assert computed(cache(8), "aaaax", "bbbbx", "aaaax", "ccccx", "aaaax", "bbbbx") == [5, 5, 1, 5, 1, 5]


def test_the_end_of_a_prompt_goes_before_its_start():
    small = cache(12)
    assert computed(small, "abcdefghijkl", "XXXXx") == [12, 5]  # X takes the place of ijkl
    assert small.held == 12
    assert computed(small, "abcdefghijkl") == [4]


def test_a_cache_holds_no_more_than_its_capacity_in_whole_blocks():
    small = cache(11)
    computed(small, "aaaabbbb", "ccccdddd")
    assert small.held == 8


def test_a_request_longer_than_the_cache_is_refused():
    with pytest.raises(ValueError, match="3 blocks does not fit into a cache of 2"):
        cache(8).prefill(tokens("abcdefghijkl"))


def test_blocks_are_of_16_tokens_as_in_vllm():
    plain = simulator.PrefixCache()
    assert [plain.prefill(range(40)), plain.prefill(range(40)), plain.prefill(range(33)), plain.prefill(range(32))] == [40, 8, 1, 16]
