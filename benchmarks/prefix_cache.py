"""Prompt tokens that a server with a prefix cache computes, to annotate the ten released records.

    plain      as the official prompts are laid out: a request is one message with the segment's times first, then the task, the metadata, the outline
               of the video, and the captions of the segment (the whole before its parts, 6 levels). A refining round is a fresh conversation: the
               same message, with the last answer and the check after it. Segments breadth first; all in one round before any in the next
    ungrouped  as the stage `annotate` sends it, save that all segments of a video go through a round before any goes into the next
    ours       as the stage sends it at its defaults, told the size of the cache: no more segments together than it holds

Three rounds, with the released annotation as every answer; what is sent is recorded from runs of the stage. Efforts "one": all rounds ask for the
same reasoning effort. "two": the draft asks for another, as in the paper, and the server states it at the head of the prompt, as for gpt-oss, so that
the draft and the other rounds share nothing. Each answer leaves 1,000 tokens of reasoning in the cache, which no prompt repeats (assumed).

Tokens are those of a byte-level BPE with 32,000 entries, learnt from the records. `prefix_simulator.py` tells what the cache does, and what it leaves
out. The ratio is to the plain layout with every token computed; the goal is for ours with a cache of 200,000 tokens.

python benchmarks/prefix_cache.py [--shared ../shared]
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain, count, islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from prefix_simulator import PrefixCache
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from action100m import read_records
from action100m.annotation import ANNOTATION_SCHEMA
from action100m.models.base import ChatMessage, ChatReply, ChatRequest, Effort
from action100m.record import Record
from action100m.stages.annotate import Annotate, AnnotateConfig
from action100m.stages.context import format_seconds, render_outline, render_video
from action100m.stages.prompts import read_prompt
from action100m.tree import Node
from action100m.video.video import Video

GOAL = 4.0
CACHE = 200_000
"""Tokens."""
EFFORTS: dict[str, tuple[Effort, ...]] = {"one": ("high", "high", "high"), "two": ("high", "medium", "medium")}
WAYS = (("plain", 0), ("plain", CACHE), ("plain", None), ("ungrouped", CACHE), ("ours", 100_000), ("ours", CACHE), ("ours", None))
REASONING = 1_000
HEAD = "You are a helpful assistant.\nReasoning: {effort}\n\n"

Tokenize = Callable[[str], Sequence[int]]


@dataclass(frozen=True)
class Sent:
    """One request, and what came back."""

    messages: tuple[ChatMessage, ...]
    effort: Effort | None
    answer: str


@dataclass
class Replay:
    """Chat model that answers with the annotations that a tree already holds, and keeps what it was asked."""

    sent: list[Sent] = field(default_factory=list)
    name: str = "replay"
    is_free: bool = True

    def load(self) -> Replay:
        """Return itself: it is its own config."""
        return self

    def identity(self) -> dict[str, Any]:
        """Return nothing: its replies are not remembered."""
        return {}

    def chat(self, requests: Sequence[ChatRequest]) -> Iterator[ChatReply]:
        """Yield the annotations."""
        for request in requests:
            answer = answer_about(request.tree[request.node])
            self.sent.append(Sent(request.messages, request.effort, answer))
            yield ChatReply(request.node, answer)


@dataclass
class Row:
    """What one way of sending costs with one cache."""

    layout: str
    efforts: tuple[Effort, ...]
    size: int | None
    """Tokens in the cache; 0 is no cache, None no limit."""
    requests: int = 0
    tokens: int = 0
    computed: int = 0

    def count_all(self, records: Sequence[Record], tokenize: Tokenize) -> None:
        """Send everything about all records, one video after the other."""
        held = PrefixCache(self.size)
        unheard = count(1_000_000)  # tokens that occur nowhere else, for reasoning
        for sent in chain.from_iterable(map(self.send, records)):
            told = "".join(f"<|{message.role}|>\n\n{message.content}\n\n" for message in sent.messages)
            prompt = tokenize(f"{HEAD.format(effort=sent.effort)}{told}<|assistant|>\n\n")
            written = [*islice(unheard, REASONING), *tokenize(sent.answer)]
            self.requests += 1
            self.tokens += len(prompt)
            self.computed += len(prompt) if self.size == 0 else held.prefill(prompt, written)

    def send(self, record: Record) -> Iterable[Sent]:
        """Return what is sent about a video."""
        if self.layout == "plain":
            return send_plain(record, self.efforts)
        return send_ours(record, self.efforts, cache_tokens=self.size if self.layout == "ours" else None)


def answer_about(node: Node) -> str:
    return json.dumps(node.annotation.to_dict())


def send_ours(record: Record, efforts: tuple[Effort, ...], *, cache_tokens: int | None) -> list[Sent]:
    model = Replay()
    config = AnnotateConfig(model=model, rounds=len(efforts), efforts=efforts, cache_tokens=cache_tokens)
    Annotate(config)(Video(record.uid, "", "", record.metadata), {"caption": SimpleNamespace(tree=record.tree)})
    return model.sent


def send_plain(record: Record, efforts: Sequence[Effort]) -> Iterator[Sent]:
    nodes = [node for node in record.tree.nodes if node.annotation]
    tasks = {node.id: plain_task(record, node) for node in nodes}
    for number, effort in enumerate(efforts):
        for node in nodes:
            answer = answer_about(node)
            check = f"\n\n# Your last answer\n\n{answer}\n\n{read_prompt('refine')}" if number else ""
            yield Sent((ChatMessage("user", tasks[node.id] + check),), effort, answer)


def plain_task(record: Record, node: Node) -> str:
    parts = [
        f"The segment to annotate lasts from {format_seconds(node.start)} to {format_seconds(node.end)}.",
        read_prompt("annotate_rules").replace("$schema", json.dumps(ANNOTATION_SCHEMA, indent=1)),
        render_video(record.tree, record.metadata, depth=3),
        "# Captions of the segment",
        render_outline(record.tree, node, depth=6),
    ]
    return "\n\n".join(parts)


def learn_tokens(records: Sequence[Record]) -> Tokenize:
    """Return a function that tokenizes a text paragraph by paragraph, each different one once."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(vocab_size=32_000, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    known = (render_video(record.tree, record.metadata, depth=0) for record in records)
    captions = (render_outline(record.tree, record.tree.root, depth=99) for record in records)
    tokenizer.train_from_iterator(chain(known, captions), trainer)
    encode = cache(lambda paragraph: tokenizer.encode(paragraph).ids)
    return lambda text: [token for paragraph in re.split(r"(?<=\n\n)", text) for token in encode(paragraph)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    records = list(read_records(parser.parse_args().shared / "data" / "action100m" / "examples.parquet"))
    tokenize, ratios = learn_tokens(records), []
    print(f"{'efforts':<8} {'layout':<10} {'cache':>9} {'requests':>9} {'prompt tokens':>14} {'computed':>12} {'ratio':>6}")
    for name, efforts in EFFORTS.items():
        plain, *others = [Row(layout, efforts, size) for layout, size in WAYS]
        for row in (plain, *others):
            row.count_all(records, tokenize)
            ratio = plain.computed / row.computed
            ratios += [ratio] if (row.layout, row.size) == ("ours", CACHE) else []
            size = {0: "none", None: "no limit"}.get(row.size) or f"{row.size:,}"
            print(f"{name:<8} {row.layout:<10} {size:>9} {row.requests:>9,} {row.tokens:>14,} {row.computed:>12,} {ratio:>6.1f}", flush=True)
    print(f"goal {GOAL:g}: {'reached' if min(ratios) >= GOAL else 'missed'}, {min(ratios):.1f} at least")


if __name__ == "__main__":
    main()
