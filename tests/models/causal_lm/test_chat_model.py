"""A real language model, loaded from real files, writes replies that fit their schema; what cannot be loaded is an error that names the cure."""

import json
import os
import shutil
from dataclasses import replace
from unittest.mock import Mock

import pytest

from action100m.annotation import ANNOTATION_SCHEMA
from action100m.errors import CheckpointError, ConfigError, MissingPackageError, ModelError
from action100m.models.base import ChatMessage, ChatRequest
from action100m.models.causal_lm.config import CausalLMConfig
from action100m.video.video import VideoMetadata
from support.checkpoints import CHAT_TEMPLATE, edit_json, one_torch_thread, save_language_model
from support.records import find_refusal
from support.trees import split_tree

torch = pytest.importorskip("torch", reason="needs the extra 'reasoner'")
pytest.importorskip("llguidance", reason="needs the extra 'reasoner'")

TREE = split_tree(0.0, 4.0)
CUT_OFF = "the reply was cut off at the limit of tokens; think and write more briefly"
WEIGHT = "model.layers.0.mlp.up_proj.weight"


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    with one_torch_thread():
        yield


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    with one_torch_thread():
        return save_language_model(tmp_path_factory.mktemp("tiny"), marks=("<think>", "</think>"))


@pytest.fixture
def folder(saved, tmp_path):
    """A copy to break."""
    return shutil.copytree(saved, tmp_path / "checkpoint")


def load(folder, **settings):
    return CausalLMConfig(checkpoint=str(folder), device="cpu", **{"max_new_tokens": 600} | settings).load()


def request(question, *, node="0", schema=ANNOTATION_SCHEMA, **settings):
    messages = (ChatMessage("system", "Annotate."), ChatMessage("user", question))
    return ChatRequest(node, messages, schema, TREE, VideoMetadata(), **settings)


def requests(count):
    return [request("Whisk the eggs. " * (1 + number % 7) + str(number), node=str(number)) for number in range(count)]


def answers(model, asked):
    return {reply.node: reply for reply in model.chat(asked)}


def texts(model, asked):
    return {reply.node: (reply.text, reply.usage, reply.problem) for reply in model.chat(asked)}


def edit_weights(folder, change):
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


# what it writes


def test_every_finished_reply_fits_the_schema_but_for_blank_texts(saved):
    replies = list(load(saved, temperature=1.0, max_new_tokens=1200).chat(requests(24)))
    finished = [reply for reply in replies if reply.problem is None]
    assert len(finished) >= 20
    assert {reply.problem for reply in replies} <= {None, CUT_OFF}
    refusals = [refusal for reply in finished if (refusal := find_refusal(reply.text))]
    assert all("no readable text" in refusal for refusal in refusals)
    assert len(refusals) <= len(finished) // 3


def test_a_greedy_reply_is_that_of_the_plain_loop(saved):
    asked = request("Whisk the eggs.")
    reply = answers(load(saved), [asked])["0"]
    tokens, text = write_plainly(saved, asked)
    assert reply.text == text
    assert reply.usage.input == tokens
    assert reply.problem is None


