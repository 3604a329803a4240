"""What commands print."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table

from action100m.cli.bill_table import make_bill_tables

if TYPE_CHECKING:
    from action100m.dataset.validate import ValidationReport
    from action100m.run.run import RunSummary
    from action100m.run.status import RunStatus, StageStatus
    from action100m.run.store import Failure

console = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)

SHOWN: Final = 20
"""Rows of a long list that are printed; the rest is counted."""


def print_summary(summary: RunSummary, out: str) -> None:
    """Print what a run came to."""
    stopped = [failure for failure in summary.failures if not failure.partial]
    gaps = len(summary.failures) - len(stopped)
    counts = [f"{summary.found} files", f"{summary.made} made ({summary.fresh} worked on now)", f"{len(stopped)} failed"]
    if summary.duplicates:
        counts.append(f"{len(summary.duplicates)} duplicates")
    if gaps:
        counts.append(f"{gaps} with gaps")
    console.print(f"{out}: {', '.join(counts)}")
    if summary.stopped:
        console.print(f"stopped: {summary.stopped}; the same command goes on from here")
    print_failures(summary.failures)
    for path, same in summary.duplicates[:SHOWN]:
        console.print(f"  duplicate  {path} has the content of {same}")
    if summary.made:
        console.print(f"next: action100m pack {out} --out data.parquet")


def print_failures(failures: Iterable[Failure]) -> None:
    """Print one line per failure."""
    failures = list(failures)
    for failure in failures[:SHOWN]:
        again = ", a rerun tries again" if failure.retryable else ""
        console.print(f"  {failure.stage}  {failure.cause}  {failure.message}{again}")
    if len(failures) > SHOWN:
        console.print(f"  and {len(failures) - SHOWN} more")


def print_status(status: RunStatus, run: str) -> None:
    """Print a table of the stages and what a rerun would do."""
    table = Table("stage", "done", "failed", "left", "blocked", box=None, pad_edge=False)
    for stage in status.stages:
        table.add_row(stage.name, str(stage.done), _causes(stage), str(stage.left), str(stage.blocked))
    console.print(f"{run}: {status.videos} videos, {status.complete} complete, {len(status.rejected)} files rejected")
    console.print(table)
    if status.bill.items:
        for bill in make_bill_tables(status.bill):
            console.print(bill)
    if cures := status.bill.cures:
        console.print(f"no price is known for all of it; give one to status or run: {', '.join(cures)}")
    print_failures((*status.rejected, *status.failures))
    console.print(_forecast(status, run))


def _causes(stage: StageStatus) -> str:
    total = sum(stage.failed.values())
    return f"{total} ({', '.join(f'{cause} {count}' for cause, count in sorted(stage.failed.items()))})" if total else "0"


def _forecast(status: RunStatus, run: str) -> str:
    parts = [f"make {status.to_make - status.to_retry}", f"retry {status.to_retry}", f"leave {status.left_alone} failed alone"]
    if status.rejected:
        parts.append(f"look again at {len(status.rejected)} rejected")
    steps = ", ".join(f"{stage.name} {stage.ahead}" for stage in status.stages if stage.ahead)
    lines = [f"a rerun would {', '.join(parts)}" + (f"; by stage: {steps}" if steps else "")]
    if status.left_alone or any(failure.partial for failure in status.failures):
        lines.append(f"to redo what failed: action100m run --out {run} --retry failed")
    return "\n".join(lines)


def print_validation(report: ValidationReport, *, as_json: bool) -> None:
    """Print the findings of a validation."""
    if as_json:
        print(report.to_json())  # noqa: T201 - as it is, for other programs
        return
    for finding in report.findings[:SHOWN]:
        console.print(f"{finding.severity}: {finding}")
    if len(report.findings) > SHOWN:
        console.print(f"by rule: {', '.join(f'{rule} {count}' for rule, count in report.counts.items())}; see --json")
    console.print(f"{report.rows} videos, {report.nodes} segments, {report.annotated} annotated: {sum(report.counts.values())} findings")
