"""Who is paid for what: hosted models by the token, others by the hour of a device."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from action100m.errors import ConfigError
from action100m.models.causal_lm.config import CausalLMConfig
from action100m.models.endpoint.chat import EndpointConfig
from action100m.models.vjepa2.config import VJepa2Config
from action100m.models.vlm.config import VlmConfig
from action100m.run.figures.costs import Price, read_costs
from action100m.run.figures.estimate import Estimate
from action100m.run.plan.tariff import find_tariff
from action100m.run.plan.workload import Load
from action100m.run.spending.prices import parse_prices

COSTS = read_costs()
LOAD = Load(*(Estimate.exactly(value) for value in (10, 0, 0, 4e6, 3e6, 1e6)))


def _find(model, *, prices=(), gpu=None, shows_images=False, costs=COSTS):
    return find_tariff(model, costs, parse_prices(prices), gpu=gpu, shows_images=shows_images)


def test_a_server_of_ones_own_takes_hours_by_the_measured_speed():
    charge = _find(EndpointConfig()).charge_load(LOAD, COSTS)
    assert charge.runs_on == "NVIDIA H100 SXM 80 GB"
    assert charge.gpu_hours.high == pytest.approx(4e6 / 6095 / 3600)  # 3 M tokens not in the cache, 1 M written
    assert charge.money == charge.gpu_hours * Estimate(1.99, 5.00)


def test_a_price_is_for_a_million_tokens_and_takes_no_gpu():
    charge = _find(EndpointConfig(), prices=["0.5,2"]).charge_load(LOAD, COSTS)
    assert (charge.runs_on, charge.money) == ("hosted", Estimate.exactly(4 * 0.5 + 2))
    assert charge.gpu_hours.high == 0


def test_a_model_behind_https_is_hosted():
    charge = _find(EndpointConfig(base_url="https://localhost/v1")).charge_load(LOAD, COSTS)
    assert charge.money == Estimate(4 * 0.039 + 0.18, 4 * 0.35 + 0.96)
    with pytest.raises(ConfigError, match=r"no price for the model 'openai/gpt-oss-20b' .* --price"):
        _find(EndpointConfig(model="openai/gpt-oss-20b", base_url="https://localhost/v1"))


def test_a_price_without_a_name_is_for_servers_only():
    assert _find(EndpointConfig(model="new"), prices=["1,2"]).price == Price(Estimate.exactly(1), Estimate.exactly(2))
    assert _find(CausalLMConfig(), prices=["1,2"]).price is None
    named = _find(EndpointConfig(model="new"), prices=["1,2", "new=3,4"])
    assert named.price == Price(Estimate.exactly(3), Estimate.exactly(4))


def test_a_model_without_figures_is_refused_with_the_cure():
    with pytest.raises(ConfigError, match=r"no figures for the model 'new'.*--pilot RUN.*--price new=IN,OUT.*--costs"):
        _find(EndpointConfig(model="new"))
    with pytest.raises(ConfigError, match=r"no figures for the model 'new'.*--pilot RUN.*--costs") as caught:
        _find(SimpleNamespace(kind="vlm", checkpoint="new"), prices=["new=1,2"], shows_images=True)
    assert "--price" not in str(caught.value)  # it does not tell how many tokens a picture is


def test_a_model_on_the_cpu_takes_its_time_and_no_gpu():
    footage = SimpleNamespace(windows=10, window_frames=640)
    charge = _find(VJepa2Config(checkpoint="facebook/vjepa2-vitl-fpc64-256", device="cpu")).charge_windows(footage, COSTS)
    assert charge.gpu_hours.high == 0
    assert charge.cpu_hours.high == pytest.approx(10 * 235 / 3600, rel=0.02)


def test_tiles_that_are_switched_off_are_not_counted():
    assert _find(VlmConfig(), shows_images=True).cost.tiles == 17
    assert _find(VlmConfig(tiles=False), shows_images=True).cost.tiles == 1


def test_another_device_is_as_much_faster_as_it_attains_more():
    footage = SimpleNamespace(windows=10, window_frames=640)
    v100, h100 = (_find(VJepa2Config(), gpu=gpu).charge_windows(footage, COSTS) for gpu in (None, "h100"))
    assert v100.gpu_hours.high == pytest.approx(10 * 113.7 / 18.7 / 3600)
    assert h100.gpu_hours.high == pytest.approx(10 * 113.7 / 148 / 3600)
    with pytest.raises(ConfigError, match="no figures for the device 'b300'; known are v100"):
        _find(VJepa2Config(), gpu="b300").charge_windows(footage, COSTS)


def test_a_measured_speed_counts_more_than_a_derived_one(tmp_path):
    path = tmp_path / "pilot.toml"
    path.write_text('[models."facebook/vjepa2-vitg-fpc64-384".seconds_per_window]\nv100 = [2.0, 2.5]\n')
    footage = SimpleNamespace(windows=3600, window_frames=3600 * 64)
    costs = read_costs(path)
    assert _find(VJepa2Config(), costs=costs).charge_windows(footage, costs).gpu_hours == Estimate(2.0, 2.5)


def test_writing_takes_at_least_the_time_to_read_the_weights():
    written = Load(Estimate.exactly(1), tokens_out=Estimate.exactly(3600))
    charge = _find(CausalLMConfig()).charge_load(written, COSTS)
    assert charge.gpu_hours.high == pytest.approx(3.4 / 136)  # GB, GB a second, one row
    assert charge.gpu_hours.low == pytest.approx(3.4e-3 / 15.1)  # 64 rows share the reading, so the work is what takes longest


def test_a_price_for_an_hour_is_that_of_the_device():
    charge = _find(EndpointConfig(), prices=["2"]).charge_load(LOAD, COSTS)
    assert charge.money == charge.gpu_hours * 2
    assert _find(VJepa2Config(), prices=["0.5"]).hour == Estimate.exactly(0.5)  # no price of a V100 is known
    behind_tls = _find(EndpointConfig(base_url="https://localhost/v1"), prices=["openai/gpt-oss-120b=3"]).charge_load(LOAD, COSTS)
    assert behind_tls.money == behind_tls.gpu_hours * 3
