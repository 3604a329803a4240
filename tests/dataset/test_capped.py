"""A report keeps the first of many."""

from action100m.dataset.capped import Capped


def test_the_first_thousand_are_kept_and_all_are_counted():
    capped = Capped[int]()
    for number in range(1_500):
        capped.add(number)
    assert capped.first == list(range(1_000))
    assert capped.count == 1_500
