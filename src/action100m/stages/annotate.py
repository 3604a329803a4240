"""Give each segment worth it a structured annotation (paper section 3.3): a reasoning model reads captions and metadata and never sees the video.

Segments worth it are, as in the released data, those that are cut again and last at least 4 seconds. All others, and those for which no reply fits
the schema, get a gap that tells why.
"""

from __future__ import annotations

import json
import typing
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from string import Template
from typing import Any, ClassVar, Final, Literal, Self, get_args

from pydantic import ConfigDict, Discriminator

from action100m.annotation import ANNOTATION_SCHEMA, parse_annotation
from action100m.errors import ConfigError
from action100m.models.base import ChatModel, ChatRequest, Effort, TokenUsage
from action100m.models.causal_lm.config import CausalLMConfig
from action100m.models.endpoint.chat import EndpointConfig
from action100m.models.ledger import Ledger, remember_chats
from action100m.models.weightless.extractive import ExtractiveConfig
from action100m.record import Gap
from action100m.stages.base import Facet, Given, ProgressCallback, StageName, ignore_progress
from action100m.stages.opening import OPENING_PROMPTS, Detail, bound_tokens, open_dialogues
from action100m.stages.prompts import prompt_digest, read_prompt
from action100m.stages.refine import Dialogue, Turn, self_refine
from action100m.stages.sending import group_for_cache, order_for_cache
from action100m.tree import Node, Tree, tree_from_json, tree_to_json
from action100m.video.video import Video, VideoMetadata

_ALGORITHM = 2
"""Raised when the same settings come to mean other annotations."""

_PROMPTS: Final = (*OPENING_PROMPTS, "reask")

_TIME_TOLERANCE = 1e-4
"""Seconds. 7.3 - 3.3 is a little less than 4 in floating point; and the released times are float32, exact to 3e-5 at 10 minutes."""


