"""Prices as they are given: money for a million tokens of a hosted model, or for an hour of the device that a model of one's own runs on.

A model with a price for tokens is hosted. So is one behind https, unless it has a price for an hour; one behind http, and one in this process, runs
on a device of one's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from action100m.errors import ConfigError
from action100m.run.figures.costs import Price
from action100m.run.figures.estimate import Estimate

Prices = Mapping[str, Price | Estimate]
"""By name of model, `ANY_SERVER` or `ANY_DEVICE`: a `Price` is for tokens, an `Estimate` for an hour of the device."""
ANY_SERVER: Final = "*"
"""Every model behind a server that is not named itself, for tokens."""
ANY_DEVICE: Final = "* an hour"
"""Every device of one's own whose model is not named itself."""


def parse_prices(texts: Iterable[str]) -> dict[str, Price | Estimate]:
    """Read prices as they are typed: "MODEL=IN,OUT" or "IN,OUT" for `ANY_SERVER`; "MODEL=HOUR" or "HOUR" for `ANY_DEVICE`.

    Raises:
        ConfigError: one is not of this form.
    """
    prices: dict[str, Price | Estimate] = {}
    for text in texts:
        name, _, amounts = text.rpartition("=")
        try:
            known = [Estimate.exactly(float(amount)) for amount in amounts.split(",")]
        except (ValueError, ConfigError):
            known = []
        if len(known) not in (1, 2):
            raise ConfigError(
                f"--price takes [MODEL=]IN,OUT, for a million tokens, or [MODEL=]HOUR, for an hour of the model's device, 0 or more; got {text!r}"
            )
        prices[name or (ANY_DEVICE if len(known) == 1 else ANY_SERVER)] = known[0] if len(known) == 1 else Price(*known)
    return prices


def prices_to_json(prices: Prices) -> dict[str, list[list[float]]]:
    """Return prices as JSON values: one interval for an hour, two for tokens."""
    amounts = {name: [price] if isinstance(price, Estimate) else [price.input, price.output] for name, price in prices.items()}
    return {name: [[amount.low, amount.high] for amount in given] for name, given in amounts.items()}


def prices_from_json(value: Mapping[str, list[list[float]]]) -> dict[str, Price | Estimate]:
    """Read what `prices_to_json` wrote."""
    amounts = {name: [Estimate(low, high) for low, high in given] for name, given in value.items()}
    return {name: given[0] if len(given) == 1 else Price(*given) for name, given in amounts.items()}


def name_model(model: Any) -> str:
    """Return what a model is called in prices and figures, by its config."""
    return str(getattr(model, "checkpoint", None) or getattr(model, "model", None) or model.kind)


def list_addresses(model: Any) -> tuple[str, ...]:
    """Return the servers of a model by its config; none for one in this process."""
    url = getattr(model, "base_url", ())
    return (url,) if isinstance(url, str) else tuple(url)


def is_hosted(model: Any, prices: Prices) -> bool:
    """Tell whether a model is paid by the token."""
    addresses = list_addresses(model)
    if find_token_price(model, prices) is not None:
        return True
    return bool(addresses) and all(url.startswith("https://") for url in addresses) and not isinstance(prices.get(name_model(model)), Estimate)


def find_token_price(model: Any, prices: Prices) -> Price | None:
    """Return the price given for the tokens of a model."""
    price = prices.get(name_model(model), prices.get(ANY_SERVER) if list_addresses(model) else None)
    return price if isinstance(price, Price) else None


def find_hour_price(model: Any, prices: Prices, usual: Estimate | None) -> Estimate | None:
    """Return the price given for an hour of a model's device, else the usual one."""
    price = prices.get(name_model(model), prices.get(ANY_DEVICE, usual))
    return price if isinstance(price, Estimate) else usual
