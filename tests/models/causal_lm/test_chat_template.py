"""Every turn reaches the model in the words of its own template, whatever that template refuses or drops."""

import pytest

pytest.importorskip("transformers", reason="needs the extra 'reasoner'")

from transformers import AutoTokenizer

from action100m.errors import CheckpointError, ConfigError
from action100m.models.base import ChatMessage
from action100m.models.causal_lm.chat_template import ChatTemplate
from support.checkpoints import CHAT_TEMPLATE, one_torch_thread, save_language_model

CHAT = (ChatMessage("system", "Annotate."), ChatMessage("user", "Eggs."), ChatMessage("assistant", "{}"), ChatMessage("user", "Again."))
PLAIN = "{% for message in messages %}[{{ message.role }}] {{ message.content }}\n{% endfor %}"
REFUSES = "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}" + PLAIN
DROPS = "{% for message in messages if message.role != 'system' %}[{{ message.role }}] {{ message.content }}\n{% endfor %}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    with one_torch_thread():
        return save_language_model(tmp_path_factory.mktemp("tiny"), marks=("<think>", "</think>"))


@pytest.fixture
def make(folder):
    """Return the template object of a tokenizer with another template."""

    def _make(source=CHAT_TEMPLATE, **settings):
        tokenizer = AutoTokenizer.from_pretrained(folder)
        tokenizer.chat_template = source
        return ChatTemplate(tokenizer, **settings)

    return _make


def test_turns_are_rendered_by_the_template_up_to_where_the_model_goes_on(make):
    assert make().render(CHAT) == (
        "<|im_start|>system\nAnnotate.<|im_end|>\n<|im_start|>user\nEggs.<|im_end|>\n<|im_start|>assistant\n{}<|im_end|>\n"
        "<|im_start|>user\nAgain.<|im_end|>\n<|im_start|>assistant\n"
    )


@pytest.mark.parametrize("source", [REFUSES, DROPS], ids=["refuses", "drops"])
def test_a_system_turn_that_the_template_does_not_take_goes_before_the_first_user_turn(make, source):
    assert make(source).render(CHAT) == "[user] Annotate.\n\nEggs.\n[assistant] {}\n[user] Again.\n"


def test_effort_reaches_templates_that_ask_for_it(make):
    template = make("{{ reasoning_effort | default('medium') }} " + PLAIN)
    assert template.render(CHAT[:2], effort="high").startswith("high ")
    assert template.render(CHAT[:2]).startswith("medium ")
    assert make().render(CHAT, effort="high") == make().render(CHAT)


def test_thinking_is_switched_where_the_template_has_a_switch(make):
    source = CHAT_TEMPLATE + "{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}"
    assert make(source).find_thinking().opening is not None
    assert make(source, thinking=True).find_thinking().opening is not None
    off = make(source, thinking=False)
    assert off.find_thinking() is None
    assert off.render(CHAT).endswith("assistant\n<think>\n\n</think>\n\n")


def test_a_switch_that_the_template_does_not_have_is_refused(make):
    with pytest.raises(ConfigError, match=r"causal_lm\.thinking is False, but .* has no switch"):
        make(thinking=False)


def test_a_tokenizer_without_a_template_is_refused(make):
    with pytest.raises(CheckpointError, match=r"no chat template.*instruction-tuned"):
        make(None)


@pytest.mark.parametrize("source", ["always the same", "{{ raise_exception('no') }}", "{% for %}"], ids=["drops all", "refuses all", "broken"])
def test_a_template_that_renders_no_conversation_is_refused(make, source):
    with pytest.raises(CheckpointError, match="does not render"):
        make(source)
