"""Samples from a data set onto the disk, with their texts told apart: each distinct text is kept once, and a sample holds its number.

Two Arrow files, read memory-mapped, so that what is in memory does not grow with the samples. Telling texts apart takes about 200 bytes of memory for
each distinct one: 2.6 GB for the 12.9 million of the whole data set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from action100m.dataset.capped import Capped
from action100m.dataset.columns import read_columns
from action100m.dataset.conform import conform_batch
from action100m.dataset.samples import SAMPLE_SCHEMA, holds_samples
from action100m.dataset.source import DataFile, Source, find_files, next_batch, open_parquet
from action100m.errors import DataSetError
from action100m.record import TextField

_KEPT: Final = pa.schema([*(SAMPLE_SCHEMA.field(name) for name in ("uid", "node", "start", "end")), pa.field("text", pa.int32())])
_TEXTS: Final = pa.schema([("text", pa.string())])
_ROWS: Final = 65_536

OnError = Callable[[DataSetError], None]


@dataclass(frozen=True, slots=True)
class Collected:
    """Samples, and the distinct texts that they are of."""

    rows: pa.Table
    """uid, node, start, end, and `text` int32: the number of the sample's text."""
    texts: pa.Table
    """text, in the order in which they were met."""
    files: tuple[Path, Path]
    """What the two are read from, memory-mapped."""

    def __len__(self) -> int:
        """Distinct texts: with `__getitem__` it is what `embed_texts` reads."""
        return len(self.texts)

    def __getitem__(self, part: slice) -> Sequence[str]:
        """Return some of the distinct texts."""
        found: list[str] = self.texts.column("text")[part].to_pylist()
        return found

    def number_texts(self) -> NDArray[np.int32]:
        """Return the number of each sample's text, int32 (samples,)."""
        numbers: NDArray[np.int32] = self.rows.column("text").to_numpy()
        return numbers

    def remove(self) -> None:
        """Remove the files. The value is of no use any more."""
        _remove(self.files)


def collect(source: Source, folder: Path, field: TextField, *, on_error: OnError) -> Collected:
    """Read a data set, or files of Samples, into two files in a folder. Samples without text, or with nothing but spaces, are left out.

    on_error: called for each record or file that has to be left out.

    Raises:
        DataSetError: nothing is there, or no sample has the field.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = folder / "samples.arrow", folder / "texts.arrow"
    problems = Capped[DataSetError]()

    def fail(error: DataSetError) -> None:
        problems.add(error)
        on_error(error)

    try:
        if not _write(_read_samples(source, field, fail), files):
            reason = f": {problems.count:,} records or files could not be read, first {problems.first[0]}" if problems.count else ""
            raise DataSetError(f"no sample of {source} has the text {field!r}{reason}")
        return Collected(_map(files[0]), _map(files[1]), files)
    except BaseException:
        _remove(files)
        raise


def _write(batches: Iterable[pa.RecordBatch], files: tuple[Path, Path]) -> int:
    """Write samples and texts, and return how many texts there are."""
    numbers: dict[str, int] = {}
    with ExitStack() as stack:
        rows, texts = (stack.enter_context(pa.OSFile(str(file), "wb")) for file in files)
        rows_to, texts_to = (stack.enter_context(pa.ipc.new_file(*file)) for file in ((rows, _KEPT), (texts, _TEXTS)))
        for batch in batches:
            known = len(numbers)
            rows_to.write_batch(_number(batch, numbers))
            texts_to.write_batch(pa.record_batch({"text": pa.array(islice(numbers, known, None), pa.string())}, schema=_TEXTS))
    return len(numbers)


def _remove(files: tuple[Path, Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)


def _number(batch: pa.RecordBatch, numbers: dict[str, int]) -> pa.RecordBatch:
    """Return the batch with numbers for its texts; new texts get the next ones."""
    coded = batch.column("text").dictionary_encode()
    own = np.array([numbers.setdefault(text, len(numbers)) for text in coded.dictionary.to_pylist()], np.int32)
    columns = {name: batch.column(name) for name in _KEPT.names if name != "text"}
    return pa.record_batch(columns | {"text": pa.array(own[coded.indices.to_numpy()])}, schema=_KEPT)


def _map(path: Path) -> pa.Table:
    with pa.memory_map(str(path)) as file:
        return pa.ipc.open_file(file).read_all()


def _read_samples(source: Source, field: TextField, on_error: OnError) -> Iterator[pa.RecordBatch]:
    """Yield batches in the schema of Samples, of one field."""
    for file in find_files(source):
        try:
            found = _from_samples(file, field) if holds_samples(file) else _from_records(file, field, on_error)
            for batch in found:
                stripped = pc.utf8_trim_whitespace(batch.column("text"))
                yield batch.filter(pc.fill_null(pc.not_equal(stripped, ""), False))
        except DataSetError as error:
            on_error(error)


def _from_samples(file: DataFile, field: TextField) -> Iterator[pa.RecordBatch]:
    row = 0
    with open_parquet(file) as parquet:
        batches = parquet.iter_batches(batch_size=_ROWS, columns=SAMPLE_SCHEMA.names)
        while (batch := next_batch(batches, file, row)) is not None:
            conformed = _conform(batch, file, row)
            yield conformed.filter(pc.equal(conformed.column("field"), field))
            row += len(batch)


def _conform(batch: pa.RecordBatch, file: DataFile, row: int) -> pa.RecordBatch:
    """Return a batch in the types of SAMPLE_SCHEMA."""
    try:
        conformed = conform_batch(batch, SAMPLE_SCHEMA)
        conformed.validate(full=True)
    except (pa.ArrowException, DataSetError) as error:
        raise DataSetError(f"{file.name}, from row {row}: {error}") from error
    if lacking := [name for name in SAMPLE_SCHEMA.names if name != "text" and conformed.column(name).null_count]:
        raise DataSetError(f"{file.name}, from row {row}: {', '.join(lacking)} is null")
    return conformed


def _from_records(file: DataFile, field: TextField, on_error: OnError) -> Iterator[pa.RecordBatch]:
    for batch in read_columns(file, nodes=["id", "start", "end", field], on_error=on_error):
        nodes = batch.nodes
        columns = [batch.videos.column("uid").take(nodes.column("video")), *(nodes.column(name) for name in ("id", "start", "end"))]
        columns += [pa.repeat(field, len(nodes)), nodes.column(field)]
        yield pa.record_batch([column.cast(one.type) for column, one in zip(columns, SAMPLE_SCHEMA, strict=True)], schema=SAMPLE_SCHEMA)
