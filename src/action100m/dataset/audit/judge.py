"""Ask a second model about a sample of annotations, through the same protocol that writes them.

The sample does not depend on the order of the data: the nodes whose digest, with the seed, is smallest. The judge reads the evidence and the
annotation; it does not know the flags, so that the agreement of both means something.
"""

from __future__ import annotations

import heapq
import json
import tomllib
import typing
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any, ClassVar, Final, get_args

from pydantic import ConfigDict, Discriminator, TypeAdapter, ValidationError

from action100m.dataset.audit.finding import Flag
from action100m.dataset.audit.judgement import Grade, Judged, Judgement, Verdict, compare_verdicts
from action100m.errors import ConfigError
from action100m.models.base import ChatMessage, ChatModel, ChatRequest
from action100m.models.causal_lm.config import CausalLMConfig
from action100m.models.endpoint.chat import EndpointConfig
from action100m.models.ledger import Ledger, remember_chats
from action100m.record import Record
from action100m.text import mend
from action100m.tree import Node
from action100m.video.video import cues_between

_GRADE: Final = {"enum": list(get_args(Grade))}
VERDICT_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "supported": _GRADE,
        "contradictory": {"type": "boolean"},
        "complete": _GRADE,
        "reason": {"type": "string", "minLength": 1},
    },
    "required": ["supported", "contradictory", "complete", "reason"],
    "additionalProperties": False,
}
"""JSON schema of a reply."""
_LONGEST_REASON: Final = 500
"""Characters of what the judge is told about a reply that does not fit."""