def write_plainly(folder, asked):
    """One conversation, token by token, without cache, batch or generate."""
    import llguidance
    import llguidance.hf
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    layout = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
    matcher = llguidance.LLMatcher(
        llguidance.hf.from_tokenizer(tokenizer, n_vocab=model.config.vocab_size), llguidance.LLMatcher.grammar_from_json_schema(asked.schema, layout)
    )
    turns = [{"role": message.role, "content": message.content} for message in asked.messages]
    prompt = tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=True)["input_ids"]
    written = []
    while not matcher.is_stopped():
        logits = model(torch.tensor([prompt + written])).logits[0, -1].tolist()
        mask = matcher.compute_bitmask()
        written.append(max((token for token in range(len(logits)) if mask[token // 8] >> token % 8 & 1), key=logits.__getitem__))
        assert matcher.consume_token(written[-1])
    return len(prompt), tokenizer.decode(written)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_reply_does_not_depend_on_the_requests_beside_it(saved, temperature):
    asked = requests(7)
    together = texts(load(saved, temperature=temperature, batch_tokens=10**6), asked)
    assert texts(load(saved, temperature=temperature, batch_tokens=1), asked[::-1]) == together
    assert len({text for text, *_ in together.values()}) > 3


def test_draws_depend_on_seed_and_request(saved):
    asked = requests(2)
    first = texts(load(saved, temperature=1.0, seed=1), asked)
    assert texts(load(saved, temperature=1.0, seed=1), asked) == first
    assert texts(load(saved, temperature=1.0, seed=2), asked) != first
    same = [request("Whisk.", node="0"), request("Whisk.", node="1"), request("Whisk.", node="2", effort="low")]
    drawn = texts(load(saved, temperature=1.0), same)
    assert drawn["0"] == drawn["1"] != drawn["2"]


def test_a_checkpoints_own_sampling_and_penalties_do_not_reach_the_replies(saved, folder):
    edit_json(folder / "generation_config.json", do_sample=True, temperature=0.6, top_k=20, repetition_penalty=3.0, no_repeat_ngram_size=2)
    assert texts(load(folder), requests(2)) == texts(load(saved), requests(2))


def test_a_batch_stays_within_its_budget_of_tokens(saved, monkeypatch):
    model = load(saved, max_new_tokens=20, batch_tokens=400)
    batches = []
    monkeypatch.setattr(model, "_write", lambda batch, rows: batches.append([len(prompt.tokens) for prompt in batch]))
    assert len(list(model.chat(requests(20)))) == 20
    assert all(len(batch) * (max(batch) + 20) <= 400 for batch in batches)
    assert 4 < len(batches) < 12


def test_a_batch_that_does_not_fit_the_memory_is_halved(saved, monkeypatch):
    model = load(saved, max_new_tokens=20, batch_tokens=10**6)
    expected, generate, sizes = texts(model, requests(7)), model._model.generate, []

    def fail(tokens, **settings):
        if len(tokens) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
        sizes.append(len(tokens))
        return generate(tokens, **settings)

    monkeypatch.setattr(model._model, "generate", fail)
    assert texts(model, requests(7)) == expected
    assert sorted(sizes) == [1, 2, 2, 2]


def test_replies_come_batch_by_batch(saved, monkeypatch):
    model = load(saved, max_new_tokens=5, batch_tokens=1)
    written = []
    monkeypatch.setattr(model, "_write", lambda batch, rows: written.append(batch[0].request.node))
    replies = model.chat(requests(3))
    assert next(replies).node == written[0]
    assert len(written) == 1


def test_requests_of_one_batch_may_have_their_own_schemas(saved):
    asked = [request("Whisk.", node="a", schema={"type": "integer", "maximum": 9, "minimum": 0}), request("Whisk.", node="b", schema={"const": "x"})]
    replies = answers(load(saved), asked)
    assert json.loads(replies["a"].text) in range(10)
    assert json.loads(replies["b"].text) == "x"


def test_a_reply_at_the_limit_of_tokens_is_cut_off_and_says_so(saved):
    (reply,) = load(saved, max_new_tokens=5).chat([request("Whisk.")])
    assert reply.problem == CUT_OFF
    assert reply.ask_again
    assert reply.text.startswith('{"')
    assert reply.usage.output == 5


def test_a_request_longer_than_the_context_is_not_asked_again_and_the_others_are_answered(folder):
    edit_json(folder / "config.json", max_position_embeddings=100)
    replies = answers(load(folder), [request("x" * 200, node="long"), request("x", node="short")])
    assert "the model's context holds 100" in replies["long"].problem
    assert not replies["long"].ask_again
    assert replies["short"].text.startswith('{"')
    assert replies["short"].usage.input + replies["short"].usage.output <= 100


def test_a_conversation_that_the_template_refuses_is_not_asked_again(folder):
    (folder / "chat_template.jinja").write_text("{% if messages | length > 2 %}{{ raise_exception('turns') }}{% endif %}" + CHAT_TEMPLATE)
    longer = request("Whisk.", node="1")
    longer = replace(longer, messages=(*longer.messages, ChatMessage("assistant", "{}"), ChatMessage("user", "Again.")))
    replies = answers(load(folder, max_new_tokens=5), [request("Whisk."), longer])
    assert replies["0"].problem == CUT_OFF
    assert "refuses the conversation: turns" in replies["1"].problem
    assert not replies["1"].ask_again


def test_effort_reaches_the_prompt(folder):
    (folder / "chat_template.jinja").write_text("{{ reasoning_effort | default('') }}" + CHAT_TEMPLATE)
    model = load(folder, max_new_tokens=1)
    lengths = [answers(model, [request("Whisk.", effort=effort)])["0"].usage.input for effort in (None, "high")]
    assert 0 < lengths[0] < lengths[1]


def test_half_a_surrogate_pair_in_a_request_is_read_as_a_replacement_character(saved):
    asked = [request("\ud83d", node="half"), request("\ufffd", node="mark")]
    replies = answers(load(saved), asked)
    assert replies["half"].text == replies["mark"].text


def test_a_schema_that_cannot_be_followed_is_an_error(saved):
    with pytest.raises(ModelError, match="held to this JSON schema"):
        list(load(saved).chat([request("Whisk.", schema={"not": {}})]))


# thoughts


def test_thoughts_are_kept_apart_from_the_answer(saved):
    model = load(saved, temperature=1.0, thinking_end="e", max_new_tokens=1500)
    replies = [reply for reply in model.chat(requests(4)) if reply.problem is None]
    assert len(replies) >= 2
    for reply in replies:
        assert reply.text.startswith('{"summary": {"brief": "')
        assert reply.usage.output > len(json.loads(reply.text))
    assert any(reply.reasoning for reply in replies)


def test_thoughts_that_the_template_opens_end_with_their_mark(folder):
    (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE + "<think>\n")
    (reply,) = load(folder, max_new_tokens=30).chat([request("Whisk.")])
    assert reply.text == "" or reply.text.startswith("{")
    assert reply.problem == CUT_OFF
    assert reply.reasoning
    assert reply.usage.output == 30


def test_thoughts_without_an_answer_say_so(saved, monkeypatch):
    model = load(saved, thinking_end="</think>")
    monkeypatch.setattr(model, "_write", lambda batch, rows: [rows[0].take(token) for token in (*model._tokenizer.encode("Eggs."), model._ends[-1])])
    (reply,) = model.chat([request("Whisk.")])
    assert reply.problem == "it holds reasoning, but no answer"
    assert reply.text == ""
    assert reply.reasoning == "Eggs."


# what cannot be loaded


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda weights: weights.pop(WEIGHT), f"missing_keys: {WEIGHT}"),
        (lambda weights: weights.update(extra=torch.zeros(2)), "unexpected_keys: extra"),
        (lambda weights: weights.update({WEIGHT: torch.zeros(2)}), "cannot load"),
    ],
    ids=["missing", "unexpected", "of another shape"],
)
def test_weights_that_do_not_fit_are_refused(folder, change, message):
    edit_weights(folder, change)
    with pytest.raises(CheckpointError, match=message):
        load(folder)


@pytest.mark.parametrize("names", [["VJEPA2Model"], ["LlamaForSequenceClassification"]], ids=str)
def test_another_kind_of_model_is_refused(folder, names):
    edit_json(folder / "config.json", architectures=names)
    with pytest.raises(CheckpointError, match=f"{names[0]}, which is no language model"):
        load(folder)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match=name.replace(".", r"\.")):
        load(folder)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_cut_off_file_is_refused(folder, name):
    os.truncate(folder / name, 100)
    with pytest.raises(CheckpointError, match="etch"):
        load(folder)


