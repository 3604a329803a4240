"""How a model thinks is found from its chat template, and its thoughts are read apart from its answer."""

import pytest

from action100m.models.local.thinking import end_of_thinking, find_thinking

THINKING = {"<think>": 7, "</think>": 8}
HARMONY = {"<|channel|>": 1, "<|message|>": 2, "<|start|>": 3}
TURN = "<|im_start|>assistant\n"


@pytest.mark.parametrize(
    ("template", "turn", "vocabulary"),
    [("plain", TURN, {}), ("plain", TURN, THINKING), ("<think></think>", TURN, {}), ("<think></think>", TURN + "<think>\n\n</think>\n\n", THINKING)],
    ids=["plain", "tokens, but no template", "template, but no tokens", "switched off"],
)
def test_a_model_that_does_not_think_answers_at_once(template, turn, vocabulary):
    assert find_thinking(template, turn, vocabulary) is None


def test_a_model_that_opens_its_thoughts_itself_may_answer_at_once():
    thinking = find_thinking("<think></think>", TURN, THINKING)
    assert thinking.opening == 7
    assert thinking.read("<think>\nEggs.\n</think>") == "Eggs."


@pytest.mark.parametrize("vocabulary", [THINKING, {}], ids=["tokens", "letters"])
def test_a_model_whose_thoughts_the_template_opens_thinks_first(vocabulary):
    thinking = find_thinking("<think></think>", TURN + "<think>\n", vocabulary)
    assert thinking.opening is None
    assert thinking.read("Eggs.\n</think>") == "Eggs."


@pytest.mark.parametrize("final", ["<|channel|>final<|message|>", "<|channel|>final <|constrain|>json<|message|>"])
def test_harmony_thinks_until_its_final_channel(final):
    thinking = find_thinking("{{ '<|channel|>' }}", "<|start|>assistant", HARMONY)
    text = "<|channel|>analysis<|message|>Eggs.<|end|><|start|>assistant<|channel|>commentary<|message|>Now.<|end|><|start|>assistant"
    assert thinking.end.search(text) is None
    assert thinking.end.search(text + final)
    assert thinking.read(text + final) == "Eggs.\nNow."


def test_a_mark_of_ones_own_ends_the_thoughts():
    thinking = end_of_thinking("[answer]")
    assert thinking.read("Eggs. [answer]") == "Eggs."
    assert thinking.end.search("[answer") is None


def test_thoughts_that_never_end_are_kept():
    assert end_of_thinking("</think>").read("<think>Eggs, and") == "Eggs, and"


@pytest.mark.parametrize(("written", "count"), [("ab.c", 3), (".", 1), ("abc", None), ("", None)])
def test_thoughts_are_counted_up_to_the_mark_that_ends_them(written, count):
    assert end_of_thinking(".").count(list(written), decode="".join) == count
