"""A conversation as the text that its model was trained to continue: the chat template that comes with the checkpoint.

Templates differ in what they take. One that refuses or drops a system turn gets that turn's text before the first user turn; reasoning effort and
the switch for thinking go to those that ask for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from jinja2 import TemplateError

from action100m.errors import CheckpointError, ConfigError
from action100m.models.base import ChatMessage, Effort
from action100m.models.local.thinking import Thinking, find_thinking

_RULES, _QUESTION = "the rules of a probe", "the question of a probe"
_PROBE: Final = (ChatMessage("system", _RULES), ChatMessage("user", _QUESTION))


class ChatTemplate:
    """The template of one tokenizer, tried once so that its oddities are known before work starts."""

    def __init__(self, tokenizer: Any, *, thinking: bool | None = None) -> None:
        """Try the template.

        thinking: for templates that can switch it on and off.

        Raises:
            CheckpointError: there is no template, or it cannot render rules and a question.
            ConfigError: `thinking` is set, and the template has no switch for it.
        """
        if not tokenizer.chat_template:
            raise CheckpointError(
                f"{tokenizer.name_or_path} has no chat template, so it was not trained to follow instructions: take the instruction-tuned variant "
                "(its name often ends in -it, -Instruct or -Chat), or put its template into chat_template.jinja"
            )
        self._tokenizer = tokenizer
        self._source = str(tokenizer.get_chat_template())
        if thinking is not None and "enable_thinking" not in self._source:
            raise ConfigError(f"causal_lm.thinking is {thinking}, but the chat template of {tokenizer.name_or_path} has no switch: leave it out")
        self._switch = {} if thinking is None else {"enable_thinking": thinking}
        self._merges_system = False
        self._merges_system = not self._renders_probe()
        if self._merges_system and not self._renders_probe():
            raise CheckpointError(
                f"the chat template of {tokenizer.name_or_path} does not render a system and a user turn; fetch the checkpoint again"
            )

    def render(self, messages: Sequence[ChatMessage], *, effort: Effort | None = None) -> str:
        """Return the prompt, up to where the model goes on.

        Raises:
            TemplateError: the template does not take turns in this order.
        """
        turns = _merge_system(messages) if self._merges_system else messages
        options = {"reasoning_effort": effort} if effort and "reasoning_effort" in self._source else {}
        return str(
            self._tokenizer.apply_chat_template(
                [{"role": turn.role, "content": turn.content} for turn in turns],
                tokenize=False,
                add_generation_prompt=True,
                **self._switch,
                **options,
            )
        )

    def find_thinking(self) -> Thinking | None:
        """Return how the model thinks before it answers, if it does."""
        _, _, turn = self.render(_PROBE).rpartition(_QUESTION)
        return find_thinking(self._source, turn, self._tokenizer.get_vocab())

    def _renders_probe(self) -> bool:
        try:
            text = self.render(_PROBE)
        except (TemplateError, TypeError, ValueError):  # what a template's own code raises over turns that it does not expect
            return False
        return _RULES in text and _QUESTION in text


def _merge_system(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    rules = [message.content for message in messages if message.role == "system"]
    turns = [message for message in messages if message.role != "system"]
    if rules and turns:
        turns[0] = replace(turns[0], content="\n\n".join([*rules, turns[0].content]))
    return turns
