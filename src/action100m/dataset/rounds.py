"""What a reasoning model answered in each round: a JSON-lines file beside a data set, one line per reply.

    {"uid": "clip", "node": "eb94...", "round": 1, "attempt": 1, "text": "{...}", "problem": null, "repaired": null}

`pack --history FILE` writes it from a run; `audit` and the viewer read it. The records of a data set hold the last answer only.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any, BinaryIO

import fsspec

from action100m.annotation import Annotation, parse_annotation
from action100m.dataset.whole import open_whole
from action100m.errors import DataSetError, ReplyError


@dataclass(frozen=True, slots=True)
class Round:
    """One reply about one node, as it came."""

    uid: str
    node: str
    round: int
    """1 is the draft."""
    attempt: int
    """1 is the first of its round."""
    text: str
    problem: str | None = None
    """Why it could not be used; None when it fitted the schema."""
    repaired: str | None = None
    """The answer in an unfit reply, freed of what was around it."""

    @property
    def annotation(self) -> Annotation | None:
        """What it says, or None where it could not be used."""
        if self.problem is not None and self.repaired is None:
            return None
        try:
            return parse_annotation(self.repaired or self.text)
        except ReplyError:
            return None


class Rounds:
    """The replies of a file, by uid. Only their places are in memory."""

    def __init__(self, path: str) -> None:
        """Find the places of all uids.

        Raises:
            DataSetError: the file cannot be read, or a line is no reply. The message names the line.
        """
        self._path = path
        self._spans: dict[str, list[tuple[int, int]]] = {}
        with _open(path) as file:
            begin = 0
            for number, line in enumerate(file, start=1):
                end = begin + len(line)
                spans = self._spans.setdefault(_read(line, f"{path}, line {number}").uid, [])
                if spans and spans[-1][1] == begin:
                    spans[-1] = (spans[-1][0], end)
                else:
                    spans.append((begin, end))
                begin = end

    def __len__(self) -> int:
        """Videos that there are replies about."""
        return len(self._spans)

    def of(self, uid: str) -> tuple[Round, ...]:
        """Return the replies about a video, in the order of the file; none where it is unknown."""
        if uid not in self._spans:
            return ()
        with _open(self._path) as file:
            return tuple(reply for span in self._spans[uid] for reply in self._read_span(file, *span))

    def _read_span(self, file: BinaryIO, begin: int, end: int) -> Iterator[Round]:
        file.seek(begin)
        for line in file.read(end - begin).splitlines():
            yield _read(line, self._path)


def answers(replies: Iterable[Round]) -> dict[str, tuple[tuple[int, Annotation], ...]]:
    """Return node -> (round, what was last answered in it), for the rounds that found an answer that fits."""
    found: dict[str, dict[int, Annotation]] = {}
    for reply in replies:
        if (annotation := reply.annotation) is not None:
            found.setdefault(reply.node, {})[reply.round] = annotation
    return {node: tuple(sorted(rounds.items(), key=lambda item: item[0])) for node, rounds in found.items()}


def write_rounds(replies: Iterable[Round], path: str) -> int:
    """Write replies to a file or fsspec URL, and return how many.

    Raises:
        DataSetError: it cannot be written.
    """
    count = 0
    with open_whole(path) as file:
        for reply in replies:
            file.write(json.dumps(asdict(reply)).encode() + b"\n")  # ASCII: a raw reply may hold half a surrogate pair, which UTF-8 cannot
            count += 1
    return count


def _open(path: str) -> Any:
    try:
        return fsspec.open(path, "rb").open()
    except (OSError, ImportError, ValueError) as error:
        raise DataSetError(f"{path} cannot be read: {error}") from error


def _read(line: bytes, place: str) -> Round:
    try:
        value = json.loads(line)
        reply = Round(**{entry.name: value[entry.name] for entry in fields(Round)})
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataSetError(f"{place} is not a reply as `pack --history` writes it: {error!r}") from error
    texts = (reply.uid, reply.node, reply.text, reply.problem or "", reply.repaired or "")
    if not (isinstance(reply.round, int) and isinstance(reply.attempt, int) and all(isinstance(text, str) for text in texts)):
        raise DataSetError(f"{place}: a value has the wrong type")
    return reply
