"""What is decoded under a schema is a value of that schema, whatever the model would rather write."""

import json

import numpy as np
import pytest

pytest.importorskip("transformers", reason="needs the extra 'reasoner'")
pytest.importorskip("llguidance", reason="needs the extra 'reasoner'")

from transformers import AutoTokenizer, PreTrainedTokenizer

from action100m.annotation import ANNOTATION_SCHEMA
from action100m.errors import CheckpointError, ModelError
from action100m.models.causal_lm.constrained import SchemaDecoder
from action100m.models.local.thinking import end_of_thinking, find_thinking
from support.checkpoints import one_torch_thread, save_language_model
from support.records import find_refusal, make_annotation

NUMBER = {"type": "integer", "minimum": 0, "maximum": 99}
WORDS = {"type": "string", "enum": ["yes", "no"]}
SPARE = 7
"""Logits that stand for no token."""


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    with one_torch_thread():
        return AutoTokenizer.from_pretrained(save_language_model(tmp_path_factory.mktemp("tiny"), marks=("<think>", "</think>")))


@pytest.fixture(scope="module")
def end(tokenizer):
    return tokenizer.eos_token_id


@pytest.fixture(scope="module")
def decoder(tokenizer, end):
    return SchemaDecoder(tokenizer, width=len(tokenizer) + SPARE, ends=[end])


def allowed(decoder, row):
    return set(np.flatnonzero(decoder.allow([row])[0]).tolist())


def write(decoder, rows, choose):
    """Let every row write to its end; choose: picks one of the allowed tokens of a row."""
    while not all(row.has_ended for row in rows):
        for row, may in zip(rows, decoder.allow(rows), strict=True):
            row.take(choose(row, np.flatnonzero(may)))


def feed(decoder, row, tokens):
    for token in tokens:
        assert token in allowed(decoder, row)
        row.take(token)


def test_a_reply_written_by_chance_is_json_of_the_schema(decoder, tokenizer):
    chance = np.random.default_rng(0)
    rows = [decoder.start(ANNOTATION_SCHEMA, limit=1500) for _ in range(30)]
    write(decoder, rows, lambda row, may: int(chance.choice(may)))
    texts = [tokenizer.decode(row.answer) for row in rows if row.is_complete]
    assert len(texts) == 30
    refusals = [refusal for refusal in map(find_refusal, texts) if refusal]
    assert all("no readable text" in refusal for refusal in refusals)
    assert len(refusals) <= len(texts) // 3


def test_rows_of_one_batch_follow_their_own_schemas(decoder, tokenizer):
    rows = [decoder.start(schema, limit=50) for schema in (NUMBER, WORDS, ANNOTATION_SCHEMA)]
    chance = np.random.default_rng(1)
    write(decoder, rows[:2], lambda row, may: int(chance.choice(may)))
    assert 0 <= json.loads(tokenizer.decode(rows[0].answer)) <= 99
    assert json.loads(tokenizer.decode(rows[1].answer)) in ("yes", "no")
    assert not rows[2].has_ended


def test_a_whole_annotation_can_be_written_and_ends_by_itself(decoder, tokenizer):
    text = json.dumps(make_annotation().to_dict(), ensure_ascii=False)
    row = decoder.start(ANNOTATION_SCHEMA, limit=1000)
    feed(decoder, row, tokenizer(text, add_special_tokens=False)["input_ids"])
    assert row.has_ended
    assert row.is_complete
    assert not row.is_cut
    assert tokenizer.decode(row.answer) == text


def test_white_space_between_values_is_that_of_json_dumps_only(decoder, tokenizer):
    row = decoder.start(ANNOTATION_SCHEMA, limit=1000)
    assert {tokenizer.decode(token)[0] for token in allowed(decoder, row)} == {"{"}
    feed(decoder, row, tokenizer('{"summary":', add_special_tokens=False)["input_ids"])
    assert all(tokenizer.decode(token)[0] == " " for token in allowed(decoder, row))


def test_logits_without_a_token_and_special_tokens_are_never_allowed(decoder, tokenizer):
    row = decoder.start(ANNOTATION_SCHEMA, limit=1000)
    feed(decoder, row, tokenizer('{"summary": {"brief": "a', add_special_tokens=False)["input_ids"])
    may = allowed(decoder, row)
    assert len(may) > 100
    assert not may & set(range(len(tokenizer), len(tokenizer) + SPARE))
    assert not may & set(tokenizer.convert_tokens_to_ids(["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"]))


def test_tokens_that_the_model_has_no_logit_for_are_left_out(tokenizer, end):
    narrow = SchemaDecoder(tokenizer, width=len(tokenizer) - 5, ends=[end])
    assert narrow.allow([narrow.start(WORDS, limit=9)]).shape == (1, len(tokenizer) - 5)


