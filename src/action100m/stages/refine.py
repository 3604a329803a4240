"""Self-Refine (paper section 3.3): a draft, then rounds that check the last answer against the same evidence.

    round 1    rules, evidence                          -> draft
    round 2    rules, evidence, draft, "check it"       -> revision
    round 3    rules, evidence, revision, "check it"    -> annotation

Every reply is verified. One that does not fit is answered, in the same conversation, with the reason, until the attempts of the round are used up.
Then what is certain is repaired: a code fence around an answer, or text after it. A refining round that fails leaves the last answer that fits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from string import Template

from action100m.annotation import parse_annotation, unwrap_annotation
from action100m.errors import ReplyError
from action100m.models.base import ChatMessage, ChatModel, ChatReply, ChatRequest, Effort, Outcome, TokenUsage
from action100m.stages.base import ProgressCallback, ignore_progress
from action100m.text import mend

_LONGEST_REASON = 500
"""Characters. What a model is told about its mistake may quote the whole reply."""
_NO_TEXT = "(no answer)"
"""Stands for an empty reply when the model is asked again: servers refuse empty turns."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One reply of the model about one node, as it came."""

    node: str
    round: int
    """1 is the draft."""
    attempt: int
    """1 is the first of its round."""
    text: str
    problem: str | None = None
    """Why it cannot be used; None when it fits the schema."""
    usage: TokenUsage = field(default_factory=TokenUsage)
    reasoning: str = ""
    """What the model thought before it replied, as far as the server tells. It is never sent back."""
    outcome: Outcome = "answered"
    repaired: str | None = None
    """The answer in an unfit reply, freed of a code fence or of text after it, where asking again was in vain."""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """All that is said about one node."""

    node: str
    opening: tuple[ChatMessage, ...]
    """Rules and evidence, the same in every round."""
    check: str
    """What a refining round asks."""
    turns: tuple[Turn, ...] = ()

    @property
    def answer(self) -> str | None:
        """The last reply that fits, if there is one."""
        return next((turn.repaired or turn.text for turn in reversed(self.turns) if turn.problem is None or turn.repaired), None)

    def messages(self, round_: int, reask: Template) -> tuple[ChatMessage, ...]:
        """Return the conversation to be continued in a round: it starts from the last answer and holds the failed replies of this round only."""
        messages = list(self.opening)
        if self.answer is not None:
            messages += [ChatMessage("assistant", self.answer), ChatMessage("user", self.check)]
        for turn in self.turns:
            if turn.round == round_:
                messages += [
                    ChatMessage("assistant", mend(turn.text).strip() or _NO_TEXT),
                    ChatMessage("user", reask.substitute(reason=turn.problem)),
                ]
        return tuple(messages)


def self_refine(
    model: ChatModel,
    dialogues: Sequence[Dialogue],
    make_request: Callable[[Dialogue], ChatRequest],
    *,
    efforts: Sequence[Effort | None],
    attempts: int,
    reask: Template,
    on_progress: ProgressCallback = ignore_progress,
) -> list[Dialogue]:
    """Return the dialogues with the turns of all rounds.

    make_request: gives a dialogue's request, of which messages and effort are filled in here. efforts: one for each round.

    Raises:
        EndpointError: the model does not answer at all.
    """
    for number, effort in enumerate(efforts, start=1):
        waiting = [dialogue for dialogue in dialogues if number == 1 or dialogue.answer is not None]
        for attempt in range(1, attempts + 1):
            requests = [replace(make_request(dialogue), messages=dialogue.messages(number, reask), effort=effort) for dialogue in waiting]
            replies = {reply.node: reply for reply in model.chat(requests)} if requests else {}
            turned = {dialogue.node: _take_turn(dialogue, replies, number, attempt) for dialogue in waiting}
            dialogues = [turned.get(dialogue.node, dialogue) for dialogue in dialogues]
            waiting = [dialogue for dialogue in turned.values() if dialogue.turns[-1].problem and _may_ask_again(replies, dialogue)]
        dialogues = [_repair(dialogue, number) for dialogue in dialogues]
        on_progress(number / len(efforts))
    return list(dialogues)


def _take_turn(dialogue: Dialogue, replies: Mapping[str, ChatReply], round_: int, attempt: int) -> Dialogue:
    reply = replies.get(dialogue.node, ChatReply(dialogue.node, "", problem="the model left this request unanswered", outcome="lost"))
    turn = Turn(dialogue.node, round_, attempt, reply.text, find_problem(reply), reply.usage, reply.reasoning, reply.outcome)
    return replace(dialogue, turns=(*dialogue.turns, turn))


def _repair(dialogue: Dialogue, round_: int) -> Dialogue:
    """Repair the latest reply, of a round that found no answer, of which that is certain."""
    here = [turn for turn in dialogue.turns if turn.round == round_]
    if not here or here[-1].problem is None:
        return dialogue
    for turn in reversed(here):
        if repaired := unwrap_annotation(turn.text):
            mended = replace(turn, repaired=repaired)
            return replace(dialogue, turns=tuple(mended if other is turn else other for other in dialogue.turns))
    return dialogue


def _may_ask_again(replies: Mapping[str, ChatReply], dialogue: Dialogue) -> bool:
    return dialogue.node not in replies or replies[dialogue.node].ask_again


def find_problem(reply: ChatReply) -> str | None:
    """Return why a reply is no annotation, in words that can be sent back; None when it is one, whatever the server says about it."""
    try:
        parse_annotation(reply.text)
    except ReplyError as error:
        return mend(reply.problem or str(error))[:_LONGEST_REASON]
    return None
