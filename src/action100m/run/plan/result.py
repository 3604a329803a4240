"""What a run will cost, as figures: for each model in each stage, and all together."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from action100m.run.figures.estimate import ZERO, Estimate, add_up
from action100m.stages.base import StageName


@dataclass(frozen=True, slots=True)
class Unprobed:
    """A file that a plan leaves out, and why."""

    path: str
    cause: str
    message: str


@dataclass(frozen=True, slots=True)
class StagePlan:
    """What one model in one stage will cost."""

    stage: StageName
    model: str
    runs_on: str
    """Name of the device; "hosted"; empty for what takes next to nothing."""
    requests: Estimate = ZERO
    """Windows for an encoder."""
    images: Estimate = ZERO
    """Pictures shown; not told by a pilot."""
    images_fresh: Estimate = ZERO
    """Of `images`, those that a prefix cache does not save."""
    tokens_in: Estimate = ZERO
    tokens_fresh: Estimate = ZERO
    """Of `tokens_in`, those that a prefix cache does not save: at least, if it always works; at most, if there is none."""
    tokens_out: Estimate = ZERO
    """Written, thoughts included."""
    gpu_hours: Estimate = ZERO
    cpu_hours: Estimate = ZERO
    """Of what `Plan.cpu` tells."""
    money: Estimate | None = ZERO
    """In dollars, or in whatever the prices given are in. None: no price is known."""
    disk_bytes: Estimate = ZERO


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will cost."""

    videos: int
    seconds: float
    frames: int
    samples: int
    """Sampled frames."""
    windows: int
    nodes: Estimate
    segments: Estimate
    """Nodes that are annotated."""
    stages: tuple[StagePlan, ...]
    """The stage "caption" twice if frames have a captioner of their own."""
    problems: tuple[Unprobed, ...]
    source: str
    """Where the figures come from, and what they are in."""
    cpu: str
    """What `cpu_hours` are hours of: "2 cores" if they are reckoned from headers; of a pilot's machine, as the clock told them, with all its cores
    and workers."""
    notes: tuple[str, ...]
    """What the figures take for granted, and what they lack."""

    @property
    def gpu_hours(self) -> Estimate:
        """Of all stages, on whatever GPUs they run."""
        return add_up(stage.gpu_hours for stage in self.stages)

    @property
    def cpu_hours(self) -> Estimate:
        """Of what `cpu` tells, for all stages."""
        return add_up(stage.cpu_hours for stage in self.stages)

    @property
    def money(self) -> Estimate:
        """Of all stages that have a price."""
        return add_up(stage.money for stage in self.stages if stage.money is not None)

    @property
    def disk_bytes(self) -> Estimate:
        """Of all artifacts, and of the ledger."""
        return add_up(stage.disk_bytes for stage in self.stages)

    def to_dict(self) -> dict[str, Any]:
        """Return all figures, totals included, as JSON values."""
        totals = {name: asdict(getattr(self, name)) for name in ("gpu_hours", "cpu_hours", "money", "disk_bytes")}
        return {**asdict(self), "total": totals}
