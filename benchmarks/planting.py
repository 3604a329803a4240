"""Plant faults into real records, each kind into a copy of its own: who looks for them can be told how many there were.

A fault is a function (record, chance, others) -> changes, as many as it likes; `plant` keeps a share of the nodes. Same seed, same faults.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from action100m.annotation import Annotation
from action100m.dataset.audit.colours import COLOURS, are_opposed
from action100m.dataset.audit.finding import Flag
from action100m.models.verbs import look_up, words
from action100m.record import Record, TextField, read_text
from action100m.tree import Node

Change = Mapping[str, Node]
"""Node id -> the node as it shall be. All nodes of one change are faulty."""
Plant = Callable[[Record, random.Random, Sequence[Record]], Iterator[Change]]

OBJECTS = words(
    "trombone giraffe chainsaw canoe typewriter walrus parachute accordion cactus igloo zebra harpoon lighthouse anvil bagpipe camel dinosaur easel"
    " falcon gondola hammock iguana jukebox kayak lantern mammoth nutcracker octopus penguin quiver rickshaw saxophone tractor ukulele volcano wigwam"
    " xylophone yacht abacus barometer catapult dolphin escalator flamingo gargoyle helicopter"
)
HUES = [
    "red red red crimson",
    "blue blue blue azure",
    "green green green emerald",
    "yellow yellow yellow mustard",
    "black black black charcoal",
    "white white white ivory",
]
"""Colours as people name them, mostly plainly, chosen without the detector's table: some are in it, some are not."""
SENTENCES = [
    "A {colour} {thing} is close by.",
    "The {thing} is {colour}.",
    "There is a small {colour} {thing}.",
    "Next to it stands one {colour} {thing}.",
]
RUN = 5
"""Nodes of a level whose captions are shifted by one."""


@dataclass(frozen=True)
class Planted:
    """A record with faults, and where they are."""

    record: Record
    nodes: frozenset[str]


@dataclass(frozen=True)
class Fault:
    """A kind of fault, and the flag that should tell it."""

    flag: Flag
    plant: Plant


def plant(fault: Fault, record: Record, *, seed: int, share: float, others: Sequence[Record] = ()) -> Planted:
    """Return the record with faults in about `share` of its nodes, at least one where one is possible."""
    chance = random.Random(f"{seed} {record.uid}")
    most = max(share * len(record.tree), 1)
    new: dict[str, Node] = {}
    for change in fault.plant(record, chance, others):
        if not new.keys() & change.keys():
            new |= change
        if len(new) >= most:
            break
    return Planted(replace(record, tree=record.tree.update(lambda node: new.get(node.id, node))), frozenset(new))


def write_text(node: Node, field: TextField, text: str) -> Node:
    """Return the node with another text."""
    if field in ("clip_caption", "frame_caption", "clip_action"):
        return replace(node, **{field: text})
    assert node.annotation is not None
    half, name = {
        "brief_caption": ("summary", "brief"),
        "detailed_caption": ("summary", "detailed"),
        "brief_action": ("action", "brief"),
        "detailed_action": ("action", "detailed"),
        "actor": ("action", "actor"),
    }[field]
    changed: Any = replace(getattr(node.annotation, half), **{name: text})
    return replace(node, annotation=replace(node.annotation, **{half: changed}))


def _shuffled(record: Record, chance: random.Random, field: str) -> list[Node]:
    """Nodes that have a text or an annotation, in random order. The root is left out: it has no other place."""
    nodes = [node for node in record.tree.nodes if node.level > 0 and (value := _get(node, field)) and (not isinstance(value, str) or value.strip())]
    chance.shuffle(nodes)
    return nodes


def _get(node: Node, field: str) -> str | Annotation | None:
    return node.annotation if field == "annotation" else read_text(node, field)  # type: ignore[arg-type]


def _set(node: Node, field: str, value: Any) -> Node:
    return replace(node, annotation=value) if field == "annotation" else write_text(node, field, value)  # type: ignore[arg-type]


def swap(field: str, *, annotated: bool = False) -> Plant:
    """Exchange the texts of two segments that share no time and no parent; annotated: only of those with an annotation."""

    def plant_swaps(record: Record, chance: random.Random, _: Sequence[Record]) -> Iterator[Change]:
        nodes = [node for node in _shuffled(record, chance, field) if node.annotation or not annotated]
        for a, b in zip(nodes[::2], nodes[1::2], strict=False):
            if (a.end <= b.start or b.end <= a.start) and a.parent != b.parent and _get(a, field) != _get(b, field):
                yield {a.id: _set(a, field, _get(b, field)), b.id: _set(b, field, _get(a, field))}

    return plant_swaps


