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
from action100m.run.ledger_reader import Gpus, Spent
from action100m.run.presets import modern
from action100m.run.spending.bill import make_bill
from action100m.run.spending.prices import parse_prices
from action100m.run.spending.rates import find_rates
from support.chat_server import ChatServer, completion
from support.checkpoints import save_language_model
from support.vlm_checkpoints import save_vlm

COSTS = read_costs()
USAGE = TokenUsage(4_000_000, 1_000_000, 3_000_000)
REASONER = "endpoint openai/gpt-oss-120b"


@pytest.fixture(scope="module")
def spent():
    """What a reasoner behind a server has cost, under the name that it has when it is loaded."""
    with ChatServer(lambda asked: completion(""), models=("openai/gpt-oss-120b",)) as server:
        name = EndpointConfig(base_url=server.base_url).load().name
    return Spent("annotate", name, 10, USAGE, 60.0, 2)


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


def test_a_hosted_model_is_paid_by_the_token(spent):
    (item,) = make_bill([spent], {}, _rates(_config(model=EndpointConfig()), "0.5,2")).items
    assert (item.stage, item.model, item.requests, item.retries) == ("annotate", "openai/gpt-oss-120b", 10, 2)
    assert item.money == Estimate.exactly(4 * 0.5 + 1 * 2)
    assert item.gpu_hours == 0


def test_a_model_of_ones_own_is_paid_by_the_hour_that_its_stage_holds_it(spent):
    bill = make_bill([spent], {("annotate", REASONER): 2}, _rates(_config(model=EndpointConfig()), "3"))
    assert (bill.gpu_hours, bill.money, bill.tokens) == (2, Estimate(6, 6), 5_000_000)


def test_nobody_knows_on_what_a_server_runs_so_its_hours_have_no_price_but_a_given_one(spent):
    assert COSTS.models["openai/gpt-oss-120b"].device == "h100"
    (item,) = make_bill([spent], {("annotate", REASONER): 2}, _rates(_config(model=EndpointConfig()))).items
    assert (item.gpu_hours, item.money) == (2, None)
    assert "--price openai/gpt-oss-120b=HOUR" in item.cure


def test_each_address_is_a_gpu_and_two_models_of_a_stage_in_this_process_share_one():
    two = EndpointConfig(base_url=("http://localhost:8000/v1", "http://localhost:8001/v1"))
    assert _rates(_config(model=two))[-1].gpus == Gpus(2)
    config = _config(captioner=VlmConfig(), frame_captioner=VlmConfig(checkpoint="meta-llama/Llama-3.2-11B-Vision-Instruct"))
    assert [rate.gpus for rate in _rates(config) if rate.stage == "caption"] == [Gpus(1), Gpus(1, shared=1)]
    assert [rate.lacks_price for rate in _rates(config) if rate.stage == "caption"] == [True, False]
    both = _config(captioner=CaptionEndpointConfig(), frame_captioner=VlmConfig())
    assert [rate.gpus for rate in _rates(both) if rate.stage == "caption"] == [Gpus(1), Gpus(1)]


def test_the_device_auto_is_a_gpu_only_where_there_is_one():
    config = _config(encoder=VJepa2Config(), captioner=VlmConfig(device="cuda"), model=CausalLMConfig(device="cpu"))
    for has_gpu in (True, False):
        rates = find_rates(config, COSTS, {}, has_gpu=has_gpu)
        assert [rate.gpus.count for rate in rates] == [has_gpu, 1, 0]
        assert [rate.lacks_price for rate in rates] == [has_gpu, True, False]


def test_what_costs_nothing_is_no_item():
    hours = {("embed", "vjepa2 facebook/vjepa2-vitg-fpc64-384"): 0.0}
    assert make_bill([], {}, _rates(RunConfig())).items == ()
    assert make_bill([], hours, _rates(_config(encoder=VJepa2Config(device="cpu")))).items == ()


def test_a_price_that_is_not_known_is_asked_for(spent):
    config = _config(encoder=VJepa2Config(), model=EndpointConfig(model="new", base_url="https://localhost/v1"))
    new, hours = replace(spent, model="new max_tokens=16384"), {("embed", "vjepa2 facebook/vjepa2-vitg-fpc64-384"): 1}
    bill = make_bill([new], hours, _rates(config))
    assert [item.money for item in bill.items] == [None, None]
    assert bill.gpu_hours == 1
    for_encoder, for_reasoner = bill.cures
    assert "--price facebook/vjepa2-vitg-fpc64-384=HOUR" in for_encoder
    assert "--price new=IN,OUT" in for_reasoner
    assert make_bill([new], hours, _rates(config, "new=1,1", "2")).money == Estimate.exactly(5 + 2)


