"""A plan from a pilot: every figure is what the pilot's videos came to, by their length, and none is a general one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Literal, get_args

from action100m.run.config import RunConfig
from action100m.run.figures.estimate import ZERO, Estimate
from action100m.run.ledger_reader import Spent
from action100m.run.plan.disk import embed_bytes
from action100m.run.plan.extrapolate import Ahead, count_effective, extrapolate
from action100m.run.plan.pilot import Pilot, Trial
from action100m.run.plan.probe import Header
from action100m.run.plan.result import Plan, StagePlan, Unprobed
from action100m.run.spending.rates import Rate
from action100m.stages.base import StageName
from action100m.stages.windows import count_windows


def plan_by_pilot(
    headers: Sequence[Header], pilot: Pilot, rates: Sequence[Rate], *, config: RunConfig | None = None, problems: Sequence[Unprobed] = ()
) -> Plan:
    """Return what a run over videos will cost whose headers have been read. Figures scale with the length of the videos.

    config: what is to be run, if it is not the pilot's. Its addresses, devices and batches make no difference here.
    """
    scale, rates = _Scale(headers, pilot), [_correct_gpus(rate, pilot) for rate in rates]
    stages = tuple(stage for name in get_args(StageName) for stage in _plan_stage(name, scale, pilot, [rate for rate in rates if rate.stage == name]))
    return Plan(
        videos=scale.videos,
        seconds=scale.seconds,
        frames=scale.frames,
        samples=scale.samples,
        windows=scale.windows,
        nodes=scale.predict(lambda trial: trial.nodes),
        segments=scale.predict(lambda trial: trial.segments),
        stages=stages,
        problems=tuple(problems),
        source=_tell_source(pilot),
        cpu="the pilot's machine, by the clock",
        notes=tuple(_note(pilot, rates, config or pilot.config)),
    )


class _Scale:
    """The videos ahead, by the measure of a pilot's."""

    def __init__(self, headers: Sequence[Header], pilot: Pilot) -> None:
        embed = pilot.config.embed
        samples = [header.count_samples(embed.sampling) for header in headers]
        lengths = [header.seconds for header in headers]
        self._trials = pilot.trials
        self._effective = count_effective(lengths) if lengths else 0.0
        self.videos = len(headers)
        self.frames = sum(header.frames for header in headers)
        self.seconds = sum(lengths)
        self.samples = sum(samples)
        self.windows = sum(count_windows(count, window=embed.window, stride=embed.stride) for count in samples)

    def predict(self, measure: Callable[[Trial], float], *, by: Literal["seconds", "windows"] = "seconds") -> Estimate:
        """Return an amount that grows with the length of the videos, or with what is known exactly of them."""
        sizes = [getattr(trial, by) for trial in self._trials]
        return extrapolate([*map(measure, self._trials)], sizes, Ahead(getattr(self, by), self._effective))

    def count_vectors(self) -> Estimate:
        """Return the bytes of all embeddings, which are known."""
        return embed_bytes(samples=self.samples, frames=self.frames, videos=self.videos, width=self._trials[0].width)


def _plan_stage(stage: StageName, scale: _Scale, pilot: Pilot, rates: Sequence[Rate]) -> Iterator[StagePlan]:
    """Yield the plan of each model. What the stage itself takes stands with the first."""
    hours = scale.predict(lambda trial: trial.held[stage] / 3600, by="windows" if stage == "embed" else "seconds")
    disk = scale.count_vectors() if stage == "embed" else scale.predict(lambda trial: trial.disk[stage])
    plans = [_plan_model(rate, scale, pilot, hours) for rate in rates] or [StagePlan(stage, "ward", "")]
    here = not any(rate.gpus.count or rate.is_hosted for rate in rates)
    requests = plans[0].requests if rates and _is_paid(rates[0], pilot) else _count_requests(stage, scale)
    yield replace(plans[0], requests=requests, disk_bytes=disk, cpu_hours=hours if here else ZERO)
    yield from plans[1:]


def _plan_model(rate: Rate, scale: _Scale, pilot: Pilot, hours: Estimate) -> StagePlan:
    def predict(measure: Callable[[Spent], float]) -> Estimate:
        return scale.predict(lambda trial: sum(measure(one) for one in trial.spent if one.purpose == rate.stage and rate.is_for(one.model)))

    read, written = predict(lambda one: one.usage.input), predict(lambda one: one.usage.output)
    gpu_hours = _predict_gpu_hours(rate, scale, pilot, hours)
    return StagePlan(
        rate.stage,
        rate.model,
        _name_device(rate, pilot),
        requests=predict(lambda one: one.requests),
        tokens_in=read,
        tokens_fresh=predict(lambda one: one.usage.input - one.usage.cached),
        tokens_out=written,
        gpu_hours=gpu_hours,
        money=rate.charge(read, written, gpu_hours),
    )


def _predict_gpu_hours(rate: Rate, scale: _Scale, pilot: Pilot, hours: Estimate) -> Estimate:
    """Return hours of the GPUs that the pilot ran on; for a model that was hosted then and no longer is, of those that its config names."""
    place = rate.stage, rate.label
    if rate.is_hosted or not any(place in trial.gpus for trial in pilot.trials):
        return hours * (0 if rate.is_hosted else rate.gpus.count - rate.gpus.shared)
    return scale.predict(lambda trial: trial.gpu_hours.get(place, 0.0), by="windows" if rate.stage == "embed" else "seconds")


def _correct_gpus(rate: Rate, pilot: Pilot) -> Rate:
    """Return the rate with what its model really ran on: "auto" may have been a GPU or not."""
    noted = [trial.gpus[rate.stage, rate.label] for trial in pilot.trials if (rate.stage, rate.label) in trial.gpus]
    return rate if rate.is_hosted or not noted else replace(rate, gpus=max(noted, key=lambda gpus: gpus.count))


def _count_requests(stage: StageName, scale: _Scale) -> Estimate:
    """Return how often a model is asked that keeps no ledger."""
    return Estimate.exactly(scale.windows) if stage == "embed" else scale.predict(lambda trial: trial.requests.get(stage, 0))


def _is_paid(rate: Rate, pilot: Pilot) -> bool:
    return any(one.purpose == rate.stage and rate.is_for(one.model) for trial in pilot.trials for one in trial.spent)


def _name_device(rate: Rate, pilot: Pilot) -> str:
    if rate.is_hosted:
        return "hosted"
    if count := rate.gpus.count:
        return "the GPU of the pilot" if count == 1 else f"the {count} GPUs of the pilot"
    return "" if rate.is_weightless else "the CPU of the pilot"


def _tell_source(pilot: Pilot) -> str:
    hours = sum(trial.seconds for trial in pilot.trials) / 3600
    return f"{len(pilot.trials)} videos of {hours:.2f} h in {pilot.place}, for others of their kind, with the same workers, servers and machine"


def _note(pilot: Pilot, rates: Sequence[Rate], config: RunConfig) -> Iterator[str]:
    if config != pilot.config:
        yield "addresses, devices and batches are those of the pilot; with the ones given now, hours and money may be others"
    for rate in rates:
        if rate.lacks_price:
            yield f"the sum of money leaves out {rate.model}, whose price is not known: {rate.cure}"
    if not any(trial.segments for trial in pilot.trials):
        yield "no segment of the pilot was annotated, so none is planned for; longer videos may have some"