def from_another_video(field: str) -> Plant:
    """Replace a text by one of another video."""

    def plant_foreign(record: Record, chance: random.Random, others: Sequence[Record]) -> Iterator[Change]:
        texts = [value for other in others if other.uid != record.uid for node in other.tree.nodes if (value := _get(node, field))]
        for node in _shuffled(record, chance, field) if texts else ():
            yield {node.id: _set(node, field, chance.choice(texts))}

    return plant_foreign


def shift(record: Record, chance: random.Random, _: Sequence[Record]) -> Iterator[Change]:
    """Move the clip captions of a run of segments of one level by one; the last one's goes to the first."""
    levels = sorted({node.level for node in record.tree.nodes})
    chance.shuffle(levels)
    for level in levels:
        nodes = [node for node in record.tree.nodes if node.level == level and node.clip_caption]
        if len(nodes) >= RUN:
            begin = chance.randrange(len(nodes) - RUN + 1)
            run = nodes[begin : begin + RUN]
            yield {node.id: replace(node, clip_caption=other.clip_caption) for node, other in zip(run, [run[-1], *run[:-1]], strict=True)}


def rewrite(field: TextField, change: Callable[[str, random.Random], str | None]) -> Plant:
    """Change a text by a function of it; None leaves it alone."""

    def plant_rewritten(record: Record, chance: random.Random, _: Sequence[Record]) -> Iterator[Change]:
        for node in _shuffled(record, chance, field):
            text = read_text(node, field)
            new = change(text, chance) if text and text != "N/A" else None
            if new is not None and new != text:
                yield {node.id: write_text(node, field, new)}

    return plant_rewritten


def _add_object(text: str, chance: random.Random) -> str:
    return f"{text.rstrip('.')} beside a {chance.choice(sorted(OBJECTS))}."


def _recolour(text: str, chance: random.Random) -> str | None:
    found = list(re.finditer(rf"\b({'|'.join(COLOURS)})\b", text))
    if not found:
        return None
    match = chance.choice(found)
    opposed = [colour for colour in COLOURS if are_opposed(colour, match[0])]
    return f"{text[: match.start()]}{chance.choice(opposed)}{text[match.end() :]}"


def _recount(text: str, chance: random.Random) -> str | None:
    match = re.search(r"\b(two|three|four|five|six)\b", text)
    return None if match is None else f"{text[: match.start()]}{chance.choice(['seven', 'nine', 'eleven'])}{text[match.end() :]}"


def _negate(text: str, _: random.Random) -> str | None:
    for match in re.finditer(r"\b[a-z]+s\b", text):
        verb = look_up(match[0])
        if verb is not None and verb[1] == "third":
            return f"{text[: match.start()]}does not {verb[0]}{text[match.end() :]}"
    return None


