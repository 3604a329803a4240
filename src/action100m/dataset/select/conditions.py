"""Which nodes are chosen, and which of their texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from action100m.dataset.audit.finding import Flag
from action100m.dataset.columns import NodeColumn
from action100m.dataset.select.choices import FlagScope, NaChoice, SplitName
from action100m.dataset.select.split import check_shares
from action100m.dataset.select.timeline import find_cut
from action100m.dataset.source import Source
from action100m.dataset.stats.counts import find_durations
from action100m.dataset.stats.texts import TextMark, measure_texts
from action100m.errors import ConfigError
from action100m.record import TextField

if TYPE_CHECKING:
    from action100m.dataset.select.flags import Findings


@dataclass(frozen=True, slots=True)
class SelectConfig:
    """A node is chosen if all that is said of nodes holds for it; a text of a chosen node, if all that is said of texts holds for it."""

    fields: tuple[TextField, ...] = ()
    """Texts to take. None: brief actions for samples, all for a data set."""
    first_field: bool = False
    """Of each node, take only the first of the fields that it has: `brief_action`, else `clip_action`, say."""
    min_level: int | None = None
    max_level: int | None = None
    """Inclusive."""
    min_duration: float | None = None
    max_duration: float | None = None
    """Seconds, inclusive."""
    has: tuple[TextField, ...] = ()
    """The node has all of these texts."""
    contains: tuple[tuple[TextField, str], ...] = ()
    """The text of the node has this in it, in any case: all of these hold."""
    matches: tuple[tuple[TextField, str], ...] = ()
    """The same with regular expressions (RE2), which tell cases apart unless they begin with (?i)."""
    granularity: float | None = None
    """Seconds: only the nodes of one cut of the tree, see `timeline`."""
    na: NaChoice = "keep"
    """Texts that say "N/A"."""
    drop: tuple[TextMark, ...] = ()
    """Texts with one of these marks are not taken, see `stats.texts`."""
    flags: Source | None = None
    """Table that `audit --out` wrote of the same files, in the same order."""
    drop_flags: tuple[Flag, ...] = ()
    """What has one of these flags is not taken."""
    only_flags: tuple[Flag, ...] = ()
    """Only what has one of these flags is taken."""
    flag_scope: FlagScope = "nodes"
    """nodes: a flag of one text holds for the whole node, and texts of one model go wrong together. texts: it holds for the text that the finding
    names alone."""
    split: SplitName | None = None
    """Only the videos of this part."""
    splits: tuple[float, float, float] = (0.8, 0.1, 0.1)
    """Shares of train, val and test."""
    salt: str = ""
    """Another one deals the videos anew."""

    def __post_init__(self) -> None:
        for name, unit in (("level", ""), ("duration", " seconds")):
            least, most = getattr(self, f"min_{name}"), getattr(self, f"max_{name}")
            if least is not None and most is not None and least > most:
                raise ConfigError(f"min_{name} is {least}{unit} and max_{name} {most}: no node is chosen")
        if self.granularity is not None and not self.granularity > 0:
            raise ConfigError(f"granularity must be > 0 seconds, got {self.granularity}")
        check_shares(self.splits)
        for name in (*self.fields, *self.has, *(field for field, _ in (*self.contains, *self.matches))):
            _check("a text", name, get_args(TextField))
        for mark in self.drop:
            _check("a mark", mark, get_args(TextMark))
        for flag in (*self.drop_flags, *self.only_flags):
            _check("a flag", flag, get_args(Flag))
        if (self.flags is None) != (not self.drop_flags and not self.only_flags):
            raise ConfigError("flags, the table of `audit --out`, goes with drop_flags or only_flags, which say what becomes of them")
        _check("flag_scope", self.flag_scope, get_args(FlagScope))
        _check("na", self.na, get_args(NaChoice))
        for _, pattern in self.matches:
            _check_pattern(pattern)

    @property
    def columns(self) -> tuple[NodeColumn, ...]:
        """What has to be read for the conditions on nodes."""
        asked = (*self.has, *(name for name, _ in (*self.contains, *self.matches)))
        tree: tuple[NodeColumn, ...] = ("id", "parent") if self.granularity is not None else ()
        joined: tuple[NodeColumn, ...] = ("id",) if self.flags is not None else ()
        return (*dict.fromkeys((*tree, *joined)), "level", "start", "end", *dict.fromkeys(asked))


def parse_fields(names: Iterable[str]) -> tuple[TextField, ...]:
    """Read names of texts, as the command line has them.

    Raises:
        ConfigError: there is no such text.
    """
    return tuple(cast(TextField, _check("a text", name, get_args(TextField))) for name in names)


def parse_marks(names: Iterable[str]) -> tuple[TextMark, ...]:
    """Read names of marks.

    Raises:
        ConfigError: there is no such mark.
    """
    return tuple(cast(TextMark, _check("a mark", name, get_args(TextMark))) for name in names)


def parse_flags(names: Iterable[str]) -> tuple[Flag, ...]:
    """Read names of flags.

    Raises:
        ConfigError: there is no such flag.
    """
    return tuple(cast(Flag, _check("a flag", name, get_args(Flag))) for name in names)


def parse_pairs(pairs: Iterable[str]) -> tuple[tuple[TextField, str], ...]:
    """Read "FIELD=TEXT", as the command line has it.

    Raises:
        ConfigError: there is no field, or none of that name.
    """
    parts = [pair.partition("=") for pair in pairs]
    names = parse_fields(name if sign else "" for name, sign, _ in parts)
    return tuple((name, text) for name, (_, _, text) in zip(names, parts, strict=True))


def parse_shares(text: str) -> tuple[float, float, float]:
    """Read "0.8,0.1,0.1".

    Raises:
        ConfigError: these are no three shares.
    """
    try:
        train, val, test = map(float, text.split(","))
    except ValueError as error:
        raise ConfigError(f"shares are three numbers such as 0.8,0.1,0.1, got {text!r}") from error
    return train, val, test


def choose_nodes(nodes: pa.RecordBatch, config: SelectConfig, findings: Findings | None = None) -> NDArray[np.bool_]:
    """Tell which nodes are chosen. `nodes` has at least `config.columns`; findings: what `config.flags` says about them."""
    durations = find_durations(nodes)
    chosen = np.ones(len(nodes), bool) if config.granularity is None else find_cut(nodes, durations, config.granularity)
    chosen &= _within(nodes["level"].to_numpy(), config.min_level, config.max_level)
    chosen &= _within(durations, config.min_duration, config.max_duration)
    for name in config.has:
        chosen &= measure_texts(nodes[name]).words > 0
    for name, text in config.contains:
        chosen &= _true(pc.match_substring(nodes[name], text, ignore_case=True))
    for name, pattern in config.matches:
        chosen &= _true(pc.match_substring_regex(nodes[name], pattern))
    if findings is not None:
        chosen &= findings.known
        if config.flag_scope == "nodes":
            chosen &= _fits(findings, config, None)
    return chosen


def choose_texts(
    nodes: pa.RecordBatch, fields: tuple[TextField, ...], config: SelectConfig, findings: Findings | None = None
) -> Mapping[TextField, NDArray[np.bool_]]:
    """Tell for each field which texts are taken, as if all nodes were chosen. `nodes` has at least these fields."""
    taken: dict[TextField, NDArray[np.bool_]] = {}
    left = np.ones(len(nodes), bool)
    for name in fields:
        measured = measure_texts(nodes[name])
        here = measured.words > 0
        if config.na != "keep":
            here &= measured.has("na") == (config.na == "only")
        for mark in config.drop:
            here &= ~measured.has(mark)
        if findings is not None and config.flag_scope == "texts":
            here &= _fits(findings, config, name)
        taken[name] = here & left
        if config.first_field:
            left &= ~here
    return taken


def _fits(findings: Findings, config: SelectConfig, field: TextField | None) -> NDArray[np.bool_]:
    kept = ~findings.flagged(config.drop_flags, field)
    return kept & findings.flagged(config.only_flags, field) if config.only_flags else kept


def _within(values: NDArray[Any], least: float | None, most: float | None) -> NDArray[np.bool_]:
    bounds = -np.inf if least is None else least, np.inf if most is None else most
    return np.asarray((values >= bounds[0]) & (values <= bounds[1]))


def _true(answers: pa.Array) -> NDArray[np.bool_]:
    return np.asarray(pc.fill_null(answers, False))


def _check(what: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise ConfigError(f"{what} is one of {', '.join(known)}, got {value!r}")
    return value


def _check_pattern(pattern: str) -> None:
    try:
        pc.match_substring_regex(pa.array([""]), pattern)
    except pa.ArrowException as error:
        raise ConfigError(f"{pattern!r} is no regular expression: {error}") from error