def test_hours_that_nobody_noted_are_no_zero(spent):
    (item,) = make_bill([spent], {}, _rates(_config(model=EndpointConfig()), "3")).items
    assert (item.requests, item.money, item.cure) == (10, None, None)


def test_a_hosted_model_of_earlier_settings_is_told_and_a_price_for_its_tokens_counts(spent):
    rates = _rates(RunConfig())
    (item,) = make_bill([spent], {}, rates, prices=parse_prices(["9,9"])).items
    assert (item.model, item.money, item.is_earlier) == ("openai/gpt-oss-120b", None, True)
    assert "--price openai/gpt-oss-120b=IN,OUT" in item.cure
    assert make_bill([spent], {}, rates, prices=parse_prices(["openai/gpt-oss-120b=1,1", "9,9"])).money == Estimate.exactly(5)


def test_a_model_of_ones_own_of_earlier_settings_is_told_and_a_price_for_its_hours_counts(spent):
    rates, hours = _rates(RunConfig()), {("annotate", REASONER): 2.0}
    (item,) = make_bill([spent], {}, rates, earlier=hours, prices=parse_prices(["9"])).items
    assert (item.model, item.requests, item.gpu_hours, item.money, item.is_earlier) == ("openai/gpt-oss-120b", 10, 2, None, True)
    assert "--price openai/gpt-oss-120b=HOUR" in item.cure
    bill = make_bill([spent], {}, rates, earlier=hours, prices=parse_prices(["openai/gpt-oss-120b=3"]))
    assert (bill.money, bill.cures) == (Estimate.exactly(6), ())


def test_hours_stay_when_their_model_becomes_a_hosted_one(spent):
    hosted, hours = make_bill([spent], {("annotate", REASONER): 2.0}, _rates(_config(model=EndpointConfig()), "1,1")).items
    assert (hosted.requests, hosted.gpu_hours, hosted.money, hosted.is_earlier) == (10, 0, Estimate(5, 5), False)
    assert (hours.requests, hours.gpu_hours, hours.money, hours.cure, hours.is_earlier) == (0, 2, None, None, True)


def test_replies_of_an_earlier_model_in_this_process_need_no_price_for_tokens(spent):
    (item,) = make_bill([replace(spent, model="causal_lm Qwen/Qwen3-1.7B 0123abcd bfloat16")], {}, _rates(RunConfig())).items
    assert (item.model, item.money, item.cure) == ("Qwen/Qwen3-1.7B", None, None)


def test_a_rate_knows_its_model_by_the_name_that_it_has_when_it_is_loaded(tmp_path):
    configs = {
        "caption": VlmConfig(checkpoint=str(save_vlm(tmp_path / "seer", "idefics3")), device="cpu"),
        "annotate": CausalLMConfig(checkpoint=str(save_language_model(tmp_path / "thinker")), device="cpu"),
    }
    rates = {rate.stage: rate for rate in _rates(_config(captioner=configs["caption"], model=configs["annotate"]))}
    names = {stage: config.load().name for stage, config in configs.items()}
    assert [[rates[stage].is_for(name) for name in names.values()] for stage in names] == [[True, False], [False, True]]
    assert not rates["annotate"].is_for(names["annotate"].replace("thinker", "thinker-too"))


def test_a_rate_knows_its_model_behind_a_server():
    with ChatServer(lambda asked: completion(""), models=("see", "think")) as server:
        captioner, reasoner = CaptionEndpointConfig(model="see", base_url=server.base_url), EndpointConfig(model="think", base_url=server.base_url)
        rates = {rate.stage: rate for rate in _rates(_config(captioner=captioner, model=reasoner))}
        names = [captioner.load().name, reasoner.load().name]
    assert [[rates[stage].is_for(name) for name in names] for stage in ("caption", "annotate")] == [[True, False], [False, True]]


def test_the_modern_preset_is_billed_for_each_of_its_models():
    rates = _rates(modern())
    assert [(rate.stage, rate.gpus.count) for rate in rates] == [("embed", 1), ("caption", 1), ("annotate", 1)]
