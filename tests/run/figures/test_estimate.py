"""Intervals add, multiply and divide by their worst cases."""

from __future__ import annotations

import pytest

from action100m.errors import ConfigError
from action100m.run.figures.estimate import Estimate, add_up


def test_sums_and_products_take_the_worst_case():
    assert Estimate(1, 2) + Estimate(10, 20) == Estimate(11, 22)
    assert Estimate(1, 2) * Estimate(10, 20) == Estimate(10, 40)
    assert Estimate(1, 2) / Estimate(4, 8) == Estimate(1 / 8, 1 / 2)
    assert 3 * Estimate(1, 2) / 2 == Estimate(1.5, 3)
    assert add_up([Estimate(1, 2), Estimate(3, 5)]) == Estimate(4, 7)
    assert add_up([]) == Estimate(0, 0)


def test_an_interval_holds_its_ends():
    assert 1 in Estimate(1, 2)
    assert 2.1 not in Estimate(1, 2)
    assert Estimate(1, 5).at_most(3) == Estimate(1, 3)


@pytest.mark.parametrize("ends", [(2, 1), (-1, 1), (float("nan"), 1)])
def test_ends_in_the_wrong_order_are_refused(ends):
    with pytest.raises(ConfigError, match="low <= high"):
        Estimate(*ends)
