"""Small data sets in which each segment says something of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from action100m.annotation import Action, Annotation, Summary
from action100m.dataset.io import write_records
from action100m.record import Record
from support.records import make_metadata, make_tree

KITCHEN: Mapping[str, Sequence[str]] = {
    "eggs": ("Prepare an omelette", "Whisk the eggs", "Crack an egg"),
    "bread": ("Bake bread", "Knead the dough", "Slice the loaf"),
    "car": ("Repair a car", "Check the fuse", "Replace the T\N{NON-BREAKING HYPHEN}valve QX-4417"),
}
"""uid -> brief actions of its segments of 16 s on level 0, and of 10 s and 6 s on level 1."""


def write_actions(path: Path, actions: Mapping[str, Sequence[str]] = KITCHEN, *, title: str | None = None) -> Path:
    """Write a record per uid, whose three inner nodes have these brief actions, in the order of the nodes."""
    write_records([make_told_record(uid, texts, title=title) for uid, texts in actions.items()], path)
    return path


def make_told_record(uid: str, texts: Sequence[str], *, title: str | None = None) -> Record:
    """Return a record with one brief action for each of its three inner nodes; detailed action and caption say it in a sentence."""
    left = iter(texts)
    tree = make_tree(uid).update(lambda node: replace(node, annotation=node.annotation and _say(next(left))))
    return Record(uid, replace(make_metadata(), title=f"Video of {uid}" if title is None else title), tree)


def _say(action: str) -> Annotation:
    return Annotation(Summary(f"Someone is seen here: {action}.", ""), Action(action, f"{action} with care.", "a person"))
