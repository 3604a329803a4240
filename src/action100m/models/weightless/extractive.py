"""A weightless chat model: it picks verb phrases and sentences out of what is already known, and adds nothing.

The action is the captioner's own action phrase where that is one, else the best verb phrase that is said during the segment, else the best one in
its captions. The summary is the caption, and after it, in quotation marks, the clauses that the action was found in. It reads the values that the
prompt was rendered from, not the prompt.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal

from pydantic import ConfigDict

from action100m.annotation import NOT_APPLICABLE, Action, Annotation, Summary
from action100m.models.base import ChatReply, ChatRequest
from action100m.models.phrases import VerbPhrase, find_phrases
from action100m.video.video import cues_between

_MOST_QUOTES: Final = 3


@dataclass(frozen=True, slots=True)
class ExtractiveConfig:
    """The weightless chat model. Asking it to refine changes nothing, so give it one round."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    kind: Literal["extractive"] = "extractive"

    def identity(self) -> dict[str, Any]:
        """Return all that the annotations depend on."""
        return {"kind": self.kind, "version": 1}

    def load(self) -> Extractive:
        """Return the chat model; there is nothing to load."""
        return Extractive()


class Extractive:
    """Chat model of the protocol in `models.base`."""

    name = "extractive-v1"
    is_free = True

    def chat(self, requests: Iterable[ChatRequest]) -> Iterator[ChatReply]:
        """Answer every request in the schema of annotations."""
        return map(_reply, requests)


def _reply(request: ChatRequest) -> ChatReply:
    captions = list(_captions(request))
    said = _said(request)
    if not captions and not said:
        return ChatReply(request.node, "", problem="there is neither a caption nor a transcript to pick from", ask_again=False)
    spoken = find_phrases(said)
    annotation = Annotation(_summarise(captions, said, spoken), _choose_action(request, captions, spoken))
    return ChatReply(request.node, json.dumps(annotation.to_dict(), ensure_ascii=False))


def _captions(request: ChatRequest) -> Iterator[str]:
    """Yield the captions of the node and of all below it, depth first."""
    for node in request.tree.walk(request.tree[request.node]):
        yield from (" ".join(caption.split()) for caption in (node.clip_caption, node.frame_caption) if caption and caption.strip())


def _said(request: ChatRequest) -> str:
    node = request.tree[request.node]
    return " ".join(" ".join(cue.text for cue in cues_between(request.metadata.transcript, node.start, node.end)).split())


def _summarise(captions: Sequence[str], said: str, spoken: Sequence[VerbPhrase]) -> Summary:
    if not captions:
        return Summary(brief=f'"{_first_sentence(said)}"', detailed=f'"{said}"')
    caption = captions[0]
    clauses = list(dict.fromkeys(phrase.clause for phrase in spoken[:_MOST_QUOTES]))
    quotes = [f'"{clause}"' for clause in sorted(clauses, key=said.find) if clause not in caption]
    return Summary(brief=_first_sentence(caption), detailed=" ".join([caption, *quotes]))


def _first_sentence(text: str) -> str:
    end = next((at for at, letter in enumerate(text) if letter in ".!?" and text[at + 1 : at + 2] in {"", " "}), len(text))
    return text[: end + 1]


def _choose_action(request: ChatRequest, captions: Sequence[str], spoken: Sequence[VerbPhrase]) -> Action:
    seen = request.tree[request.node].clip_action or ""
    phrases = find_phrases(seen[:1].upper() + seen[1:]) or spoken or find_phrases(*captions)
    if not phrases:
        return Action(NOT_APPLICABLE, NOT_APPLICABLE, NOT_APPLICABLE)
    phrase = phrases[0]
    return Action(phrase.brief, phrase.detailed[:1].upper() + phrase.detailed[1:] + ".", phrase.actor or NOT_APPLICABLE)