def test_a_model_without_a_chat_template_is_refused(folder):
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(CheckpointError, match="no chat template"):
        load(folder)


def test_a_model_that_cannot_end_a_reply_is_refused(folder):
    edit_json(folder / "tokenizer_config.json", eos_token=None)
    for name in ("config.json", "generation_config.json"):
        edit_json(folder / name, eos_token_id=None)
    with pytest.raises(CheckpointError, match="no token that ends a reply"):
        load(folder)


def test_too_little_memory_is_told_before_weights_are_read(saved, monkeypatch):
    monkeypatch.setattr("action100m.models.local.weights._free_memory", lambda device: 1000)
    with pytest.raises(ModelError, match=r"causal_lm\.dtype to half precision"):
        load(saved)


def test_a_conversation_that_does_not_fit_the_memory_alone_tells_what_to_lower(saved, monkeypatch):
    model = load(saved)
    monkeypatch.setattr(model._model, "generate", Mock(side_effect=torch.OutOfMemoryError("CUDA out of memory")))
    with pytest.raises(ModelError, match=r"one conversation of 42 tokens: lower annotate\.context_tokens or causal_lm\.max_new_tokens"):
        list(model.chat([request("Whisk."), request("Whisk.", node="1")]))


def test_full_gpu_memory_at_loading_tells_the_cure(saved, monkeypatch):
    from transformers import LlamaForCausalLM

    monkeypatch.setattr(LlamaForCausalLM, "to", Mock(side_effect=torch.OutOfMemoryError("CUDA out of memory")))
    with pytest.raises(ModelError, match=r"set causal_lm\.checkpoint to a smaller model"):
        load(saved)


