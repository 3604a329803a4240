"""Which segments are asked about one after the other, and which together."""

from __future__ import annotations

from action100m.models.base import ChatMessage
from action100m.stages.opening import TALK_TOKENS
from action100m.stages.refine import Dialogue
from action100m.stages.sending import group_for_cache, order_for_cache
from support.trees import split_tree


def dialogue(name: str, evidence: str) -> Dialogue:
    return Dialogue(name, (ChatMessage("system", "r" * 300), ChatMessage("user", evidence)), "check it")


def groups(dialogues: list[Dialogue], cache_tokens: int | None) -> list[str]:
    return ["".join(held.node for held in group) for group in group_for_cache(dialogues, cache_tokens)]


def test_segments_with_the_same_start_follow_each_other_the_shortest_first():
    tree = split_tree(0.0, 16.0, ("", 10.0), ("0", 4.0), ("1", 13.0))
    assert [(node.start, node.end) for node in order_for_cache(tree.nodes)] == [(0, 4), (0, 10), (0, 16), (4, 10), (10, 13), (10, 16), (13, 16)]


def test_as_many_go_together_as_the_cache_holds():
    """Each begins with 300 bytes of rules and a line break, 100.3 tokens, which count once; its own evidence has 1,000 tokens."""
    dialogues = [dialogue(name, name * 3_000) for name in "abcde"]
    first, next_ = 1_101 + TALK_TOKENS, 1_000 + TALK_TOKENS
    assert groups(dialogues, first + 2 * next_) == ["abc", "de"]
    assert groups(dialogues, first + 2 * next_ - 1) == ["ab", "cd", "e"]


def test_what_two_have_in_common_counts_once():
    alike = [dialogue(name, "x" * 30_000 + name * 3) for name in "abc"]
    other = [dialogue(name, name * 30_000) for name in "abc"]
    assert groups(alike, 16_000) == ["abc"]
    assert groups(other, 16_000) == ["a", "b", "c"]


def test_one_larger_than_the_cache_goes_alone():
    assert groups([dialogue("a", "a"), dialogue("b", "b" * 90_000), dialogue("c", "c")], 10_000) == ["a", "b", "c"]


def test_without_a_limit_all_go_together():
    assert groups([dialogue(name, name * 90_000) for name in "abc"], None) == ["abc"]


def test_nothing_to_say_makes_no_group():
    assert groups([], 10_000) == []