def _loop(text: str, _: random.Random) -> str | None:
    last = re.split(r"(?<=[.!?])\s+", text.strip())[-1]
    return " ".join([text, *[last] * max(4, 80 // len(last.split()))]) if len(last.split()) > 3 else None


def _cut(text: str, chance: random.Random) -> str | None:
    if len(text) < 60:
        return None
    cut = text[: chance.randrange(len(text) // 4, 9 * len(text) // 10)].rstrip()
    return cut if cut[-1:] not in ".!?\"'”)*" else None


def _stump(text: str, chance: random.Random) -> str | None:
    plain = text.rstrip(". ")
    cut = chance.randint(1, 3)
    return plain[:-cut] if len(plain.split()[-1]) - cut >= 5 else None


def _other_sex(text: str, _: random.Random) -> str | None:
    pairs = {"woman": "man", "man": "woman", "girl": "boy", "boy": "girl", "women": "men", "men": "women", "male": "female", "female": "male"}
    new = re.sub(rf"\b({'|'.join(pairs)})\b", lambda match: pairs[match[0]], text)
    return new if new != text else None


def duplicate(record: Record, chance: random.Random, _: Sequence[Record]) -> Iterator[Change]:
    """Give a segment the clip caption of its sibling or of its parent."""
    for node in _shuffled(record, chance, "clip_caption"):
        parent = record.tree[node.parent or ""]
        others = [other for other in (parent, *record.tree.children(parent)) if other.id != node.id and other.clip_caption]
        text = chance.choice(others).clip_caption if others else None
        if text and text != node.clip_caption:
            yield {node.id: replace(node, clip_caption=text)}


def _two_colours(chance: random.Random) -> tuple[str, str, str]:
    """A thing, and two colours of it that nobody mixes up."""
    one, other = chance.sample(HUES, 2)
    return chance.choice(sorted(OBJECTS)), chance.choice(one.split()), chance.choice(other.split())


def _mention(node: Node, field: TextField, colour: str, thing: str, chance: random.Random) -> Node:
    text = read_text(node, field) or ""
    return write_text(node, field, f"{text} {chance.choice(SENTENCES).format(colour=colour, thing=thing)}".strip())


def two_captions(record: Record, chance: random.Random, _: Sequence[Record]) -> Iterator[Change]:
    """Let frame and clip caption of a node give the same thing two colours."""
    for node in _shuffled(record, chance, "frame_caption"):
        if node.clip_caption:
            thing, one, other = _two_colours(chance)
            framed = _mention(node, "frame_caption", one, thing, chance)
            yield {node.id: _mention(framed, "clip_caption", other, thing, chance)}


def two_children(record: Record, chance: random.Random, _: Sequence[Record]) -> Iterator[Change]:
    """Let all texts of pictures of one child give a thing one colour, and those of the other child another."""
    fields: tuple[TextField, ...] = ("clip_caption", "brief_caption", "detailed_caption")
    parents = [node for node in record.tree.nodes if all(child.annotation for child in record.tree.children(node)) and record.tree.children(node)]
    chance.shuffle(parents)
    for parent in parents:
        thing, *colours = _two_colours(chance)
        change = {}
        for child, colour in zip(record.tree.children(parent), colours, strict=True):
            for field in fields:
                child = _mention(child, field, colour, thing, chance)
            change[child.id] = child
        yield change


FAULTS: dict[str, Fault] = {
    "clip captions of two segments swapped": Fault("misplaced", swap("clip_caption")),
    "clip captions of two annotated segments swapped": Fault("misplaced", swap("clip_caption", annotated=True)),
    "frame captions of two segments swapped": Fault("misplaced", swap("frame_caption")),
    "annotations of two segments swapped": Fault("misplaced", swap("annotation")),
    "clip captions of five neighbours shifted by one": Fault("misplaced", shift),
    "clip caption of another video": Fault("foreign", from_another_video("clip_caption")),
    "frame caption of another video": Fault("foreign", from_another_video("frame_caption")),
    "annotation of another video": Fault("unsupported", from_another_video("annotation")),
    "object that nothing shows": Fault("unsupported", rewrite("brief_caption", _add_object)),
    "colour changed in the brief caption": Fault("unsupported", rewrite("brief_caption", _recolour)),
    "colour changed in the detailed caption": Fault("conflict", rewrite("detailed_caption", _recolour)),
    "number changed in the brief caption": Fault("unsupported", rewrite("brief_caption", _recount)),
    "number changed in the detailed caption": Fault("conflict", rewrite("detailed_caption", _recount)),
    "frame and clip caption of other colours": Fault("conflict", two_captions),
    "two children of other colours": Fault("conflict", two_children),
    "verb of the brief caption negated": Fault("conflict", rewrite("brief_caption", _negate)),
    "actor of the other sex": Fault("actor", rewrite("actor", _other_sex)),
    "last sentence over and over": Fault("looping", rewrite("clip_caption", _loop)),
    "clip caption cut off": Fault("truncated", rewrite("clip_caption", _cut)),
    "detailed caption cut off": Fault("truncated", rewrite("detailed_caption", _cut)),
    "clip action cut off within a word": Fault("truncated", rewrite("clip_action", _stump)),
    "blank clip caption": Fault("missing", rewrite("clip_caption", lambda text, chance: chance.choice(["", " ", "\n"]))),
    "clip caption N/A": Fault("sentinel", rewrite("clip_caption", lambda text, chance: chance.choice(["N/A", "n/a.", "Unknown", "None", "NA"]))),
    "clip caption of two words": Fault("short", rewrite("clip_caption", lambda text, chance: " ".join(text.split()[:2]) + ".")),
    "caption of parent or sibling": Fault("duplicate", duplicate),
}
"""Name -> the fault."""
