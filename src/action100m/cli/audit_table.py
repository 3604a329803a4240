"""What `audit` prints: flags with how often they are and an example, scores by level, rounds, and the judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from rich.table import Table
from rich.text import Text

from action100m.cli.console import console
from action100m.dataset.audit.finding import MEANINGS, ScoreName
from action100m.text import one_line

if TYPE_CHECKING:
    from action100m.dataset.audit.judgement import Judgement
    from action100m.dataset.audit.refinement import RoundChange
    from action100m.dataset.audit.report import AuditReport


def print_audit(report: AuditReport, *, as_json: bool) -> None:
    """Print what an audit found."""
    if as_json:
        print(report.to_json())  # noqa: T201 - as it is, for other programs
        return
    total = report.total
    flagged = f"{total.flagged:,} with a flag ({total.flagged / max(total.nodes, 1):.1%})"
    console.print(f"{report.videos:,} videos, {total.nodes:,} segments, {total.annotated:,} annotated; {flagged}")
    console.print(_flag_table(report))
    console.print(_level_table(report))
    if report.rounds:
        console.print(_round_table(report.rounds))
    if report.judgement is not None:
        console.print(_judge_table(report.judgement))


def _flag_table(report: AuditReport) -> Table:
    table = Table("flag", "nodes", "share", "meaning", "such as", box=None, pad_edge=False)
    for flag, count in report.total.flags.items():
        example = next(one for one in report.examples if one.finding.flag == flag)
        place = f"{example.uid} {example.start:.2f} s, {example.finding.field}: {example.finding.message}"
        table.add_row(flag, f"{count:,}", f"{count / report.total.nodes:.2%}", MEANINGS[flag], Text(one_line(place)))
    return table


def _level_table(report: AuditReport) -> Table:
    names = get_args(ScoreName)
    table = Table("level", "nodes", "with a flag", *names, box=None, pad_edge=False)
    for level, sums in [*((str(level), sums) for level, sums in report.levels.items()), ("all", report.total)]:
        scores = (f"{sums.scores[name]:.2f}" if name in sums.scores else "-" for name in names)
        table.add_row(level, f"{sums.nodes:,}", f"{sums.flagged / sums.nodes:.1%}" if sums.nodes else "-", *scores)
    return table


def _round_table(rounds: tuple[RoundChange, ...]) -> Table:
    table = Table("round", "nodes", "changed", "words added", "words removed", "without evidence", box=None, pad_edge=False)
    for one in rounds:
        unsupported = f"+{one.unsupported_added:,} -{one.unsupported_removed:,}"
        table.add_row(str(one.round), f"{one.nodes:,}", f"{one.changed / max(one.nodes, 1):.1%}", f"{one.added:,}", f"{one.removed:,}", unsupported)
    return table


def _judge_table(judgement: Judgement) -> Table:
    judged = sum(node.verdict is not None for node in judgement.nodes)
    title = f"judged by {judgement.model}: {judged} of {len(judgement.nodes)} drawn"
    table = Table("question", "both doubt", "only flags", "only judge", "neither", "kappa", title=Text(one_line(title)), box=None, pad_edge=False)
    for one in judgement.agreements:
        counts = (one.both, one.only_flags, one.only_judge, one.neither)
        table.add_row(one.question, *map(str, counts), "-" if one.kappa is None else f"{one.kappa:.2f}")
    return table
