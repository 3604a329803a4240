"""By what each model of a run is paid: by the token where it is hosted, by the hour where it holds devices of one's own.

A device is held while at least one video is in its stage, however many requests and workers share it. Each address of a server is one device, and so
is the GPU of this machine; loading, and the stages that leave it idle, are not counted. A server of several GPUs counts as one device; one that two
stages use, for each while it is at work.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from action100m.run.config import RunConfig
from action100m.run.figures.costs import Costs, Price
from action100m.run.figures.estimate import ZERO, Estimate
from action100m.run.spending.prices import ANY_SERVER, Prices, find_hour_price, find_token_price, is_hosted, list_addresses, name_model
from action100m.stages.base import StageName


@dataclass(frozen=True, slots=True)
class Rate:
    """What one model in one stage is paid by. Of weightless models, and on a CPU, nothing is paid."""

    stage: StageName
    model: str
    is_hosted: bool = False
    tokens: Price | None = None
    """Of a hosted model; None: not known."""
    devices: int = 0
    """Those of one's own that it holds, save the ones that a model before it in the same stage holds already."""
    hour: Estimate | None = None
    """Money for an hour of each; None: not known."""

    def charge(self, read: Estimate, written: Estimate, gpu_hours: Estimate) -> Estimate | None:
        """Return the money for tokens and for hours of devices; None: no price is known."""
        if self.is_hosted:
            return None if self.tokens is None else (read * self.tokens.input + written * self.tokens.output) * 1e-6
        if not self.devices:
            return ZERO
        return None if self.hour is None else gpu_hours * self.hour

    @property
    def cure(self) -> str | None:
        """What to give for a price; None if one is known."""
        if self.is_hosted:
            return None if self.tokens else f"--price {self.model}=IN,OUT (money for a million tokens)"
        return None if self.hour or not self.devices else f"--price {self.model}=HOUR (money for an hour of its device)"

    def is_for(self, model: str) -> bool:
        """Tell whether it is for a model by the name under which it was loaded, which has the revision and parameters behind it."""
        return any(model == name or model.startswith(f"{name} ") for name in (self.model, Path(self.model).name))


def find_rates(config: RunConfig, costs: Costs, prices: Prices) -> tuple[Rate, ...]:
    """Return the rate of each model of a run, in the order of the stages."""
    return tuple(_find_rates(config, costs, prices))


def find_other_rates(rates: Sequence[Rate], prices: Prices) -> tuple[Rate, ...]:
    """Return those of models that have a price and are no part of the run, for what earlier settings have cost."""
    known = {(rate.stage, rate.model) for rate in rates}
    asks: tuple[StageName, ...] = ("caption", "annotate")
    given = {name: price for name, price in prices.items() if isinstance(price, Price) and name != ANY_SERVER}
    return tuple(Rate(stage, name, is_hosted=True, tokens=price) for name, price in given.items() for stage in asks if (stage, name) not in known)


def _find_rates(config: RunConfig, costs: Costs, prices: Prices) -> Iterator[Rate]:
    clips, frames = config.caption.captioner, config.caption.frame_captioner
    captioners = (clips,) if frames is None or name_model(frames) == name_model(clips) else (clips, frames)
    asked: dict[StageName, tuple[Any, ...]] = {"embed": (config.embed.encoder,), "caption": captioners, "annotate": (config.annotate.model,)}
    for stage, models in asked.items():
        held: set[str] = set()
        for model in models:
            devices = _list_devices(model, costs)
            yield _find_rate(stage, model, costs, prices, devices=len(devices - held))
            held |= devices


def _find_rate(stage: StageName, model: Any, costs: Costs, prices: Prices, *, devices: int) -> Rate:
    name, cost = name_model(model), costs.find_model(name_model(model))
    if is_hosted(model, prices):
        return Rate(stage, name, is_hosted=True, tokens=find_token_price(model, prices) or (cost.price if cost else None))
    device = costs.devices.get(cost.device) if cost and cost.device else None
    return Rate(stage, name, devices=devices, hour=find_hour_price(model, prices, device.usd_per_hour if device else None))


def _list_devices(model: Any, costs: Costs) -> set[str]:
    """Name the devices of one's own that a model runs on. In this process, "auto" is taken for a GPU."""
    cost = costs.find_model(name_model(model))
    if (cost and cost.weightless) or getattr(model, "device", None) == "cpu":
        return set()
    return set(list_addresses(model)) or {"this machine"}