@dataclass(frozen=True, slots=True)
class AnnotateConfig:
    """Who annotates which segments, from how much context, in how many rounds."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    model: typing.Annotated[ExtractiveConfig | EndpointConfig | CausalLMConfig, Discriminator("kind")]
    """Who writes the annotations."""
    rounds: int = 3
    """A draft, and rounds that refine it (paper: 3 in all)."""
    nodes: Literal["inner", "all"] = "inner"
    """ "inner": only segments that are cut again, as in the released data; "all": leaves too."""
    min_duration: float = 4.0
    """Shortest segment that is annotated, in seconds (paper: 4); one that lasts exactly this long is."""
    global_depth: int = 3
    """Levels below the root in the outline of the whole video. The paper says "limited depth"."""
    subtree_depth: int = 6
    """Levels below a segment whose captions are read with it. At 6, at most 127 nodes: up to 109,000 characters on the ten released records."""
    context_tokens: int | None = None
    """The model's window for the prompt: what it holds, less the longest reply (`max_tokens`). A prompt that may be longer, at a cautious 3 bytes a
    token, shows less: first fewer levels of the segment, then fewer of the outline, then only what is said during the segment. Where that is not
    enough the segment gets a gap, and nothing is sent. None sends everything."""
    cache_tokens: int | None = 200_000
    """What the server's prefix cache holds (vLLM logs it as "GPU KV cache size"), divided by the videos that are under way at once. As many segments
    of a video as fit go through all rounds together before the next ones begin. None takes all at once."""
    attempts: int = 3
    """Replies asked for in each round before it is given up."""
    efforts: tuple[Effort | None, ...] = ("high",)
    """Reasoning effort asked for in each round (paper: high for the draft; not told for the others). Rounds beyond the last entry, and None, leave
    it to the server. Make it empty for models that take none. Where the server states the effort at the head of the prompt, as for gpt-oss, rounds of
    different effort share no prefix: on the released records a prefix cache saves 4.7 times instead of 9 times."""

    def __post_init__(self) -> None:
        for name, least in (("rounds", 1), ("attempts", 1), ("min_duration", 0), ("global_depth", 0), ("subtree_depth", 0)):
            if not getattr(self, name) >= least:
                raise ConfigError(f"annotate.{name} must be at least {least}, got {getattr(self, name)}")
        for name in ("context_tokens", "cache_tokens"):
            if (tokens := getattr(self, name)) is not None and not tokens >= 1:
                raise ConfigError(f"annotate.{name} must be None or at least 1, got {tokens}")
        if self.nodes not in ("inner", "all"):
            raise ConfigError(f"annotate.nodes must be 'inner' or 'all', got {self.nodes!r}")
        if unknown := set(self.efforts) - {None, *get_args(Effort)}:
            raise ConfigError(f"annotate.efforts takes 'low', 'medium', 'high' and None, got {unknown}")
        if len(self.efforts) > self.rounds:
            raise ConfigError(f"annotate.efforts names {len(self.efforts)} rounds, but annotate.rounds is {self.rounds}")


@dataclass(frozen=True, slots=True)
class Annotated:
    """A tree with annotations, the gaps in them, and every reply that led there."""

    suffix: ClassVar[str] = "json"

    tree: Tree
    gaps: tuple[Gap, ...]
    prompts: tuple[tuple[str, str], ...]
    """(name, sha256), sorted."""
    model: str
    """Name of the chat model, as it was loaded."""
    history: tuple[Turn, ...] = ()
    """Every reply as it came, also those that did not fit: nodes in the order of the tree, each node's replies in the order asked for."""

    @property
    def failed(self) -> tuple[Gap, ...]:
        """The gaps of nodes that were asked about in vain. The others were not to be annotated."""
        asked = {turn.node for turn in self.history}
        return tuple(gap for gap in self.gaps if gap.node in asked)

    @property
    def unrefined(self) -> tuple[str, ...]:
        """The nodes that keep an earlier answer because the last round found none that fits."""
        last = {turn.node: turn.round for turn in self.history}
        answered = {turn.node: turn.round for turn in self.history if turn.problem is None or turn.repaired}
        return tuple(node for node, round_ in last.items() if node in answered and answered[node] < round_)

    @property
    def first_tries(self) -> tuple[int, int]:
        """How many replies fit the schema at the first try of their round, and how many rounds there were."""
        first = {(turn.node, turn.round): turn.problem is None for turn in self.history if turn.attempt == 1 and turn.outcome == "answered"}
        return sum(first.values()), len(first)

    def to_bytes(self) -> bytes:
        """Return the artifact as JSON."""
        value = {
            "tree": tree_to_json(self.tree),
            "gaps": [asdict(gap) for gap in self.gaps],
            "prompts": self.prompts,
            "model": self.model,
            "history": [asdict(turn) for turn in self.history],
        }
        return json.dumps(value).encode()  # ASCII: a raw reply may hold half a surrogate pair, which UTF-8 cannot

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote."""
        value = json.loads(data)
        return cls(
            tree=tree_from_json(value["tree"]),
            gaps=tuple(Gap(**gap) for gap in value["gaps"]),
            prompts=tuple((name, digest) for name, digest in value["prompts"]),
            model=value["model"],
            history=tuple(Turn(**{**turn, "usage": TokenUsage(**turn["usage"])}) for turn in value["history"]),
        )


class Annotate:
    """The stage: choose the segments, hold the dialogues, join."""

    name: ClassVar[StageName] = "annotate"
    artifact: ClassVar[type[Annotated]] = Annotated
    reads: ClassVar[frozenset[Facet]] = frozenset({"transcript", "metadata"})

    def __init__(self, config: AnnotateConfig) -> None:
        self.config = config
        self._prompts = {name: read_prompt(name) for name in _PROMPTS}
        self._model: ChatModel | None = None
        self._ledger: Ledger | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """Config, chat model, prompts and version of the algorithm."""
        config = asdict(self.config) | {"model": self.config.model.identity()}
        del config["cache_tokens"]  # the order of sending changes no prompt
        return {"algorithm": _ALGORITHM, "config": config, "prompts": dict(self._digests)}

    @property
    def _digests(self) -> tuple[tuple[str, str], ...]:
        return tuple((name, prompt_digest(text)) for name, text in sorted(self._prompts.items()))

    def setup(self, ledger: Ledger | None = None) -> None:
        """Load the chat model; a server is asked whether it has it."""
        self._model, self._ledger = self.config.model.load(), ledger

    def __call__(self, video: Video, given: Given, on_progress: ProgressCallback = ignore_progress) -> Annotated:
        """Annotate the segments worth it. What an earlier artifact in `given` holds is kept, and only what failed there is asked for again.

        Raises:
            EndpointError: the model does not answer at all.
        """
        if self._model is None:
            self.setup()
        assert self._model is not None
        tree: Tree = given["caption"].tree
        earlier: Annotated | None = given.get("annotate")
        kept = {node.id: node.annotation for node in earlier.tree.nodes if node.annotation} if earlier else {}
        reasons = dict(_find_ineligible(tree, self.config))
        nodes = [node for node in tree.nodes if node.id not in reasons and node.id not in kept]
        opened = self._open(tree, video.metadata, nodes)
        fitting = [dialogue for dialogue in opened if self._fits(dialogue)]
        reasons |= {dialogue.node: self._explain_length(dialogue) for dialogue in opened if not self._fits(dialogue)}
        afresh = sha256(earlier.to_bytes()).hexdigest() if earlier else None
        model = remember_chats(self._model, self._ledger, self.config.model.identity(), afresh=afresh)
        dialogues = self._converse(model, tree, video.metadata, fitting, on_progress)
        annotations = kept | {dialogue.node: parse_annotation(dialogue.answer) for dialogue in dialogues if dialogue.answer}
        gaps = reasons | {dialogue.node: _explain_failure(dialogue) for dialogue in dialogues if not dialogue.answer}
        turns = [*(earlier.history if earlier else ()), *(turn for dialogue in dialogues for turn in dialogue.turns)]
        places = {node.id: place for place, node in enumerate(tree.nodes)}
        return Annotated(
            tree=tree.update(lambda node: replace(node, annotation=annotations.get(node.id))),
            gaps=tuple(Gap(node.id, "annotation", gaps[node.id]) for node in tree.nodes if node.id in gaps),
            prompts=self._digests,
            model=model.name,
            history=tuple(sorted(turns, key=lambda turn: places[turn.node])),
        )

    def _open(self, tree: Tree, metadata: VideoMetadata, nodes: Sequence[Node]) -> list[Dialogue]:
        full = Detail(self.config.subtree_depth, self.config.global_depth)
        ordered = order_for_cache(nodes)
        return list(open_dialogues(tree, metadata, ordered, self._prompts, full=full, context_tokens=self.config.context_tokens))

    def _converse(
        self, model: ChatModel, tree: Tree, metadata: VideoMetadata, dialogues: Sequence[Dialogue], on_progress: ProgressCallback
    ) -> list[Dialogue]:
        """Return the dialogues with all replies."""
        done: list[Dialogue] = []
        for group in group_for_cache(dialogues, self.config.cache_tokens):
            done += self_refine(
                model,
                group,
                lambda dialogue: ChatRequest(dialogue.node, (), ANNOTATION_SCHEMA, tree, metadata),
                efforts=[*self.config.efforts, *[None] * (self.config.rounds - len(self.config.efforts))],
                attempts=self.config.attempts,
                reask=Template(self._prompts["reask"]),
                on_progress=_scale(on_progress, len(done) / len(dialogues), len(group) / len(dialogues)),
            )
        return done

    def _fits(self, dialogue: Dialogue) -> bool:
        return self.config.context_tokens is None or bound_tokens(dialogue) <= self.config.context_tokens

    def _explain_length(self, dialogue: Dialogue) -> str:
        return f"the prompt may take {bound_tokens(dialogue)} tokens at the least detail; annotate.context_tokens is {self.config.context_tokens}"


def _scale(on_progress: ProgressCallback, begin: float, share: float) -> ProgressCallback:
    return lambda part: on_progress(begin + part * share)


def _find_ineligible(tree: Tree, config: AnnotateConfig) -> Iterator[tuple[str, str]]:
    """Yield each node that is not to be annotated, and why."""
    for node in tree.nodes:
        if node.duration < config.min_duration - _TIME_TOLERANCE:
            yield node.id, f"shorter than {config.min_duration:g} s"
        elif config.nodes == "inner" and tree.is_leaf(node):
            yield node.id, "leaf"
        elif not any(part.clip_caption or part.frame_caption for part in tree.walk(node)):
            yield node.id, "no caption to annotate from"


def _explain_failure(dialogue: Dialogue) -> str:
    return f"ReplyError: none of {len(dialogue.turns)} replies fits, the last one because {dialogue.turns[-1].problem}"
