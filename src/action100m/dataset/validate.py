"""Check a data set, ours or the authors' released one, and say all that is wrong with it.

What is checked is listed in `rules.RULES` and in docs/schema.md.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Final

from action100m.dataset.conform import find_differences
from action100m.dataset.convert import Row
from action100m.dataset.rules import RULES, Severity, find_row_faults
from action100m.dataset.source import DataFile, Source, find_files, read_rows, read_schema
from action100m.errors import DataSetError

_KEPT_PER_RULE: Final = 1000
"""A data set that is wrong throughout would fill the memory with findings."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach of a rule, and where. None: it concerns more than one row or node."""

    rule: str
    message: str
    file: str
    row: int | None = None
    """Counted from 0, as in pyarrow and pandas."""
    uid: str | None = None
    node: str | None = None

    @property
    def severity(self) -> Severity:
        """How bad it is: `rules.Rule` says what that means."""
        return RULES[self.rule].severity

    def __str__(self) -> str:
        places = (self.row is not None and f"row {self.row}", self.uid, self.node and f"node {self.node}")
        return f"{', '.join([self.file, *(place for place in places if place)])}: {self.rule}: {self.message}"


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """What was read, and all that is wrong with it."""

    files: int
    rows: int
    nodes: int
    annotated: int
    """Nodes with an annotation: what the paper counts as segments."""
    counts: dict[str, int]
    """Rule -> number of findings, for the rules that have any."""
    findings: tuple[Finding, ...]
    """The first 1,000 of each rule, in the order in which they were met."""

    @property
    def ok(self) -> bool:
        """Whether there is no error; warnings may be there."""
        return all(RULES[rule].severity == "warning" for rule in self.counts)

    def to_json(self) -> str:
        """Return the report as a JSON object, with the fields of this class and of `Finding`."""
        findings = [{"severity": finding.severity, **asdict(finding)} for finding in self.findings]
        return json.dumps({"ok": self.ok, **asdict(self), "findings": findings}, indent=1, ensure_ascii=False)


def validate(source: Source) -> ValidationReport:
    """Read a Parquet file, a folder of them, an fsspec URL of either, or several of these, and check every rule of `rules.RULES`.

    A file that cannot be read is a finding, and the others go on. Memory does not grow with the data set, save for its uids.

    Raises:
        DataSetError: nothing is there.
    """
    files = find_files(source)
    inspection = _Inspection()
    for file in files:
        for finding in inspection.inspect(file):
            inspection.add(finding)
    return ValidationReport(
        files=len(files),
        rows=inspection.rows,
        nodes=inspection.nodes,
        annotated=inspection.annotated,
        counts=dict(inspection.counts),
        findings=tuple(inspection.findings),
    )


@dataclass
class _Inspection:
    """What has been seen so far."""

    rows: int = 0
    nodes: int = 0
    annotated: int = 0
    uids: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    def add(self, finding: Finding) -> None:
        self.counts[finding.rule] += 1
        if self.counts[finding.rule] <= _KEPT_PER_RULE:
            self.findings.append(finding)

    def inspect(self, file: DataFile) -> Iterator[Finding]:
        try:
            differences = list(find_differences(read_schema(file)))
            yield from (Finding("schema", str(difference), file.name) for difference in differences if difference.found is not None)
            for row in read_rows(file):
                self._count(row)
                yield from self._check(row)
        except DataSetError as error:
            yield Finding("file", str(error), file.name)

    def _count(self, row: Row) -> None:
        self.rows += 1
        self.nodes += len(row.nodes)
        self.annotated += sum(node.annotation is not None for node in row.nodes)

    def _check(self, row: Row) -> Iterator[Finding]:
        if row.uid in self.uids or not row.uid:
            yield Finding("unique-uid", "the uid is empty" if not row.uid else "the uid was met before", row.file, row.number, row.uid)
        self.uids.add(row.uid)
        for fault in find_row_faults(row):
            yield Finding(fault.rule, fault.message, row.file, row.number, row.uid, fault.node)
