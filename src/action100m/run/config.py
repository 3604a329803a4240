"""All settings of a run in one value. A TOML file may override it; unknown keys are errors."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from action100m.errors import ConfigError
from action100m.models.weightless.extractive import ExtractiveConfig
from action100m.stages.annotate import Annotate, AnnotateConfig
from action100m.stages.base import Stage
from action100m.stages.caption import Caption, CaptionConfig
from action100m.stages.embed import Embed, EmbedConfig
from action100m.stages.segment import Segment, SegmentConfig


@dataclass(frozen=True, slots=True)
class RunConfig:
    """One config for each stage. The defaults are the preset `preview`."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    embed: EmbedConfig = EmbedConfig()
    """Decoding and encoding."""
    segment: SegmentConfig = SegmentConfig()
    """The tree."""
    caption: CaptionConfig = CaptionConfig()
    """The Tree-of-Captions."""
    annotate: AnnotateConfig = AnnotateConfig(model=ExtractiveConfig(), rounds=1)
    """Structured annotations."""


def make_stages(config: RunConfig) -> tuple[Stage, ...]:
    """Return the four stages in order. Nothing is loaded yet."""
    return Embed(config.embed), Segment(config.segment), Caption(config.caption), Annotate(config.annotate)


def load_config(path: str | Path, base: RunConfig) -> RunConfig:
    """Return `base` with what a TOML file overrides.

    Raises:
        ConfigError: the file cannot be read, or a key or value in it is wrong. The message names the file and the key.
    """
    try:
        override = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    try:
        return config_from_dict(merge_tables(config_to_dict(base), override))
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def config_to_dict(config: RunConfig) -> dict[str, Any]:
    """Return the settings as JSON values."""
    return asdict(config)


def config_from_dict(value: Mapping[str, Any]) -> RunConfig:
    """Read settings from JSON values.

    Raises:
        ConfigError: a key is unknown or a value does not fit.
    """
    try:
        return TypeAdapter(RunConfig).validate_python(value)
    except ValidationError as error:
        raise ConfigError(explain_mismatch(error, _all_keys(RunConfig()))) from error


def merge_tables(base: Mapping[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    """Override key by key. A table that names another `kind` of model replaces the old one whole, since their keys differ."""
    if "kind" in override and override["kind"] != base.get("kind"):
        return dict(override)
    merged = dict(base)
    for key, value in override.items():
        old = merged.get(key)
        merged[key] = merge_tables(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def explain_mismatch(error: ValidationError, known_keys: Iterable[str]) -> str:
    """Return what is wrong in a table, with the place of each problem and, for an unknown key, the known one that is most like it."""
    return "; ".join(_explain(problem, known_keys) for problem in error.errors())


def _explain(problem: Mapping[str, Any], known_keys: Iterable[str]) -> str:
    place = [str(part) for part in problem["loc"]]
    if problem["type"] == "missing":
        return f"{'.'.join(place)}: is missing"
    if problem["type"] != "unexpected_keyword_argument":
        return f"{'.'.join(place)}: {problem['msg']}, got {problem['input']!r}"
    close = difflib.get_close_matches(place[-1], known_keys, n=1)
    return f"{'.'.join(place)}: unknown setting" + (f"; did you mean {close[0]!r}?" if close else "")


def _all_keys(config: Any) -> set[str]:
    keys = {entry.name for entry in fields(config)}
    return keys.union(*(_all_keys(value) for entry in fields(config) if is_dataclass(value := getattr(config, entry.name))))
