"""What the models of a run have cost: tokens, hours, money, for each model in each stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from action100m.models.base import TokenUsage
from action100m.run.figures.estimate import Estimate, add_up
from action100m.run.ledger import Spent
from action100m.run.spending.rates import Rate
from action100m.stages.base import StageName


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


def make_bill(spent: Sequence[Spent], held: Mapping[StageName, float], rates: Sequence[Rate]) -> Bill:
    """Return the bill for replies, and for seconds that stages were at work. What costs nothing has no item."""
    return Bill(tuple(_list_items(spent, held, rates)))


def _list_items(spent: Sequence[Spent], held: Mapping[StageName, float], rates: Sequence[Rate]) -> Iterator[Item]:
    left = list(spent)
    for rate in rates:
        mine = [one for one in left if one.purpose == rate.stage and rate.is_for(one.model)]
        left = [one for one in left if one not in mine]
        seconds = held.get(rate.stage, 0.0)
        if mine or (rate.devices and seconds):
            yield _make_item(rate, mine, seconds)
    for one in left:  # by other settings
        yield Item(one.purpose, one.model, one.requests, one.usage, one.seconds, one.retries, cure=f"--price {one.model.split()[0]}=IN,OUT")


def _make_item(rate: Rate, spent: Sequence[Spent], held: float) -> Item:
    usage = TokenUsage(*(sum(getattr(one.usage, name) for one in spent) for name in ("input", "output", "cached")))
    gpu_hours = held / 3600 * rate.devices
    return Item(
        rate.stage,
        rate.model,
        requests=sum(one.requests for one in spent),
        usage=usage,
        seconds=sum(one.seconds for one in spent),
        retries=sum(one.retries for one in spent),
        gpu_hours=gpu_hours,
        money=rate.charge(*map(Estimate.exactly, (usage.input, usage.output, gpu_hours))),
        cure=rate.cure,
    )