def test_numbers_out_of_range_are_refused(folder):
    edit_weights(folder, lambda weights: weights[WEIGHT].fill_(float("inf")))
    with pytest.raises(ModelError, match="bfloat16"):
        list(load(folder).chat([request("Whisk.")]))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_refused(saved):
    with pytest.raises(ModelError, match=r"causal_lm\.device is 'cuda', but PyTorch finds no GPU"):
        CausalLMConfig(checkpoint=str(saved), device="cuda").load()


def test_a_gated_checkpoint_asks_for_the_token(monkeypatch):
    import huggingface_hub
    from huggingface_hub.errors import GatedRepoError

    monkeypatch.setattr(huggingface_hub, "snapshot_download", Mock(side_effect=GatedRepoError("403", response=Mock())))
    with pytest.raises(CheckpointError, match="HF_TOKEN"):
        CausalLMConfig(checkpoint="meta-llama/Llama-3.2-1B-Instruct").load()


@pytest.mark.parametrize("package", ["torch", "transformers", "llguidance"])
def test_a_missing_package_is_named_with_its_pip_line(monkeypatch, saved, package):
    import sys

    for name in ("causal_lm.chat_model", "causal_lm.constrained", "local.weights", "causal_lm.chat_template"):
        monkeypatch.delitem(sys.modules, f"action100m.models.{name}", raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingPackageError, match=rf"{package}.*'action100m\[reasoner\]'"):
        load(saved)


# who it is


def test_half_precision_writes_within_the_schema(saved):
    model = load(saved, dtype="bfloat16", temperature=1.0, max_new_tokens=1200)
    assert " bfloat16 " in model.name
    finished = [reply.text for reply in model.chat(requests(3)) if reply.problem is None]
    assert finished
    assert all(set(json.loads(text)) == {"summary", "action"} for text in finished)


def test_name_tells_checkpoint_precision_and_parameters(saved):
    digest = CausalLMConfig(checkpoint=str(saved)).identity()["sha256"][:12]
    assert load(saved).name == f"causal_lm {saved.name} {digest} float32 max_new_tokens=600"
    assert load(saved, temperature=0.5, seed=3).name.endswith("max_new_tokens=600 temperature=0.5 seed=3")


@pytest.mark.parametrize("change", [{"max_new_tokens": 9}, {"temperature": 1.0}, {"dtype": "float16"}, {"thinking": True}, {"thinking_end": "x"}])
def test_identity_holds_what_replies_depend_on(saved, change):
    config = CausalLMConfig(checkpoint=str(saved))
    assert replace(config, **change).identity() != config.identity()


def test_identity_leaves_out_what_replies_do_not_depend_on(saved):
    config = CausalLMConfig(checkpoint=str(saved))
    assert replace(config, seed=1, batch_tokens=9, device="cpu").identity() == config.identity()
    drawn = replace(config, temperature=1.0)
    assert replace(drawn, seed=1).identity() != drawn.identity()


def test_identity_changes_with_the_chat_template(saved, folder):
    (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE + " ")
    assert CausalLMConfig(checkpoint=str(folder)).identity() != CausalLMConfig(checkpoint=str(saved)).identity()


def test_identity_needs_no_torch(saved):
    import subprocess
    import sys

    code = (
        "import sys; from action100m.models.causal_lm.config import CausalLMConfig as C; C(checkpoint=sys.argv[1]).identity(); "
        "assert not {'torch', 'llguidance', 'transformers'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code, str(saved)], check=True)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"checkpoint": ""}, "checkpoint must name a model"),
        ({"device": "tpu"}, "device must be one of"),
        ({"max_new_tokens": 0}, "max_new_tokens must be at least 1, got 0"),
        ({"temperature": -0.1}, r"temperature must be at least 0, got -0\.1"),
        ({"temperature": float("nan")}, "temperature must be at least 0, got nan"),
        ({"batch_tokens": 0}, "batch_tokens must be at least 1, got 0"),
        ({"thinking_end": " "}, "thinking_end must be a text"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        CausalLMConfig(**settings)
