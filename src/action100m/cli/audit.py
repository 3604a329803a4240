"""action100m audit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from action100m.cli.audit_table import print_audit
from action100m.cli.left_out import LeftOut


def audit(
    data: Annotated[list[str], typer.Argument(help="Parquet files, folders of them, or URLs.")],
    *,
    out: Annotated[str | None, typer.Option(help="Parquet file for the flags, scores and findings of every node.")] = None,
    rounds: Annotated[str | None, typer.Option(help="File of `pack --history`: tells what each round of refining changed.")] = None,
    judge: Annotated[str | None, typer.Option(help="TOML file of a second model that is asked about a sample.")] = None,
    ledger: Annotated[str | None, typer.Option(help="SQLite file in which the replies of the judge are remembered.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Look for what is doubtful: swapped, foreign, looping or cut-off captions, words without evidence, contradictions.

    Exit code 1 when a record is left out.

    Example: action100m audit mine.parquet --out flags.parquet
    """
    from action100m.dataset.audit.audit import audit as audit_data
    from action100m.dataset.audit.judge import load_judge
    from action100m.run.ledger import SqliteLedger

    report = audit_data(
        data,
        out=out,
        rounds=rounds,
        judge=None if judge is None else load_judge(judge),
        ledger=None if ledger is None else SqliteLedger(Path(ledger)),
    )
    print_audit(report, as_json=json)
    left_out = LeftOut()
    left_out.tell(report.left_out, report.left_out_count)
    left_out.exit()
