"""Write the card of a data set in the form that the Hugging Face Hub takes. The same data and settings give the same bytes; no network is needed."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final

from action100m.dataset.audit.measures import measure_all
from action100m.dataset.audit.reading import Reading
from action100m.dataset.audit.report import Tally
from action100m.dataset.card.gone import Availability, read_availability, write_availability
from action100m.dataset.card.makers import Makers
from action100m.dataset.card.sections import (
    tell_citation,
    tell_figures,
    tell_gone,
    tell_header,
    tell_limits,
    tell_making,
    tell_quality,
    tell_rights,
    tell_what,
)
from action100m.dataset.card.settings import CardConfig
from action100m.dataset.hub import CARD_FILE, find_rows, join_card
from action100m.dataset.io import read_records
from action100m.dataset.source import Source
from action100m.dataset.stats.pictures import draw_stats
from action100m.dataset.stats.stats import Stats, stats
from action100m.dataset.whole import open_whole
from action100m.errors import MissingPackageError
from action100m.record import Record

LIST_FILE: Final = "videos.jsonl"
_KEPT: Final = 1000
"""Gone videos that are kept in memory; all are in the list."""


@dataclass(frozen=True, slots=True)
class Card:
    """What was written, and what is still to be told."""

    path: str
    """Of the README.md."""
    videos: int
    missing: tuple[str, ...]
    """Settings that were not given: the card says so."""
    pictures: tuple[str, ...]
    """Files, relative to the card; none where the extra `charts` is not installed."""
    gone: int
    """Records of videos that are gone or were removed."""
    unknown: tuple[str, ...]
    """Uids of the list that the data set does not have."""
    left_out: tuple[str, ...]
    """Why records or files could not be read; the first 1,000."""
    left_out_count: int


def card(
    source: Source, out: str | Path, *, config: CardConfig | None = None, gone: str | None = None, measure: bool = True, pictures: bool = True
) -> Card:
    """Write `README.md` and `videos.jsonl` into a folder. Records that cannot be read are told, and the others go on.

    A folder that holds rows, as `export` writes it, still gives them to `load_dataset`: what its header said about them is kept.

    config: licence, rights, name. gone: a list of videos that are gone or were removed (CSV, JSON lines, or uids). measure: whether quality is
    measured, which takes most of the time. pictures: whether those of `stats` are drawn, where the extra `charts` is installed.

    Raises:
        DataSetError: nothing is there, the list cannot be read, or the folder not written.
        ConfigError: the folder has a README.md whose header is not YAML.
    """
    config = config or CardConfig()
    rows = find_rows(Path(out))
    figures = stats(source, on_error=lambda error: None)  # told below, where records are made
    availability = None if gone is None else read_availability(gone)
    survey = _Survey(availability or {}, measure=measure)
    with open_whole(str(Path(out) / LIST_FILE)) as file:
        for record in read_records(source, on_error=survey.tally.leave_out):
            survey.add(record, file)
    report = survey.tally.freeze(None)
    drawn = _draw(figures, Path(out)) if pictures else ()
    text = chain(
        tell_what(config, figures),
        tell_making(survey.makers),
        tell_figures(figures, drawn),
        tell_quality(report if measure else None),
        tell_rights(config),
        tell_limits(figures, survey.makers, report.left_out_count),
        tell_gone(config, survey.gone, survey.gone_count, is_checked=availability is not None, file=LIST_FILE),
        tell_citation(config),
    )
    path = str(Path(out) / CARD_FILE)
    with open_whole(path) as file:
        file.write(join_card(tell_header(config, figures.counts.videos) | rows, "\n\n".join(text)).encode() + b"\n")
    unknown = tuple(uid for uid in availability or {} if uid not in survey.met)
    return Card(path, survey.makers.records, config.missing, drawn, survey.gone_count, unknown, report.left_out, report.left_out_count)


def _draw(figures: Stats, folder: Path) -> tuple[str, ...]:
    """Draw the pictures that can be drawn, and return their names relative to the folder; `Card.pictures` tells that there are none."""
    try:
        drawn = draw_stats(figures, folder / "pictures")
    except MissingPackageError:
        return ()
    return tuple(path.relative_to(folder).as_posix() for path in drawn if path.suffix == ".png")


@dataclass
class _Survey:
    """What one pass over the records tells."""

    availability: dict[str, Availability]
    measure: bool
    makers: Makers = field(default_factory=Makers)
    tally: Tally = field(default_factory=Tally)
    gone: list[Availability] = field(default_factory=list)
    gone_count: int = 0
    met: set[str] = field(default_factory=set)
    """Uids of the list that the data set has."""

    def add(self, record: Record, file: BinaryIO) -> None:
        self.makers.add(record)
        if self.measure:
            self.tally.add(record, measure_all(Reading(record)), ())
        entry = self.availability.get(record.uid, Availability(record.uid, "not checked"))
        write_availability(entry, file)
        if record.uid in self.availability:
            self.met.add(record.uid)
        if entry.status in ("gone", "removed"):
            self.gone_count += 1
            self.gone += [entry] if len(self.gone) < _KEPT else []
