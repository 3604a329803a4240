"""What models cost, from one data file with its sources (`model_costs.toml`), and what a user adds to it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, ClassVar, NamedTuple

from pydantic import BeforeValidator, ConfigDict, TypeAdapter, ValidationError

from action100m.errors import ConfigError
from action100m.run.config import explain_mismatch, merge_tables
from action100m.run.figures.estimate import Estimate

_STRICT = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


def _to_estimate(value: Any) -> Any:
    if not isinstance(value, list) or len(value) != 2:
        return value
    try:
        return Estimate(*map(float, value))
    except ConfigError as error:
        raise ValueError(str(error)) from error  # which pydantic tells with the key


Interval = Annotated[Estimate, BeforeValidator(_to_estimate)]


class Price(NamedTuple):
    """Money for a million tokens."""

    input: Estimate
    output: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """What is taken for granted, for want of a measurement."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    rows: Interval
    """Replies that a model writes at once."""
    thinking: Interval
    """Tokens thought before a reply, as a share of the longest reply."""
    longest_reply: int
    real_time: Interval
    """Seconds of 720p30 video decoded, measured and cut in a second on 2 cores."""
    rows_source: str
    thinking_source: str
    longest_reply_source: str
    real_time_source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What videos hold and what is written about them, as in the official records. A plan from a pilot uses none of it."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    nodes_per_second: Interval
    segments_per_second: Interval
    """Nodes that are annotated."""
    node_seconds: tuple[float, ...]
    """Durations of nodes, each standing for an equal share of them."""
    clip_caption_bytes: Interval
    clip_action_bytes: Interval
    frame_caption_bytes: Interval
    answer_bytes: Interval
    opening_bytes: Interval
    """Rules and evidence in a prompt about a segment."""
    fresh_bytes: Interval
    """Of these, what a server that caches prefixes has not just read."""
    bare_node_bytes: Interval
    bytes_per_token: Interval
    source: str
    bytes_per_token_source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """What a model runs on."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    name: str
    tflops: Interval
    """10^12 operations a second, attained."""
    gb_per_second: Interval
    """Of its memory, attained."""
    source: str
    memory_gb: float | None = None
    usd_per_hour: Interval | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCost:
    """What one model costs. Work is in 10^12 or 10^9 operations."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    source: str
    weightless: bool = False
    device: str | None = None
    """Where it runs if nothing else is said."""
    width: int | None = None
    """Numbers in a vector of an encoder."""
    window: int = 64
    """Frames in the window that `tflop_per_window` and `seconds_per_window` are about."""
    tflop_per_window: float | None = None
    seconds_per_window: dict[str, Interval] = field(default_factory=dict)
    """Device -> measured seconds."""
    tflop_per_image: float = 0.0
    tokens_per_image: float = 0.0
    tokens_per_single_image: float | None = None
    """Of a frame that is alone in its request and shown in tiles; None for models that show none."""
    gflop_per_token: float | None = None
    tokens_per_second: dict[str, Interval] = field(default_factory=dict)
    """Device -> tokens read anew and written, together, as measured."""
    weights_gb: float = 0.0
    thinks: bool = False
    usd_per_million_in: Interval | None = None
    usd_per_million_out: Interval | None = None

    @property
    def tiles(self) -> float:
        """Pictures that a frame alone is shown as."""
        return 1.0 if self.tokens_per_single_image is None else self.tokens_per_single_image / self.tokens_per_image

    @property
    def price(self) -> Price | None:
        """What it costs where it is hosted, if that is known."""
        if self.usd_per_million_in is None or self.usd_per_million_out is None:
            return None
        return Price(self.usd_per_million_in, self.usd_per_million_out)


@dataclass(frozen=True, slots=True)
class Costs:
    """All figures that a plan rests on."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    assumptions: Assumptions
    content: Content
    devices: dict[str, Device]
    models: dict[str, ModelCost]

    def find_model(self, name: str) -> ModelCost | None:
        """Return the figures of a model by its id, or by the last part of it, as a folder of weights is often named."""
        if name in self.models:
            return self.models[name]
        last = Path(name).name.lower()
        alike = [model for known, model in self.models.items() if known.rpartition("/")[2].lower() == last]
        return alike[0] if len(alike) == 1 else None

    def device(self, name: str) -> Device:
        """Return a device by its name.

        Raises:
            ConfigError: it is not known.
        """
        if name not in self.devices:
            raise ConfigError(f"no figures for the device {name!r}; known are {', '.join(self.devices)}, and --costs FILE may add it")
        return self.devices[name]


def read_costs(path: str | Path | None = None) -> Costs:
    """Return the figures that come with the package, with what a TOML file of the same form adds or replaces.

    Raises:
        ConfigError: the file cannot be read, or a key or value in it is wrong.
    """
    value: Mapping[str, Any] = _read_packaged()
    if path is not None:
        try:
            value = merge_tables(value, tomllib.loads(Path(path).read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(f"{path}: {error}") from error
    try:
        return TypeAdapter(Costs).validate_python(value)
    except ValidationError as error:
        known = {entry.name for table in (Costs, Assumptions, Content, Device, ModelCost) for entry in fields(table)}
        raise ConfigError(f"{path}: {explain_mismatch(error, known)}") from error


@cache
def _read_packaged() -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("model_costs.toml").read_text(encoding="utf-8"))
