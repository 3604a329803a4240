"""A plan from headers alone: what videos hold is as in the official records, and what models cost stands in the data file of figures.

    headers --> frames, windows --> nodes, segments --> requests, tokens --> hours, money, disk

The figures hold if every reply fits at first try.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from functools import partial
from typing import Any

from action100m.run.config import RunConfig
from action100m.run.figures.costs import Costs
from action100m.run.figures.estimate import ZERO, Estimate
from action100m.run.plan.disk import annotate_bytes, caption_bytes, embed_bytes, segment_bytes
from action100m.run.plan.probe import Header
from action100m.run.plan.result import Plan, StagePlan, Unprobed
from action100m.run.plan.tariff import Charge, Tariff, find_tariff
from action100m.run.plan.workload import Footage, Load, load_chats, load_clips, load_frames, measure_footage
from action100m.run.spending.prices import Prices
from action100m.stages.base import StageName
from action100m.stages.caption import CaptionConfig


def plan_by_headers(
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
        source="run/figures/model_costs.toml; money is in dollars, or in what prices were given in",
        cpu="2 cores",
        notes=tuple(dict.fromkeys(_note(stages, config, costs, find))),
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
    thinking = costs.assumptions.thinking * _longest_reply(model, costs) if tariff.cost.thinks else ZERO
    load = load_chats(footage, costs.content, config.annotate, thinking=thinking, caches=tariff.is_served)
    disk = annotate_bytes(footage, costs.content, captioner.cost, tariff.cost, load, thinking=thinking)
    return replace(_book("annotate", tariff, load, tariff.charge_load(load, costs)), disk_bytes=disk)


def _longest_reply(model: Any, costs: Costs) -> int:
    """Return how many tokens a reply of a chat model may have, by its config."""
    return getattr(model, "max_tokens", None) or getattr(model, "max_new_tokens", None) or costs.assumptions.longest_reply


def _book(stage: StageName, tariff: Tariff, load: Load, charge: Charge) -> StagePlan:
    """Join what a model is asked with what that costs. What a weightless one reads is no tokens."""
    asked = Load(load.requests) if tariff.cost.weightless else load
    shown = {field.name: getattr(asked, field.name) for field in fields(asked)}
    return StagePlan(stage, tariff.name, **shown, **{field.name: getattr(charge, field.name) for field in fields(charge)})


def _note(stages: Sequence[StagePlan], config: RunConfig, costs: Costs, find: Callable[..., Tariff]) -> Iterator[str]:
    for stage in stages:
        if stage.money is None:
            yield f"no price is known for an hour of {stage.runs_on}; the sum of money leaves it out"
        cost = costs.find_model(stage.model)
        room = next((device.memory_gb for device in costs.devices.values() if device.name == stage.runs_on), None)
        if cost and room and cost.weights_gb > room:
            yield f"{stage.stage}: the weights of {stage.model} take {cost.weights_gb:g} GB, and {stage.runs_on} holds {room:g}"
    reasoner = find(config.annotate.model, shows_images=False)
    if stages[-1].tokens_out.high and reasoner.cost.thinks:
        most = costs.assumptions.thinking.high * _longest_reply(config.annotate.model, costs)
        yield f"annotate: how much {reasoner.name} thinks is not known; up to {most:,.0f} tokens a reply are assumed"
    usual = (config.segment.min_duration, config.segment.leaf_rule, config.annotate.min_duration, config.annotate.nodes)
    if usual != (0.5, "keep", 4.0, "inner"):
        yield "segment, annotate: nodes were counted under the paper's settings; yours differ, so the intervals are wider"
    if stages[-1].tokens_in.high and (config.annotate.subtree_depth, config.annotate.global_depth) != (6, 3):
        yield "annotate: prompts were measured at subtree_depth 6 and global_depth 3; yours differ, and so will the tokens"
