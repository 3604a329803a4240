"""The picture shows head and tail, whatever is in the texts."""

import sys
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from action100m.dataset.resample.balance import Share
from action100m.dataset.resample.chart import check_picture, draw_balance, shorten
from action100m.errors import ConfigError, MissingPackageError

pytest.importorskip("matplotlib", reason="needs the extra 'charts'")

BEFORE, AFTER = np.array([0.7, 0.2, 0.1]), np.array([0.3, 0.4, 0.3])
HEADS = (Share("Speak to camera", 0.7, 0.3),), (Share("<b>&$x^2$ \x00\x1b[31m 混ぜる 🥚", 0.7, 0.3), Share("x" * 1000, 0.2, 0.4))


@pytest.mark.parametrize("ending", ["svg", "png", "pdf"])
def test_the_same_input_gives_the_same_picture(tmp_path, ending):
    for name in ("a", "b"):
        draw_balance(str(tmp_path / "new" / f"{name}.{ending}"), BEFORE, AFTER, HEADS)
    first = (tmp_path / "new" / f"a.{ending}").read_bytes()
    assert first == (tmp_path / "new" / f"b.{ending}").read_bytes()
    assert len(first) > 5000


def test_an_svg_is_xml_whatever_the_texts_hold(tmp_path):
    draw_balance(str(tmp_path / "a.svg"), BEFORE, AFTER, HEADS)
    assert ElementTree.parse(tmp_path / "a.svg").getroot().tag.endswith("svg")


def test_texts_are_one_short_line():
    assert shorten("Whisk\n the\teggs") == "Whisk the eggs"
    assert shorten("a\x00b\x1b[31mc\u202ed") == "a b [31mc d"
    assert shorten("x" * 41) == "x" * 39 + "…"
    assert shorten("x" * 40) == "x" * 40
    assert shorten(" " * 10_000_000 + "x").endswith("…")


def test_other_endings_are_refused():
    with pytest.raises(ConfigError, match=r"got 'a\.bmp'"):
        check_picture("a.bmp")


def test_a_missing_matplotlib_is_an_error_that_gives_the_pip_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingPackageError, match=r"action100m\[charts\]"):
        check_picture("a.svg")
