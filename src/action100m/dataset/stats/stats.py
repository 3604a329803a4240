"""Figures of a data set, from its columns: no record is made, and memory does not grow with the data set."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from action100m.dataset.columns import ColumnBatch, read_columns
from action100m.dataset.source import Source
from action100m.dataset.stats.actions import find_openings, find_verbs_and_nouns, split_words
from action100m.dataset.stats.counts import COUNTED, DURATION_BINS, FIELDS, Counts, count_batch
from action100m.dataset.stats.tally import TextGroups, TextTally
from action100m.errors import ConfigError, DataSetError
from action100m.models.verbs import words
from action100m.record import TextField
from action100m.video.readahead import read_ahead

_TOP_OPENINGS: Final = 400
"""The inner rings of the sunburst need many more than are shown: what is left over is drawn blank."""
_TITLE_STOPS: Final = words(
    "a an the and or of to in on at by for from with without is are be it its this that these those i my me you your we our he she they how what when"
    " why do does can not no so if as up out all s t vs ft - ' the"
)


@dataclass(frozen=True, slots=True)
class Stats:
    """Figures of a data set. Actions and actors that say "N/A" are in no group."""

    files: int
    """Files that were read."""
    counts: Counts
    actions: TextGroups
    """Brief actions, letter by letter."""
    actors: TextGroups
    verbs: TextGroups
    """Of brief actions, in base form: see `stats.actions`."""
    verb_nouns: TextGroups
    """ "stir mixture"."""
    openings: tuple[TextGroups, TextGroups, TextGroups]
    """First word, first two and first three words of brief actions: the rings of the paper's sunburst."""
    title_words: TextGroups
    """Words of titles without the likes of "how" and "the"."""

    def to_dict(self) -> dict[str, Any]:
        """Return all figures, with the shares and means that follow from them, as JSON values."""
        counts = self.counts
        per_field = {
            name: asdict(counts.fields[name])
            | {"coverage": counts.coverage(name), "mean_words": counts.fields[name].mean_words}
            | {"mean_words_without_na": counts.fields[name].mean_words_without_na}
            for name in FIELDS
        }
        shares = {name: _shares(getattr(counts, name)) for name in ("durations", "annotated_durations")}
        bins = {"duration_bins": [[low, high if high < float("inf") else None] for low, high in DURATION_BINS]}
        derived = {"hours": counts.seconds / 3600, "na_share": self.na_share, "duration_shares": shares} | bins
        return asdict(self) | {"counts": asdict(counts) | {"fields": per_field} | derived}

    @property
    def na_share(self) -> float:
        """Share of the brief actions that say "N/A"."""
        field = self.counts.fields["brief_action"]
        return field.na / field.present if field.present else 0.0


def stats(source: Source, *, top: int = 20, on_error: Callable[[DataSetError], None] | None = None) -> Stats:
    """Read a Parquet file, a folder of them, an fsspec URL of either, or several of these, and count all that is in it.

    top: how many of the largest groups of equal texts are named.
    on_error: called for each record or file that has to be left out, and the others go on. Without it the first one is raised.

    Raises:
        DataSetError: nothing is there, or a file or record cannot be read.
    """
    if top < 1:
        raise ConfigError(f"top must be at least 1, got {top}")
    batches = read_columns(source, videos=["title"], nodes=COUNTED, on_error=on_error)
    with tempfile.TemporaryDirectory(prefix="action100m-") as folder:
        tallies = _Tallies(Path(folder))
        files, counts = set(), Counts()
        for batch in read_ahead(batches, depth=1):
            files.add(batch.file)
            counts += tallies.add(batch)
        return tallies.close(len(files), counts, top)


class _Tallies:
    """The texts that are counted one by one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.actions, self.actors, self.title_words = self._open("actions"), self._open("actors"), self._open("titles")

    def _open(self, name: str) -> TextTally:
        return TextTally(self.folder / name)

    def add(self, batch: ColumnBatch) -> Counts:
        """Count a batch."""
        counts, measured = count_batch(batch)
        kept: tuple[tuple[TextTally, TextField], ...] = (self.actions, "brief_action"), (self.actors, "actor")
        for tally, name in kept:
            said = (measured[name].words > 0) & ~measured[name].has("na")
            tally.add(batch.nodes[name].filter(pa.array(said)))
        found = split_words(batch.videos["title"].drop_null())
        wanted = pc.and_(pc.match_substring_regex(found, r"\pL.|.\pL"), pc.invert(pc.is_in(found, pa.array(sorted(_TITLE_STOPS)))))
        self.title_words.add(found.filter(wanted))
        return counts

    def close(self, files: int, counts: Counts, top: int) -> Stats:
        """Read verbs, nouns and openings off the different actions."""
        verbs, pairs, *rings = (self._open(name) for name in ("verbs", "pairs", "first", "second", "third"))
        for table in self.actions.tables():
            for batch in table.to_batches(max_chunksize=1 << 16):
                keys = (*find_verbs_and_nouns(batch["text"]), *find_openings(batch["text"]))
                for tally, texts in zip((verbs, pairs, *rings), keys, strict=True):
                    tally.add(texts, batch["count"])
        first, second, third = (ring.groups(_TOP_OPENINGS) for ring in rings)
        return Stats(
            files=files,
            counts=counts,
            actions=self.actions.groups(top),
            actors=self.actors.groups(top),
            verbs=verbs.groups(top),
            verb_nouns=pairs.groups(top),
            openings=(first, second, third),
            title_words=self.title_words.groups(max(top, 200)),
        )


def _shares(counts: tuple[int, ...]) -> list[float]:
    return [count / sum(counts) if sum(counts) else 0.0 for count in counts]
