"""Money for tokens of hosted models, for hours of devices of one's own, and a word on what is not known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from action100m.models.base import TokenUsage
from action100m.models.causal_lm.config import CausalLMConfig
from action100m.models.endpoint.caption import CaptionEndpointConfig
from action100m.models.endpoint.chat import EndpointConfig
from action100m.models.vjepa2.config import VJepa2Config
from action100m.models.vlm.config import VlmConfig
from action100m.run.config import RunConfig
from action100m.run.figures.costs import read_costs
from action100m.run.figures.estimate import Estimate
from action100m.run.ledger import Spent
from action100m.run.presets import modern
from action100m.run.spending.bill import make_bill
from action100m.run.spending.prices import parse_prices
from action100m.run.spending.rates import find_other_rates, find_rates

COSTS = read_costs()
SPENT = Spent("annotate", "openai/gpt-oss-120b max_tokens=16384", 10, TokenUsage(4_000_000, 1_000_000, 3_000_000), 60.0, 2)


def _config(*, encoder=None, captioner=None, frame_captioner=None, model=None):
    config = RunConfig()
    return replace(
        config,
        embed=replace(config.embed, encoder=encoder or config.embed.encoder),
        caption=replace(config.caption, captioner=captioner or config.caption.captioner, frame_captioner=frame_captioner),
        annotate=replace(config.annotate, model=model or config.annotate.model),
    )


def _rates(config, *prices):
    return find_rates(config, COSTS, parse_prices(prices))


def test_a_hosted_model_is_paid_by_the_token():
    (item,) = make_bill([SPENT], {"annotate": 7200}, _rates(_config(model=EndpointConfig()), "0.5,2")).items
    assert (item.stage, item.model, item.requests, item.retries) == ("annotate", "openai/gpt-oss-120b", 10, 2)
    assert item.money == Estimate.exactly(4 * 0.5 + 1 * 2)
    assert item.gpu_hours == 0


def test_a_model_of_ones_own_is_paid_by_the_hour_that_its_stage_holds_it():
    bill = make_bill([SPENT], {"annotate": 7200}, _rates(_config(model=EndpointConfig())))
    assert (bill.gpu_hours, bill.money, bill.tokens) == (2, Estimate(1.99 * 2, 5.00 * 2), 5_000_000)
    two = EndpointConfig(base_url=("http://localhost:8000/v1", "http://localhost:8001/v1"))
    assert make_bill([SPENT], {"annotate": 7200}, _rates(_config(model=two), "3")).money == Estimate.exactly(12)


def test_two_models_of_a_stage_in_this_process_share_its_gpu():
    config = _config(captioner=VlmConfig(), frame_captioner=VlmConfig(checkpoint="meta-llama/Llama-3.2-11B-Vision-Instruct"))
    assert [rate.devices for rate in _rates(config) if rate.stage == "caption"] == [1, 0]
    both = _config(captioner=CaptionEndpointConfig(), frame_captioner=VlmConfig())
    assert [rate.devices for rate in _rates(both) if rate.stage == "caption"] == [1, 1]


def test_what_costs_nothing_is_no_item():
    held = {"embed": 100.0, "segment": 1.0, "caption": 50.0, "annotate": 10.0}
    assert make_bill([], held, _rates(RunConfig())).items == ()
    on_cpu = _config(encoder=VJepa2Config(device="cpu"), model=CausalLMConfig(device="cpu"))
    bill = make_bill([replace(SPENT, model="Qwen/Qwen3-1.7B 0123abcd")], held, _rates(on_cpu))
    assert [(item.stage, item.gpu_hours, item.money) for item in bill.items] == [("annotate", 0, Estimate(0, 0))]


def test_a_price_that_is_not_known_is_asked_for():
    config = _config(encoder=VJepa2Config(), model=EndpointConfig(model="new", base_url="https://localhost/v1"))
    bill = make_bill([replace(SPENT, model="new")], {"embed": 3600}, _rates(config))
    assert [item.money for item in bill.items] == [None, None]
    assert bill.gpu_hours == 1
    vjepa, new = bill.cures
    assert "--price facebook/vjepa2-vitg-fpc64-384=HOUR" in vjepa
    assert "--price new=IN,OUT" in new
    assert make_bill([replace(SPENT, model="new")], {"embed": 3600}, _rates(config, "new=1,1", "2")).money == Estimate.exactly(5 + 2)


def test_models_of_earlier_settings_are_told_too():
    rates = _rates(RunConfig())
    (item,) = make_bill([SPENT], {}, rates).items
    assert (item.money, item.cure) == (None, "--price openai/gpt-oss-120b=IN,OUT")
    others = find_other_rates(rates, parse_prices(["openai/gpt-oss-120b=1,1", "9,9"]))
    assert make_bill([SPENT], {}, (*rates, *others)).money == Estimate.exactly(5)


@pytest.mark.parametrize("name", ["weights/mine", "mine"])
def test_a_folder_of_weights_is_found_by_its_name(name):
    rate = _rates(_config(model=CausalLMConfig(checkpoint=name)))[-1]
    assert rate.is_for("mine 0123456789ab bfloat16")
    assert not rate.is_for("mine-too 0123456789ab")


def test_the_modern_preset_is_billed_for_each_of_its_models():
    rates = _rates(modern())
    assert [(rate.stage, rate.devices) for rate in rates] == [("embed", 1), ("caption", 1), ("annotate", 1)]