@dataclass(frozen=True, slots=True)
class JudgeConfig:
    """Which model judges how many annotations."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    model: typing.Annotated[EndpointConfig | CausalLMConfig, Discriminator("kind")]
    """Who judges. One that did not write the annotations is the better judge."""
    nodes: int = 100
    """Annotations that are judged, drawn from the whole data set."""
    seed: int = 0
    """Of the draw."""
    attempts: int = 2
    """Replies asked for until one fits the schema."""
    characters: int = 24_000
    """Of captions that are shown at most; what is beyond, which are the last parts of the segment, is left out."""

    def __post_init__(self) -> None:
        for name in ("nodes", "attempts", "characters"):
            if not getattr(self, name) >= 1:
                raise ConfigError(f"judge.{name} must be at least 1, got {getattr(self, name)}")


def load_judge(path: str | Path) -> JudgeConfig:
    """Read the settings from a TOML file: a table `model` with its `kind`, and the other fields where wanted.

    Raises:
        ConfigError: the file cannot be read, or a key or value in it is wrong.
    """
    try:
        return TypeAdapter(JudgeConfig).validate_python(tomllib.loads(Path(path).read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ConfigError) as error:
        raise ConfigError(f"{path}: {error}") from error
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, one['loc']))}: {one['msg']}, got {one['input']!r}" for one in error.errors())
        raise ConfigError(f"{path}: {'; '.join(problems)}") from error


@dataclass(order=True)
class _Drawn:
    rank: int
    """Negative digest: the heap gives up the largest digest first."""
    uid: str = field(compare=False)
    node: str = field(compare=False)
    request: ChatRequest = field(compare=False)
    flags: tuple[Flag, ...] = field(compare=False)


class Judge:
    """Draws a sample while records pass by, and asks about it at the end."""

    def __init__(self, config: JudgeConfig, ledger: Ledger | None = None) -> None:
        """Load the model before anything is read, so that a wrong setting shows at once."""
        self._config = config
        self._prompt = files("action100m.dataset.audit").joinpath("prompts/judge.md").read_text(encoding="utf-8")
        self._model = remember_chats(config.model.load(), ledger, config.model.identity())
        self._sample: list[_Drawn] = []
        self._ranks: set[int] = set()

    def consider(self, record: Record, flags: dict[str, tuple[Flag, ...]]) -> None:
        """Draw from the annotated nodes of a record."""
        for node in record.tree.nodes:
            if node.annotation is None:
                continue
            rank = -int.from_bytes(sha256(mend(f"{self._config.seed}/{record.uid}/{node.id}").encode()).digest()[:8])
            is_full = len(self._sample) >= self._config.nodes
            if (is_full and rank <= self._sample[0].rank) or rank in self._ranks:  # a video may be in the data twice
                continue
            drawn = _Drawn(rank, record.uid, node.id, self._request(record, node), flags.get(node.id, ()))
            self._ranks.add(rank)
            if is_full:
                self._ranks.remove(heapq.heapreplace(self._sample, drawn).rank)
            else:
                heapq.heappush(self._sample, drawn)

    def conclude(self) -> Judgement:
        """Ask about the sample, and compare the verdicts with the flags.

        Raises:
            EndpointError: the model does not answer at all.
        """
        verdicts = _ask(self._model, [drawn.request for drawn in self._sample], attempts=self._config.attempts)
        nodes = [Judged(drawn.uid, drawn.node, drawn.flags, verdicts.get(drawn.request.node)) for drawn in self._sample]
        nodes.sort(key=lambda judged: (judged.uid, judged.node))
        digest = sha256(self._prompt.encode()).hexdigest()
        return Judgement(self._model.name, digest, self._config.seed, tuple(nodes), compare_verdicts(nodes))

    def _request(self, record: Record, node: Node) -> ChatRequest:
        assert node.annotation is not None
        captions = "\n\n".join(_captions(record, node))[: self._config.characters]
        text = Template(self._prompt).substitute(
            title=record.metadata.title or "(none)",
            start=f"{node.start:.2f}",
            end=f"{node.end:.2f}",
            captions=captions or "(none)",
            transcript=" ".join(cue.text for cue in cues_between(record.metadata.transcript, node.start, node.end)) or "(nothing)",
            annotation=json.dumps(node.annotation.to_dict(), indent=1, ensure_ascii=False),
        )
        return ChatRequest(f"{record.uid}/{node.id}", (ChatMessage("user", mend(text)),), VERDICT_SCHEMA, record.tree, record.metadata)


def _captions(record: Record, node: Node) -> list[str]:
    parts = record.tree.walk(node)
    return [f"{part.start:.2f} to {part.end:.2f}: {text.strip()}" for part in parts for text in (part.clip_caption, part.frame_caption) if text]


def _ask(model: ChatModel, requests: Sequence[ChatRequest], *, attempts: int) -> dict[str, Verdict]:
    """Return node -> verdict; those that no reply fits for are left out."""
    verdicts: dict[str, Verdict] = {}
    waiting = {request.node: request for request in requests}
    for _ in range(attempts):
        for reply in list(model.chat(list(waiting.values()))) if waiting else ():
            try:
                verdicts[reply.node] = parse_verdict(reply.text)
                del waiting[reply.node]
            except ValueError as error:
                reason = mend(reply.problem or str(error))[:_LONGEST_REASON]
                said = (ChatMessage("assistant", mend(reply.text).strip() or "(no answer)"), ChatMessage("user", f"This does not fit: {reason}"))
                waiting[reply.node] = replace(waiting[reply.node], messages=(*waiting[reply.node].messages, *said))
                if not reply.ask_again:
                    del waiting[reply.node]
    return verdicts


def parse_verdict(reply: str) -> Verdict:
    """Return what a reply says.

    Raises:
        ValueError: it is not JSON, or does not match `VERDICT_SCHEMA`.
    """
    import jsonschema  # slow to import

    try:
        value = json.loads(reply, strict=False)
        jsonschema.validate(value, VERDICT_SCHEMA, cls=jsonschema.Draft202012Validator)
    except (jsonschema.ValidationError, RecursionError) as error:
        raise ValueError(getattr(error, "message", str(error))) from error
    return Verdict(**value)
