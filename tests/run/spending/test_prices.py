"""Prices are for tokens or for hours, of one model or of all; what is typed is read, kept and found again."""

from __future__ import annotations

import json

import pytest

from action100m.errors import ConfigError
from action100m.models.causal_lm.config import CausalLMConfig
from action100m.models.endpoint.chat import EndpointConfig
from action100m.run.figures.costs import Price
from action100m.run.figures.estimate import Estimate
from action100m.run.spending.prices import (
    ANY_DEVICE,
    ANY_SERVER,
    add_prices,
    find_hour_price,
    find_token_price,
    is_hosted,
    parse_prices,
    prices_from_json,
    prices_to_json,
    refuse_unknown_names,
)

ONE, TWO, THREE = (Estimate.exactly(value) for value in (1, 2, 3))


def test_two_numbers_are_for_tokens_and_one_is_for_an_hour():
    assert parse_prices(["m=1,2", "1,2", "v=3", "3"]) == {"m": Price(ONE, TWO), ANY_SERVER: Price(ONE, TWO), "v": THREE, ANY_DEVICE: THREE}


@pytest.mark.parametrize("text", ["", "m=,", "1,2,3", "a,b", "-1,2", "1,nan", "m=-3", "inf", "m=1,inf", "m=nan"])
def test_a_price_of_another_form_is_refused(text):
    with pytest.raises(ConfigError, match=r"--price takes \[MODEL=\]IN,OUT.*\[MODEL=\]HOUR"):
        parse_prices([text])


def test_names_of_models_may_hold_an_equals_sign():
    assert set(parse_prices(["a=b=1,2", "3,4"])) == {"a=b", ANY_SERVER}


def test_prices_are_kept_as_json():
    prices = parse_prices(["m=1,2", "1,2", "v=3", "3"]) | {"h": Estimate(1, 2)}
    assert prices_from_json(json.loads(json.dumps(prices_to_json(prices)))) == prices


def test_a_price_can_be_forgotten():
    kept = parse_prices(["m=1,2", "v=3", "4,5", "6"])
    assert set(add_prices(kept, parse_prices(["m="]))) == {"v", ANY_SERVER, ANY_DEVICE}
    assert set(add_prices(kept, parse_prices(["="]))) == {"m", "v"}
    assert add_prices(kept, parse_prices(["m=", "m=7"]))["m"] == Estimate.exactly(7)
    assert add_prices(kept, None) == kept


@pytest.mark.parametrize("value", [[], 3, {"m": 3}, {"m": []}, {"m": [[1, 1], [1, 1], [1, 1]]}, {"m": [[2, 1]]}, {"m": [[0, float("inf")]]}])
def test_what_are_no_prices_is_refused(value):
    with pytest.raises(ConfigError):
        prices_from_json(value)


def test_a_price_for_no_model_of_the_run_is_refused():
    for given in (parse_prices(["1,2", "3", "a=1"]), parse_prices(["old="]), None):
        refuse_unknown_names(given, {"old": ONE}, find_known=lambda: {"a", "b"})
    with pytest.raises(ConfigError, match="no model of this run is called 'c', as a price says; it has a, b"):
        refuse_unknown_names(parse_prices(["c=1"]), {}, find_known=lambda: {"b", "a"})
    with pytest.raises(ConfigError, match="none of its models costs anything"):
        refuse_unknown_names(parse_prices(["c="]), {}, find_known=frozenset)


def test_a_model_that_is_named_has_its_own_price():
    server, local = EndpointConfig(model="m"), CausalLMConfig(checkpoint="v")
    prices = parse_prices(["1,2", "3"])
    assert find_token_price(server, prices) == Price(ONE, TWO)
    assert find_token_price(local, prices) is None
    assert find_hour_price(local, prices, None) == THREE
    named = parse_prices(["1,2", "3", "m=2", "v=1"])
    assert find_token_price(server, named) is None
    assert (find_hour_price(server, named, None), find_hour_price(local, named, None)) == (TWO, ONE)
    assert find_hour_price(local, {}, TWO) == TWO


def test_who_is_hosted():
    https = EndpointConfig(model="m", base_url="https://localhost/v1")
    assert [is_hosted(https, prices) for prices in ({}, parse_prices(["m=3"]), parse_prices(["3"]))] == [True, False, True]
    http = EndpointConfig(model="m")
    assert [is_hosted(http, prices) for prices in ({}, parse_prices(["1,2"]), parse_prices(["other=1,2"]))] == [False, True, False]
    assert not is_hosted(CausalLMConfig(), {})
