"""What a run will cost, told before it starts, as intervals.

They come from the headers of its videos and what is known in general (`by_headers.py`), or from a pilot, a finished run over some of the videos
(`by_pilot.py`): then nothing is taken for granted but that the others are like those.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from action100m.errors import ConfigError, VideoError
from action100m.run.config import RunConfig
from action100m.run.figures.costs import read_costs
from action100m.run.plan.by_headers import plan_by_headers
from action100m.run.plan.by_pilot import plan_by_pilot
from action100m.run.plan.pilot import read_pilot
from action100m.run.plan.probe import Header, probe
from action100m.run.plan.result import Plan, Unprobed
from action100m.run.spending.prices import GivenPrices, add_prices, refuse_unknown_names
from action100m.run.spending.rates import find_rates, name_priced
from action100m.video.discover import find_videos


def plan(
    videos: Sequence[str],
    config: RunConfig | None = None,
    *,
    prices: GivenPrices | None = None,
    costs: str | Path | None = None,
    gpu: str | None = None,
    pilot: str | Path | None = None,
) -> Plan:
    """Return what a run over videos, folders or manifests will cost. Only headers are read, and no model is loaded.

    Args:
        videos: As for `run_videos`. Copies of one content count each.
        config: None for that of the pilot, else the preset `preview`.
        prices: By name of model: a `Price` for a million tokens, or an `Estimate` for an hour of its device; see `run.spending.prices`. Models with a
            price for tokens are hosted and take no GPU of one's own.
        costs: TOML file that adds to the figures in run/figures/model_costs.toml, or replaces them.
        gpu: Device, by its name there, for all models whose config does not say "cpu". None: for each the one named there.
        pilot: Folder of a run of the same settings whose finished videos stand for all: figures of models, devices and contents are measured there.

    Raises:
        ConfigError: no video is found, no figures are known for a model or a device, the file of figures is wrong, a price is for no model of the
            run, or the pilot does not fit.
        SidecarError: a manifest cannot be read.
        StoreError: the pilot is no run.
    """
    found = [candidate.path for candidate in find_videos(videos)]
    if not found:
        raise ConfigError(f"no video in {', '.join(videos) or 'nothing'}; name files, or folders that hold some")
    headers, problems = _probe_all(found)
    known = read_costs(costs)
    if pilot is not None:
        if gpu is not None:
            raise ConfigError(f"a pilot tells the speed of the device that it ran on, so gpu={gpu!r} cannot be given with it")
        tried = read_pilot(pilot)
        tried.refuse_other_settings(config or tried.config)
        rates = find_rates(tried.config, known, add_prices(tried.prices, prices))
        refuse_unknown_names(prices, tried.prices, find_known=lambda: name_priced(rates))
        return plan_by_pilot(headers, tried, rates, config=config, problems=problems)
    config = config or RunConfig()
    refuse_unknown_names(prices, {}, find_known=lambda: name_priced(find_rates(config, known, {})))
    if gpu is not None:
        known.device(gpu)  # also where all models are weightless, and none would ask for it
    return plan_by_headers(headers, config, known, prices=add_prices({}, prices), gpu=gpu, problems=problems)


def _probe_all(paths: Sequence[str]) -> tuple[list[Header], list[Unprobed]]:
    headers, problems = [], []
    for path in paths:
        try:
            headers.append(probe(path))
        except (VideoError, OSError) as error:
            problems.append(Unprobed(path, type(error).__name__, str(error)))
    return headers, problems
