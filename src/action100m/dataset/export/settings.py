"""The settings of all formats, by the names that people type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Final, Literal

from pydantic import TypeAdapter, ValidationError

from action100m.dataset.export.activitynet import ActivityNet
from action100m.dataset.export.fiftyone import FiftyOne
from action100m.dataset.export.huggingface import HuggingFace
from action100m.dataset.export.jsonl import JsonLines
from action100m.dataset.export.subtitles import Subtitles
from action100m.dataset.export.webdataset import WebDataset
from action100m.errors import ConfigError

ExportFormat = Literal["jsonl", "activitynet", "srt", "vtt", "webdataset", "huggingface", "fiftyone"]
ExportConfig = JsonLines | ActivityNet | Subtitles | WebDataset | HuggingFace | FiftyOne

_KINDS: Final[Mapping[str, type[ExportConfig]]] = {
    "jsonl": JsonLines,
    "activitynet": ActivityNet,
    "srt": Subtitles,
    "vtt": Subtitles,
    "webdataset": WebDataset,
    "huggingface": HuggingFace,
    "fiftyone": FiftyOne,
}


def make_config(format: str, settings: Sequence[str] = ()) -> ExportConfig:
    """Return the settings of a format, with those given as "name=value".

    Raises:
        ConfigError: there is no such format or setting, or a value does not fit.
    """
    if format not in _KINDS:
        raise ConfigError(f"formats are {', '.join(_KINDS)}, got {format!r}")
    kind = _KINDS[format]
    given = dict(_split(setting) for setting in settings)
    known = [field.name for field in fields(kind) if kind is not Subtitles]
    for name in given.keys() - set(known):
        raise ConfigError(f"{format} has the settings {', '.join(known) or '(none)'}, got {name!r}")
    try:
        return TypeAdapter(kind).validate_python({"ending": format} if kind is Subtitles else given)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"{first['loc'][0]}: {first['msg']}, got {first['input']!r}") from error


def _split(setting: str) -> tuple[str, str]:
    name, equals, value = setting.partition("=")
    if not equals:
        raise ConfigError(f"a setting is name=value, got {setting!r}")
    return name.strip().replace("-", "_"), value.strip()
