"""What a load costs on a model: money for its tokens where it is hosted, else hours of a device."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from action100m.errors import ConfigError
from action100m.run.figures.costs import Costs, Device, ModelCost, Price
from action100m.run.figures.estimate import ZERO, Estimate
from action100m.run.plan.workload import Footage, Load
from action100m.run.spending.prices import Prices, find_hour_price, find_token_price, is_hosted, list_addresses, name_model

_HOUR: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Charge:
    """What a model costs for what it is asked."""

    runs_on: str = ""
    """Name of the device; "hosted"; empty for what takes next to nothing."""
    gpu_hours: Estimate = ZERO
    cpu_hours: Estimate = ZERO
    """Hours of 2 cores."""
    money: Estimate | None = ZERO
    """None: no price is known."""


@dataclass(frozen=True, slots=True)
class Tariff:
    """One model of a config, with its figures and where it runs."""

    name: str
    cost: ModelCost
    price: Price | None
    """Set for a hosted model."""
    device_name: str
    """As in the data file; empty for a hosted or a weightless model."""
    hour: Estimate | None
    """Money for an hour of the device, if it is known."""
    is_served: bool
    """Whether it is behind a server."""

    def charge_windows(self, footage: Footage, costs: Costs) -> Charge:
        """Return what it costs to encode all windows.

        Raises:
            ConfigError: the figures of the model are not those of an encoder, or the device is not known.
        """
        if self.cost.weightless:
            return Charge()
        device = costs.device(self.device_name)
        return self._charge_device(device, _encode_seconds(footage, self.cost, device, self.device_name))

    def charge_load(self, load: Load, costs: Costs) -> Charge:
        """Return what it costs to ask for captions or annotations.

        Raises:
            ConfigError: the figures of the model are not those of one that writes, or the device is not known.
        """
        if self.cost.weightless:
            return Charge()
        if self.price is not None:
            return Charge("hosted", money=(load.tokens_in * self.price.input + load.tokens_out * self.price.output) * 1e-6)
        device = costs.device(self.device_name)
        return self._charge_device(device, _ask_seconds(load, self.cost, device, self.device_name, costs.assumptions.rows))

    def _charge_device(self, device: Device, seconds: Estimate) -> Charge:
        hours = seconds / _HOUR
        if device.memory_gb is None:  # a CPU
            return Charge(device.name, cpu_hours=hours)
        return Charge(device.name, gpu_hours=hours, money=None if self.hour is None else hours * self.hour)


def find_tariff(model: Any, costs: Costs, prices: Prices, *, gpu: str | None, shows_images: bool) -> Tariff:
    """Return the figures of a model by its config.

    Args:
        model: A config with `kind`, and with `checkpoint` or `model` where there are several of a kind.
        costs: All figures known.
        prices: Those given.
        gpu: Device for all models whose config does not say "cpu"; None for each model's own.
        shows_images: Whether the model sees pictures, whose tokens a price alone does not tell.

    Raises:
        ConfigError: there are none, or no price for a hosted one.
    """
    name = name_model(model)
    price = find_token_price(model, prices)
    cost = costs.find_model(name)
    if cost is None and price is not None and not shows_images:
        cost = ModelCost(source="--price", thinks=True)
    if cost is None:
        cure = "" if shows_images else f", give --price {name}=IN,OUT if it is hosted"
        raise ConfigError(
            f"no figures for the model {name!r}: measure it with --pilot RUN, a finished run over some videos{cure}, or give its work and device "
            "in a file with --costs, as run/figures/model_costs.toml has them"
        )
    if getattr(model, "thinking", None) is False:
        cost = replace(cost, thinks=False)
    if getattr(model, "tiles", True) is False:
        cost = replace(cost, tokens_per_single_image=None)
    if price is None and is_hosted(model, prices):
        price = cost.price
        if price is None:
            raise ConfigError(f"no price for the model {name!r} behind {list_addresses(model)[0]}; give --price {name}=IN,OUT, for a million tokens")
    device = "" if price or cost.weightless else "cpu" if getattr(model, "device", None) == "cpu" else gpu or cost.device or ""
    hour = find_hour_price(model, prices, costs.devices[device].usd_per_hour if device in costs.devices else None)
    return Tariff(name, cost, price, device, hour, bool(list_addresses(model)))


def _encode_seconds(footage: Footage, cost: ModelCost, device: Device, device_name: str) -> Estimate:
    """Windows of another length than the one known: work grows at least with their frames, at most with the square of them."""
    if device_name in cost.seconds_per_window:
        each = cost.seconds_per_window[device_name]
    elif cost.tflop_per_window is not None:
        each = Estimate.exactly(cost.tflop_per_window) / device.tflops
    else:
        raise ConfigError("an encoder needs tflop_per_window or seconds_per_window among its figures")
    length = footage.window_frames / footage.windows / cost.window if footage.windows else 1.0
    return each * footage.windows * Estimate(min(length, length**2), max(length, length**2))


def _ask_seconds(load: Load, cost: ModelCost, device: Device, device_name: str, rows: Estimate) -> Estimate:
    """Return seconds for seeing, reading and writing: by the speed measured on this device, else by the work."""
    seeing = load.images_fresh * cost.tflop_per_image / device.tflops
    if device_name in cost.tokens_per_second:
        return seeing + (load.tokens_fresh + load.tokens_out) / cost.tokens_per_second[device_name]
    if cost.gflop_per_token is None:
        raise ConfigError("a model that writes needs gflop_per_token or tokens_per_second among its figures")
    token = Estimate.exactly(cost.gflop_per_token * 1e-3) / device.tflops
    weights = Estimate.exactly(cost.weights_gb) / device.gb_per_second / rows
    return seeing + load.tokens_fresh * token + load.tokens_out * Estimate(max(token.low, weights.low), max(token.high, weights.high))