def test_a_value_that_might_go_on_is_ended_by_an_end_token(decoder, tokenizer, end):
    row = decoder.start(NUMBER, limit=1000)
    assert end not in allowed(decoder, row)
    feed(decoder, row, tokenizer("7", add_special_tokens=False)["input_ids"])
    assert end in allowed(decoder, row)
    assert not row.has_ended
    row.take(end)
    assert row.has_ended
    assert row.is_complete
    assert tokenizer.decode(row.answer) == "7"


def test_every_end_token_may_end_a_value(tokenizer, end):
    two = SchemaDecoder(tokenizer, width=len(tokenizer), ends=[end, 0])
    row = two.start(NUMBER, limit=1000)
    assert not allowed(two, row) & {end, 0}
    feed(two, row, tokenizer("7", add_special_tokens=False)["input_ids"])
    assert allowed(two, row) >= {end, 0}


def test_a_row_that_has_ended_takes_no_more(decoder, tokenizer):
    row = decoder.start(WORDS, limit=1000)
    feed(decoder, row, tokenizer('"yes"', add_special_tokens=False)["input_ids"])
    before = list(row.answer)
    assert row.has_ended
    row.take(5)
    assert row.answer == before
    assert row.is_complete


def test_the_limit_ends_a_row_that_is_not_complete(decoder, tokenizer):
    row = decoder.start(ANNOTATION_SCHEMA, limit=3)
    feed(decoder, row, tokenizer('{"summary": {"brief"', add_special_tokens=False)["input_ids"][:3])
    assert row.has_ended
    assert row.is_cut
    assert not row.is_complete


def test_a_reply_that_is_complete_with_its_last_token_is_not_cut(decoder, tokenizer):
    tokens = tokenizer('"yes"', add_special_tokens=False)["input_ids"]
    row = decoder.start(WORDS, limit=len(tokens))
    feed(decoder, row, tokens)
    assert row.is_complete
    assert not row.is_cut


def test_a_token_outside_the_schema_ends_the_row_incomplete(decoder, tokenizer):
    row = decoder.start(WORDS, limit=100)
    row.take(tokenizer.convert_tokens_to_ids("x"))
    assert row.has_ended
    assert not row.is_complete
    assert not row.is_cut


# thoughts


def test_thoughts_are_free_and_the_answer_starts_after_their_end(decoder, tokenizer):
    row = decoder.start(WORDS, limit=1000, thinking=end_of_thinking("so it is"))
    assert len(allowed(decoder, row)) == len(tokenizer) + SPARE
    feed(decoder, row, tokenizer("hm, so it is", add_special_tokens=False)["input_ids"])
    assert tokenizer.decode(row.thoughts) == "hm, so it is"
    feed(decoder, row, tokenizer('"no"', add_special_tokens=False)["input_ids"])
    assert row.is_complete
    assert tokenizer.decode(row.answer) == '"no"'


def test_a_model_that_may_think_either_opens_its_thoughts_or_answers(decoder, tokenizer):
    vocabulary = tokenizer.get_vocab()
    thinking = find_thinking("... </think> ...", "<|im_start|>assistant\n", vocabulary)
    row = decoder.start(WORDS, limit=1000, thinking=thinking)
    assert {tokenizer.decode(token)[0] for token in allowed(decoder, row) - {vocabulary["<think>"]}} == {'"'}
    feed(decoder, row, tokenizer('<think>x</think>"no"', add_special_tokens=False)["input_ids"])
    assert (tokenizer.decode(row.thoughts), tokenizer.decode(row.answer)) == ("<think>x</think>", '"no"')
    at_once = decoder.start(WORDS, limit=1000, thinking=thinking)
    feed(decoder, at_once, tokenizer('"no"', add_special_tokens=False)["input_ids"])
    assert (at_once.thoughts, tokenizer.decode(at_once.answer)) == ([], '"no"')


def test_thoughts_that_the_model_breaks_off_leave_no_answer(decoder, end):
    row = decoder.start(WORDS, limit=1000, thinking=end_of_thinking("</think>"))
    row.take(end)
    assert row.has_ended
    assert not row.is_complete
    assert not row.is_cut
    assert row.answer == []


# what cannot be constrained


@pytest.mark.parametrize(
    ("schema", "reason"),
    [({"type": "strin"}, "strin"), ({"not": {"type": "string"}}, "not"), ({"type": "string", "pattern": "(?=a)b"}, "regex")],
    ids=str,
)
def test_a_schema_that_cannot_be_followed_is_an_error_that_names_the_part(decoder, schema, reason):
    with pytest.raises(ModelError, match=reason):
        decoder.start(schema, limit=10)


def test_a_tokenizer_without_its_rules_is_refused():
    class Slow(PreTrainedTokenizer):
        vocab_size = 1

        def get_vocab(self):
            return {"a": 0}

    with pytest.raises(CheckpointError, match=r"tokenizer\.json"):
        SchemaDecoder(Slow(), width=1, ends=[0])
