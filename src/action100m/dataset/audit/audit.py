"""Look through a data set for what is doubtful about its texts. The measures and their formulas: docs/audit.md."""

from __future__ import annotations

from collections.abc import Iterable

from action100m.dataset.audit.judge import Judge, JudgeConfig
from action100m.dataset.audit.measures import measure_all
from action100m.dataset.audit.reading import Reading
from action100m.dataset.audit.refinement import RoundChange, measure_rounds
from action100m.dataset.audit.report import AuditReport, Tally
from action100m.dataset.audit.table import open_table
from action100m.dataset.io import read_records
from action100m.dataset.rounds import Rounds
from action100m.dataset.source import Source
from action100m.models.ledger import Ledger


def audit(
    source: Source, *, out: str | None = None, rounds: str | None = None, judge: JudgeConfig | None = None, ledger: Ledger | None = None
) -> AuditReport:
    """Return what all measures say about a data set: flags and scores per level and in all, with examples. Memory does not grow with it.

    out: a Parquet file for the flags, scores and findings of every node. rounds: the file of `pack --history`, to tell what each round of refining
    changed. judge: a second model that is asked about a sample. ledger: where its replies are remembered. A record that cannot be read is told in
    `left_out`, and the others go on.

    Raises:
        DataSetError: nothing is there, or `out` or `rounds` cannot be used.
        ConfigError, ModelError: the judge cannot be used.
    """
    replies = None if rounds is None else Rounds(rounds)
    second = None if judge is None else Judge(judge, ledger)
    tally = Tally()
    with open_table(out) as write:
        for record in read_records(source, on_error=tally.leave_out):
            reading = Reading(record)
            audited = measure_all(reading)
            tally.add(record, audited, _changes(reading, replies))
            write(record, audited)
            if second is not None:
                second.consider(record, audited.flags)
    return tally.freeze(None if second is None else second.conclude())


def _changes(reading: Reading, replies: Rounds | None) -> Iterable[RoundChange]:
    return () if replies is None else measure_rounds(reading, replies.of(reading.record.uid))
