"""What a run will cost, told before it starts: from the headers of the videos, what videos hold, and what models cost.

    headers --> frames, windows --> nodes, segments --> requests, tokens --> hours, money, disk

Each figure is an interval. The general figures hold if every reply fits at first try. A pilot, a finished run over some of the videos, takes their
place (`piloted.py`), and then nothing is taken for granted but that the other videos are like those.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from functools import partial
from pathlib import Path

from action100m.errors import ConfigError, VideoError
from action100m.run.config import RunConfig
from action100m.run.figures.costs import Costs, read_costs
from action100m.run.figures.estimate import ZERO, Estimate
from action100m.run.plan.by_pilot import plan_by_pilot
from action100m.run.plan.disk import annotate_bytes, caption_bytes, embed_bytes, segment_bytes
from action100m.run.plan.pilot import read_pilot
from action100m.run.plan.probe import Header, probe
from action100m.run.plan.result import Plan, StagePlan, Unprobed
from action100m.run.plan.tariff import Charge, Tariff, find_tariff
from action100m.run.plan.workload import Footage, Load, load_chats, load_clips, load_frames, measure_footage
from action100m.run.spending.prices import Prices
from action100m.run.spending.rates import find_rates
from action100m.stages.base import StageName
from action100m.stages.caption import CaptionConfig
from action100m.video.discover import find_videos


def plan(
    videos: Sequence[str],
    config: RunConfig | None = None,
    *,
    prices: Prices | None = None,
    costs: str | Path | None = None,
    gpu: str | None = None,
    pilot: str | Path | None = None,
) -> Plan:
    """Return what a run over videos, folders or manifests will cost. Only headers are read, and no model is loaded.

    Args:
        videos: As for `run_videos`. Copies of one content count each.
        config: None for that of the pilot, else the preset `preview`.
        prices: By name of model: a `Price` for a million tokens, or an `Estimate` for an hour of its device; see `run.prices`. Models with a
            price for tokens are hosted and take no GPU of one's own.
        costs: TOML file that adds to the figures in run/figures/model_costs.toml, or replaces them.
        gpu: Device, by its name there, for all models whose config does not say "cpu". None: for each the one named there.
        pilot: Folder of a run of the same settings whose finished videos stand for all: figures of models, devices and contents are measured there.

    Raises:
        ConfigError: no video is found, no figures are known for a model or a device, the file of figures is wrong, or the pilot does not fit.
        SidecarError: a manifest cannot be read.
        StoreError: the pilot is no run.
    """
    found = [candidate.path for candidate in find_videos(videos)]
    if not found:
        raise ConfigError(f"no video in {', '.join(videos) or 'nothing'}; name files, or folders that hold some")
    headers, problems = _probe_all(found)
    known = read_costs(costs)
    if pilot is not None:
        if gpu is not None:
            raise ConfigError(f"a pilot tells the speed of the device that it ran on, so gpu={gpu!r} cannot be given with it")
        tried = read_pilot(pilot)
        tried.refuse_other_settings(config or tried.config)
        return plan_by_pilot(headers, tried, find_rates(tried.config, known, tried.prices | dict(prices or {})), problems=problems)
    return plan_headers(headers, config or RunConfig(), known, prices=prices, gpu=gpu, problems=problems)


def _probe_all(paths: Sequence[str]) -> tuple[list[Header], list[Unprobed]]:
    headers, problems = [], []
    for path in paths:
        try:
            headers.append(probe(path))
        except (VideoError, OSError) as error:
            problems.append(Unprobed(path, type(error).__name__, str(error)))
    return headers, problems


def plan_headers(
    headers: Sequence[Header],
    config: RunConfig,
    costs: Costs,
    *,
    prices: Prices | None = None,
    gpu: str | None = None,
    problems: Sequence[Unprobed] = (),
) -> Plan:
    """Return what a run over videos will cost whose headers have been read.

    Raises:
        ConfigError: as `plan`.
    """
    footage = measure_footage(headers, config, costs)
    find = partial(find_tariff, costs=costs, prices=prices or {}, gpu=gpu)
    stages = tuple(_plan_stages(footage, config, costs, find))
    return Plan(
        videos=footage.videos,
        seconds=footage.seconds,
        frames=footage.frames,
        samples=footage.samples,
        windows=footage.windows,
        nodes=footage.nodes,
        segments=footage.segments,
        stages=stages,
        problems=tuple(problems),
        source="run/figures/model_costs.toml; CPU time is that of 2 cores, money is in dollars, or in what prices were given in",
        notes=tuple(dict.fromkeys(_note(stages, config, costs))),
    )


def _plan_stages(footage: Footage, config: RunConfig, costs: Costs, find: Callable[..., Tariff]) -> Iterator[StagePlan]:
    encoder = find(config.embed.encoder, shows_images=True)
    embed = _book("embed", encoder, Load(Estimate.exactly(footage.windows)), encoder.charge_windows(footage, costs))
    disk = embed_bytes(samples=footage.samples, frames=footage.frames, videos=footage.videos, width=encoder.cost.width or 0)
    yield replace(embed, cpu_hours=embed.cpu_hours + footage.decoding_hours, disk_bytes=disk)
    yield StagePlan("segment", "ward", "", disk_bytes=segment_bytes(footage, costs.content))
    for stage in _plan_captions(footage, config.caption, costs, find):  # each that sees frames decodes the video once more
        yield replace(stage, cpu_hours=stage.cpu_hours + footage.decoding_hours) if stage.images.high else stage
    yield _plan_annotations(footage, config, costs, find)


def _plan_captions(footage: Footage, config: CaptionConfig, costs: Costs, find: Callable[..., Tariff]) -> Iterator[StagePlan]:
    """Yield the plan of the captioner, and that of the one for frames if there is one."""
    tariff = find(config.captioner, shows_images=True)
    single = tariff if config.frame_captioner is None else find(config.frame_captioner, shows_images=True)
    clips = load_clips(footage, costs.content, tariff.cost, caches=tariff.is_served)
    frames = load_frames(footage, costs.content, single.cost)
    disk = caption_bytes(footage, costs.content, tariff.cost)
    if config.frame_captioner is None:
        clips = clips + frames
    yield replace(_book("caption", tariff, clips, tariff.charge_load(clips, costs)), disk_bytes=disk)
    if config.frame_captioner is not None:
        yield _book("caption", single, frames, single.charge_load(frames, costs))


def _plan_annotations(footage: Footage, config: RunConfig, costs: Costs, find: Callable[..., Tariff]) -> StagePlan:
    model = config.annotate.model
    tariff, captioner = find(model, shows_images=False), find(config.caption.captioner, shows_images=True)
    longest = getattr(model, "max_tokens", None) or getattr(model, "max_new_tokens", None) or costs.assumptions.longest_reply
    thinking = costs.assumptions.thinking * longest if tariff.cost.thinks else ZERO
    load = load_chats(footage, costs.content, config.annotate, thinking=thinking, caches=tariff.is_served)
    disk = annotate_bytes(footage, costs.content, captioner.cost, tariff.cost, load, thinking=thinking)
    return replace(_book("annotate", tariff, load, tariff.charge_load(load, costs)), disk_bytes=disk)


def _book(stage: StageName, tariff: Tariff, load: Load, charge: Charge) -> StagePlan:
    """Join what a model is asked with what that costs. What a weightless one reads is no tokens."""
    asked = Load(load.requests) if tariff.cost.weightless else load
    shown = {field.name: getattr(asked, field.name) for field in fields(asked)}
    return StagePlan(stage, tariff.name, **shown, **{field.name: getattr(charge, field.name) for field in fields(charge)})


def _note(stages: Sequence[StagePlan], config: RunConfig, costs: Costs) -> Iterator[str]:
    for stage in stages:
        if stage.money is None:
            yield f"no price is known for an hour of {stage.runs_on}; the sum of money leaves it out"
        cost = costs.find_model(stage.model)
        room = next((device.memory_gb for device in costs.devices.values() if device.name == stage.runs_on), None)
        if cost and room and cost.weights_gb > room:
            yield f"{stage.stage}: the weights of {stage.model} take {cost.weights_gb:g} GB, and {stage.runs_on} holds {room:g}"
        if stage.tokens_out.high and (cost is None or cost.thinks):
            most = f"{costs.assumptions.thinking.high:.0%} of the longest reply"
            yield f"{stage.stage}: how much {stage.model} thinks is not known; up to {most} is assumed"
    usual = (config.segment.min_duration, config.segment.leaf_rule, config.annotate.min_duration, config.annotate.nodes)
    if usual != (0.5, "keep", 4.0, "inner"):
        yield "segment, annotate: nodes were counted under the paper's settings; yours differ, so the intervals are wider"
    if stages[-1].tokens_in.high and (config.annotate.subtree_depth, config.annotate.global_depth) != (6, 3):
        yield "annotate: prompts were measured at subtree_depth 6 and global_depth 3; yours differ, and so will the tokens"
