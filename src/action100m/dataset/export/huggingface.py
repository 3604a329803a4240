"""A folder that Hugging Face `datasets` loads as it is: Parquet files, and a card whose header says where they are.

datasets.load_dataset("folder")
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from action100m.dataset.export.rows import SEGMENT_SCHEMA, RowKind, check_kind, rows_of, whole_record
from action100m.dataset.export.segments import VideoSegments
from action100m.dataset.export.tally import Tally
from action100m.dataset.hub import CARD_FILE, join_card, make_header, read_card, tell_rows
from action100m.dataset.io import write_records
from action100m.dataset.samples import SAMPLE_SCHEMA
from action100m.dataset.whole import open_whole
from action100m.errors import ConfigError
from action100m.record import Record

_GROUP_ROWS: Final = 10_000
"""Segments or samples held in memory: some 10 MB of text."""


@dataclass(frozen=True, slots=True)
class HuggingFace:
    """A folder with `README.md` and `data/part-00000.parquet` ..."""

    row: RowKind = "record"
    """"record": a whole video, with the columns of the data set. "segment": uid, node, level, start, end and all texts. "sample": the fields of
    `Sample`, one text each."""
    name: str = "Action100M"
    """Shown as the title."""
    license: str = "unknown"
    """As the Hub spells it. It is for you to know: neither the videos nor what is said of them is ours to license."""
    card: str | None = None
    """Folder that `card` wrote: its files come along, and the header of its README.md is told where the data are. `name` and `license` are then its
    own. None: a card of a few lines."""
    file_rows: int = 2_000
    """Records in a file: about 350 MB in the released data. A file of segments or samples holds 1,000 times as many."""

    def __post_init__(self) -> None:
        check_kind(self.row)
        if self.file_rows < 1:
            raise ConfigError(f"file_rows must be >= 1, got {self.file_rows}")
        if self.card is not None and not (Path(self.card) / CARD_FILE).is_file():
            raise ConfigError(f"card is a folder with a {CARD_FILE}, as `action100m card` writes it, got {self.card!r}")


def write_huggingface(videos: Iterable[VideoSegments], out: Path, config: HuggingFace, *, tally: Tally) -> list[str]:
    """Write the folder and return the names of its files. The card comes last.

    Raises:
        ConfigError: the folder is there and not empty (files of an earlier export would be loaded too); records are asked for, and Samples given.
        DataSetError: a file cannot be written.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError(f"{out} is there already; remove it, or write to another folder")
    names = (str(out / "data" / f"part-{number:05d}.parquet") for number in range(10**5))
    counted = _count(videos, tally)
    if config.row == "record":
        sizes = list(_write_records(map(whole_record, counted), names, config.file_rows))
    else:
        schema = SEGMENT_SCHEMA if config.row == "segment" else SAMPLE_SCHEMA
        sizes = list(_write_rows((row for video in counted for row in rows_of(video, config.row)), names, schema, 1_000 * config.file_rows))
    text = _make_card(config, rows=sum(rows for _, rows in sizes)) if config.card is None else _bring_card(Path(config.card), out)
    with open_whole(str(out / CARD_FILE)) as file:
        file.write(text.encode())
    return [*(name for name, _ in sizes), str(out / CARD_FILE)]


def _count(videos: Iterable[VideoSegments], tally: Tally) -> Iterator[VideoSegments]:
    for video in videos:
        yield video
        tally.add(len(video.segments))


def _write_records(records: Iterator[Record], names: Iterator[str], file_rows: int) -> Iterator[tuple[str, int]]:
    """All files get the columns that the first record asks for; with different ones they would not load together."""
    first = next(records, None)
    known = first is not None and first.provenance is not None
    while first is not None:
        name = next(names)
        yield name, write_records(chain([first], islice(records, file_rows - 1)), name, provenance="keep" if known else "auto")
        first = next(records, None)


def _write_rows(rows: Iterator[dict[str, Any]], names: Iterator[str], schema: pa.Schema, file_rows: int) -> Iterator[tuple[str, int]]:
    while first := list(islice(rows, min(_GROUP_ROWS, file_rows))):
        name, count = next(names), 0
        with open_whole(name) as file, pq.ParquetWriter(file, schema) as writer:
            while first:
                writer.write_table(pa.Table.from_pylist(first, schema=schema))
                count += len(first)
                first = list(islice(rows, min(_GROUP_ROWS, file_rows - count)))
        yield name, count


def _make_card(config: HuggingFace, *, rows: int) -> str:
    header = make_header(config.name, license=config.license, rows=rows)
    return join_card(
        header | tell_rows(), f"# {config.name}\n\nEach row is a {config.row} of videos that were cut into trees of described segments.\n"
    )


def _bring_card(card: Path, out: Path) -> str:
    """Copy what stands beside a card, and return the card. Without its `configs`, `datasets` would load the pictures instead of the data."""
    header, text = read_card(card)
    shutil.copytree(card, out, dirs_exist_ok=True, ignore=lambda folder, names: {CARD_FILE, "data"} & {*names} if Path(folder) == card else set())
    return join_card(header | tell_rows(), text)
