"""By what each model of a run is paid: by the token where it is hosted, by the hour where it holds devices of one's own.

A device is held while at least one video is in its stage, however many requests and workers share it. Each address of a server is one device, and so
is the GPU of this machine; loading, and the stages that leave it idle, are not counted. A server of several GPUs counts as one device; one that two
stages use, for each while it is at work. An hour has the price that was given for it: which device a server runs on is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from action100m.run.config import RunConfig
from action100m.run.figures.costs import Costs, Price
from action100m.run.figures.estimate import ZERO, Estimate
from action100m.run.ledger_reader import Gpus
from action100m.run.spending.prices import Prices, find_hour_price, find_token_price, is_hosted, list_addresses, name_model
from action100m.stages.base import StageName

_SERVED: Final = "endpoint"
"""The kind of all models behind servers."""
IN_PROCESS: Final = ("vlm", "causal_lm")
"""The kinds of those that are asked in this process, and keep a ledger."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What one model in one stage is paid by. Of weightless models, and on a CPU, nothing is paid."""

    stage: StageName
    model: str
    kind: str = _SERVED
    """Of its config: the name of a model in this process begins with it."""
    is_hosted: bool = False
    tokens: Price | None = None
    """Of a hosted model; None: not known."""
    gpus: Gpus = Gpus()
    hour: Estimate | None = None
    """Money for an hour of each; None: not known."""
    is_weightless: bool = False

    @property
    def label(self) -> str:
        """What tells it from the other models of the stage."""
        return f"{self.kind} {self.model}"

    def charge(self, read: Estimate, written: Estimate, gpu_hours: Estimate) -> Estimate | None:
        """Return the money for tokens and for hours of devices; None: no price is known."""
        if self.is_hosted:
            return None if self.tokens is None else (read * self.tokens.input + written * self.tokens.output) * 1e-6
        if not gpu_hours.high:
            return ZERO
        return None if self.hour is None else gpu_hours * self.hour

    @property
    def lacks_price(self) -> bool:
        """Whether something will be paid for it, and nobody has told how much."""
        return self.cure is not None and (self.is_hosted or self.gpus.count > self.gpus.shared)

    @property
    def cure(self) -> str | None:
        """What to give for a price; None if one is known."""
        if self.is_hosted:
            return None if self.tokens else f"--price {self.model}=IN,OUT (money for a million tokens)"
        return None if self.hour else f"--price {self.model}=HOUR (money for an hour of its device)"

    def is_for(self, model: str) -> bool:
        """Tell whether it is for a model by the name under which it was loaded, which has the revision and parameters behind it."""
        before = "" if self.kind == _SERVED else f"{self.kind} "
        return any(f"{model} ".startswith(f"{before}{name} ") for name in (self.model, Path(self.model).name))


def find_rates(config: RunConfig, costs: Costs, prices: Prices, *, has_gpu: bool = True) -> tuple[Rate, ...]:
    """Return the rate of each model of a run, in the order of the stages. has_gpu: whether the device "auto" is one."""
    return tuple(_find_rates(config, costs, prices, has_gpu=has_gpu))


def list_gpus(rates: Sequence[Rate], stage: StageName) -> Mapping[str, Gpus]:
    """Return what the models of a stage run on, by label, if it is one's own."""
    return {rate.label: rate.gpus for rate in rates if rate.stage == stage and not rate.is_hosted and not rate.is_weightless}


def name_priced(rates: Sequence[Rate]) -> frozenset[str]:
    """Return the names of the models that may have a price."""
    return frozenset(rate.model for rate in rates if not rate.is_weightless)


def finds_gpu(config: RunConfig) -> bool:
    """Tell whether models on the device "auto" will run on a GPU here. PyTorch is loaded only if there are such models."""
    if not any(getattr(model, "device", None) == "auto" for _, models in _list_models(config) for model in models) or find_spec("torch") is None:
        return False
    import torch

    return bool(torch.cuda.is_available())


def _list_models(config: RunConfig) -> Iterator[tuple[StageName, tuple[Any, ...]]]:
    clips, frames = config.caption.captioner, config.caption.frame_captioner
    yield "embed", (config.embed.encoder,)
    yield "caption", (clips,) if frames is None or name_model(frames) == name_model(clips) else (clips, frames)
    yield "annotate", (config.annotate.model,)


def _find_rates(config: RunConfig, costs: Costs, prices: Prices, *, has_gpu: bool) -> Iterator[Rate]:
    for stage, models in _list_models(config):
        held: set[str] = set()
        for model in models:
            rate, devices = _find_rate(stage, model, costs, prices), _list_devices(model, has_gpu=has_gpu)
            if rate.is_hosted or rate.is_weightless:
                yield rate
                continue
            yield replace(rate, gpus=Gpus(len(devices), len(devices & held)))
            held |= devices


def _find_rate(stage: StageName, model: Any, costs: Costs, prices: Prices) -> Rate:
    name, cost = name_model(model), costs.find_model(name_model(model))
    if cost and cost.weightless:
        return Rate(stage, name, model.kind, is_weightless=True)
    if is_hosted(model, prices):
        return Rate(stage, name, model.kind, is_hosted=True, tokens=find_token_price(model, prices) or (cost.price if cost else None))
    return Rate(stage, name, model.kind, hour=find_hour_price(model, prices))


def _list_devices(model: Any, *, has_gpu: bool) -> set[str]:
    """Name the GPUs of one's own that a model runs on."""
    if addresses := list_addresses(model):
        return set(addresses)
    device = getattr(model, "device", "cpu")
    return {"this machine"} if device == "cuda" or (device == "auto" and has_gpu) else set()
