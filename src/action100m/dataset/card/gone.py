"""Which videos are gone or were taken down: a list that somebody keeps, since nothing here looks into the network.

    uid,status,note              {"uid": "abc", "status": "removed", "note": "asked by its owner"}             abc
    abc,gone,404 since May       {"uid": "def", "status": "gone"}                                              def

CSV with a head, JSON lines, or a plain list of uids, which are gone.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO, Final, Literal, get_args

import fsspec

from action100m.errors import DataSetError
from action100m.text import mend

Status = Literal["available", "gone", "removed", "not checked"]
"""gone: the video cannot be had any more. removed: somebody asked that it be left out."""
_FIELDS: Final = ("uid", "status", "note")


@dataclass(frozen=True, slots=True)
class Availability:
    """What is known of one video."""

    uid: str
    status: Status
    note: str = ""


def read_availability(path: str) -> dict[str, Availability]:
    """Return uid -> what a list says; of two lines about one video, the last.

    Raises:
        DataSetError: the list cannot be read, or a line of it is wrong. The message names the line.
    """
    try:
        with fsspec.open(path, "rt", encoding="utf-8-sig", newline="") as file:
            lines = file.read().splitlines()
    except (OSError, ImportError, ValueError) as error:
        raise DataSetError(f"{path} cannot be read: {error}") from error
    return {entry.uid: entry for entry in _parse(lines, path)}


def write_availability(entry: Availability, file: BinaryIO) -> None:
    """Write one line of JSON."""
    file.write(mend(json.dumps(asdict(entry), ensure_ascii=False)).encode() + b"\n")


def _parse(lines: list[str], path: str) -> Iterator[Availability]:
    first = next((line for line in lines if line.strip()), "")
    if first.lstrip().startswith("{"):
        yield from (_read(_load(line, f"{path}, line {number}"), f"{path}, line {number}") for number, line in enumerate(lines, 1) if line.strip())
    elif "uid" in first.split(","):
        yield from (_read(row, f"{path}, line {number}") for number, row in enumerate(csv.DictReader(lines), 2))
    else:
        yield from (Availability(line.strip(), "gone") for line in lines if line.strip())


def _load(line: str, place: str) -> Mapping[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataSetError(f"{place} is not JSON: {error}") from error
    if not isinstance(value, Mapping):
        raise DataSetError(f"{place} is not a JSON object")
    return value


def _read(value: Mapping[str, Any], place: str) -> Availability:
    uid, status, note = value.get("uid"), value.get("status") or "gone", value.get("note") or ""
    if unknown := set(value) - set(_FIELDS):
        raise DataSetError(f"{place}: unknown column {min(map(str, unknown))!r}; there are {', '.join(_FIELDS)}")
    if not isinstance(uid, str) or not uid:
        raise DataSetError(f"{place} has no uid")
    known: tuple[Status, ...] = get_args(Status)
    for one in known:
        if status == one:
            return Availability(uid, one, str(note))
    raise DataSetError(f"{place}: the status is one of {', '.join(known)}, got {status!r}")
