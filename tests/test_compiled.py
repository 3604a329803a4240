import numba
import numpy as np

from action100m import compiled as module
from action100m.compiled import compiled


def add_up(values):
    total = 0.0
    for value in values:
        total += value * value
    return total


def test_a_compiled_loop_gives_what_python_gives():
    values = np.array([0.1, 2.0, -3.0])
    assert compiled(add_up)(values) == add_up(values.tolist())


def test_without_a_folder_to_keep_it_in_it_is_compiled_all_the_same(monkeypatch):
    def no_cache(*args, cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return numba.njit(*args, **options)

    monkeypatch.setattr(module, "njit", no_cache)
    assert compiled(add_up)(np.array([2.0])) == 4.0
