"""What the models of a run have cost: tokens, hours, money, for each model in each stage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from action100m.models.base import TokenUsage
from action100m.run.figures.costs import Price
from action100m.run.figures.estimate import Estimate, add_up
from action100m.run.ledger_reader import LedgerReader, Spent, Work
from action100m.run.spending.prices import Prices
from action100m.run.spending.rates import IN_PROCESS, Rate, name_priced
from action100m.stages.base import StageName

GpuHours = Mapping[tuple[StageName, str], float]
"""By stage and label of the model's `Rate`."""


@dataclass(frozen=True, slots=True)
class Item:
    """What one model has cost in one stage."""

    stage: StageName
    model: str
    requests: int = 0
    usage: TokenUsage = TokenUsage()
    seconds: float = 0.0
    """Sum over the requests, of which many are under way at once."""
    retries: int = 0
    gpu_hours: float = 0.0
    """Of devices of one's own, as `rates` counts them."""
    money: Estimate | None = None
    """An interval if the price is one; None: no price is known."""
    cure: str | None = None
    """How to give the price that is not known."""
    is_earlier: bool = False
    """Of settings, or of a way to pay, that the run had before. Only a price for this very model counts for it."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What a run, or a part of it, has cost."""

    items: tuple[Item, ...] = ()

    @property
    def tokens(self) -> int:
        """Read and written."""
        return sum(item.usage.input + item.usage.output for item in self.items)

    @property
    def gpu_hours(self) -> float:
        """Of all devices of one's own."""
        return sum(item.gpu_hours for item in self.items)

    @property
    def money(self) -> Estimate:
        """Of all that has a price."""
        return add_up(item.money for item in self.items if item.money is not None)

    @property
    def cures(self) -> tuple[str, ...]:
        """How to give the prices that are not known."""
        return tuple(dict.fromkeys(item.cure for item in self.items if item.cure))


def add_hours(work: Iterable[Work]) -> GpuHours:
    """Return the sums."""
    total = Counter[tuple[StageName, str]]()
    for one in work:
        total.update(one.gpu_hours)
    return total


def make_bill(
    spent: Sequence[Spent], hours: GpuHours, rates: Sequence[Rate], *, earlier: GpuHours | None = None, prices: Prices | None = None
) -> Bill:
    """Return the bill for replies and for hours of GPUs. What costs nothing has no item.

    earlier: hours under other settings. prices: those given, for models that are no part of the run any more.
    """
    left, worked = list(spent), Counter(earlier or {})
    worked.update(
        {place: amount for place, amount in hours.items() if place not in {(rate.stage, rate.label) for rate in rates if not rate.is_hosted}}
    )
    items = []
    for rate in rates:
        mine, gpu_hours = _take(left, rate), None if rate.is_hosted else hours.get((rate.stage, rate.label))
        if mine or gpu_hours:
            items.append(_make_item(rate, mine, gpu_hours))
    return Bill((*items, *_list_earlier(left, worked, rates, prices or {})))


def name_models(rates: Sequence[Rate], ledger: LedgerReader) -> frozenset[str]:
    """Return the names of all models of a run that may have a price, those of earlier settings included."""
    billed = make_bill(tuple(ledger.spent()), {}, rates, earlier=add_hours(ledger.work()))
    return name_priced(rates) | {item.model for item in billed.items}


def _take(left: list[Spent], rate: Rate) -> list[Spent]:
    mine = [one for one in left if one.purpose == rate.stage and rate.is_for(one.model)]
    left[:] = [one for one in left if one not in mine]
    return mine


def _list_earlier(left: list[Spent], worked: GpuHours, rates: Sequence[Rate], prices: Prices) -> Iterator[Item]:
    """Yield what other settings have cost: by hours where the ledger tells on which GPUs, else by tokens."""
    hosted = {rate.model for rate in rates if rate.is_hosted}
    for (stage, label), gpu_hours in worked.items():
        kind, _, model = label.partition(" ")
        price = prices.get(model)
        rate = Rate(stage, model, kind, hour=price if isinstance(price, Estimate) else None)
        mine = _take(left, rate)
        if mine or gpu_hours:
            item = _make_item(rate, mine, gpu_hours)
            yield replace(item, cure=None if model in hosted else item.cure, is_earlier=True)
    for one in left:
        yield replace(_make_item(_guess_rate(one, prices), [one], None), is_earlier=True)


def _guess_rate(one: Spent, prices: Prices) -> Rate:
    """Return the rate of a model of which only replies are known. One behind a server is taken for hosted: else its hours would have been noted."""
    kind, *rest = one.model.split()
    if kind in IN_PROCESS and rest:
        return Rate(one.purpose, rest[0], kind)
    name = next((name for name in prices if Rate(one.purpose, name).is_for(one.model)), kind)
    price = prices.get(name)
    return Rate(one.purpose, name, is_hosted=True, tokens=price if isinstance(price, Price) else None)


def _make_item(rate: Rate, spent: Sequence[Spent], gpu_hours: float | None) -> Item:
    """gpu_hours: None where nobody noted them; then no price can tell the money for a model of one's own."""
    usage = TokenUsage(*(sum(getattr(one.usage, name) for one in spent) for name in ("input", "output", "cached")))
    is_known = rate.is_hosted or gpu_hours is not None
    money = rate.charge(*map(Estimate.exactly, (usage.input, usage.output, gpu_hours or 0.0))) if is_known else None
    return Item(
        rate.stage,
        rate.model,
        requests=sum(one.requests for one in spent),
        usage=usage,
        seconds=sum(one.seconds for one in spent),
        retries=sum(one.retries for one in spent),
        gpu_hours=gpu_hours or 0.0,
        money=money,
        cure=rate.cure if is_known and money is None else None,
    )
