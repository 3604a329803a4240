"""Prices as they are given: money for a million tokens of a hosted model, or for an hour of the device that a model of one's own runs on.

A model with a price for tokens is hosted. So is one behind https, unless it has a price for an hour; one behind http, and one in this process, runs
on a device of one's own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from math import isfinite
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from action100m.errors import ConfigError
from action100m.run.figures.costs import Price
from action100m.run.figures.estimate import Estimate

Prices = Mapping[str, Price | Estimate]
"""By name of model, `ANY_SERVER` or `ANY_DEVICE`: a `Price` is for tokens, an `Estimate` for an hour of the device."""
GivenPrices = Mapping[str, Price | Estimate | None]
"""Prices that are added to others; None: what was given before is forgotten."""
ANY_SERVER: Final = "*"
"""Every model behind a server that is not named itself, for tokens."""
ANY_DEVICE: Final = "* an hour"
"""Every device of one's own whose model is not named itself."""


_KEPT: Final = TypeAdapter(dict[str, list[tuple[float, float]]])


def parse_prices(texts: Iterable[str]) -> dict[str, Price | Estimate | None]:
    """Read prices as they are typed: "MODEL=IN,OUT" or "IN,OUT" for `ANY_SERVER`; "MODEL=HOUR" or "HOUR" for `ANY_DEVICE`.

    "MODEL=" forgets that of a model, and "=" those of no model.

    Raises:
        ConfigError: one is not of this form.
    """
    prices: dict[str, Price | Estimate | None] = {}
    for text in texts:
        name, given, amounts = text.rpartition("=")
        if given and not amounts:
            prices |= dict.fromkeys((name,) if name else (ANY_SERVER, ANY_DEVICE))
        else:
            price = _parse_amounts(amounts, text)
            prices[name or (ANY_DEVICE if isinstance(price, Estimate) else ANY_SERVER)] = price
    return prices


def _parse_amounts(amounts: str, text: str) -> Price | Estimate:
    try:
        return _make_price([_exactly(float(amount)) for amount in amounts.split(",")])
    except (ValueError, ConfigError):
        raise ConfigError(
            "--price takes [MODEL=]IN,OUT, for a million tokens, or [MODEL=]HOUR, for an hour of the model's device, 0 or more, or MODEL= to forget "
            f"one; got {text!r}"
        ) from None


def _exactly(amount: float) -> Estimate:
    return _between(amount, amount)


def _between(low: float, high: float) -> Estimate:
    if not isfinite(high):
        raise ConfigError(f"a price must be a number, got {high}")
    return Estimate(low, high)


def _make_price(amounts: list[Estimate]) -> Price | Estimate:
    if len(amounts) not in (1, 2):
        raise ConfigError(f"a price is one amount, for an hour, or two, for tokens, got {len(amounts)}")
    return amounts[0] if len(amounts) == 1 else Price(*amounts)


def add_prices(prices: Prices, given: GivenPrices | None) -> dict[str, Price | Estimate]:
    """Return prices with others added, or forgotten."""
    return {name: price for name, price in {**prices, **(given or {})}.items() if price is not None}


def refuse_unknown_names(given: GivenPrices | None, kept: Prices, *, find_known: Callable[[], Collection[str]]) -> None:
    """Check that every price is for a model that there is. kept: may be replaced or forgotten, whatever it is for.

    Raises:
        ConfigError: one is not; the message names the models that may have one.
    """
    named = [name for name in given or {} if name not in (ANY_SERVER, ANY_DEVICE) and name not in kept]
    known = find_known() if named else ()
    for name in named:
        if name not in known:
            there = f"it has {', '.join(sorted(known))}" if known else "none of its models costs anything"
            raise ConfigError(f"no model of this run is called {name!r}, as a price says; {there}")


def prices_to_json(prices: Prices) -> dict[str, list[list[float]]]:
    """Return prices as JSON values: one interval for an hour, two for tokens."""
    amounts = {name: [price] if isinstance(price, Estimate) else [price.input, price.output] for name, price in prices.items()}
    return {name: [[amount.low, amount.high] for amount in given] for name, given in amounts.items()}


def prices_from_json(value: Any) -> dict[str, Price | Estimate]:
    """Read what `prices_to_json` wrote.

    Raises:
        ConfigError: it is something else.
    """
    try:
        kept = _KEPT.validate_python(value)
    except ValidationError as error:
        raise ConfigError("; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}".lstrip(": ") for one in error.errors())) from error
    return {name: _make_price([_between(low, high) for low, high in given]) for name, given in kept.items()}


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


def find_hour_price(model: Any, prices: Prices, usual: Estimate | None = None) -> Estimate | None:
    """Return the price given for an hour of a model's device, else the usual one."""
    price = prices.get(name_model(model), prices.get(ANY_DEVICE, usual))
    return price if isinstance(price, Estimate) else usual
