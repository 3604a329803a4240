"""Pictures are there in both forms, hold what they show, and are the same each time."""

from __future__ import annotations

import sys
from dataclasses import replace
from xml.etree import ElementTree

import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("wordcloud")

from action100m.dataset.io import write_records
from action100m.dataset.stats.pictures import FORMATS, draw_stats
from action100m.dataset.stats.stats import stats
from action100m.errors import MissingPackageError
from support.records import make_annotation, make_record


def _texts(path):
    return " ".join("".join(element.itertext()).strip() for element in ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text"))


def test_the_pictures_of_the_official_records_hold_their_figures(shared, tmp_path):
    found = stats(shared / "data" / "action100m" / "examples.parquet")
    files = draw_stats(found, tmp_path)
    assert [file.name for file in files] == [f"{name}.{kind}" for name in ("durations", "words", "verbs", "titles") for kind in FORMATS]
    assert all(file.stat().st_size > 5_000 for file in files)
    for shown in ("62.5 %", "4,480 all nodes", "1,237 annotated nodes", "over 60 s"):
        assert shown in _texts(tmp_path / "durations.svg")
    assert "brief_action mean 3.3 of 1,237" in " ".join(_texts(tmp_path / "words.svg").split())
    assert {"open", "wipe", "surface", "camera"} <= set(_texts(tmp_path / "verbs.svg").split())
    assert {"make", "recipe"} <= set(_texts(tmp_path / "titles.svg").split())


def test_the_same_figures_give_the_same_bytes(tmp_path):
    write_records([make_record()], tmp_path / "a.parquet")
    found = stats(tmp_path / "a.parquet")
    one, two = (draw_stats(found, tmp_path / name) for name in "ab")
    assert [file.read_bytes() for file in one] == [file.read_bytes() for file in two]


def test_markup_and_formulas_in_texts_are_drawn_as_they_are(tmp_path):
    record = make_record()
    tree = record.tree.update(lambda node: replace(node, annotation=make_annotation("<script>$x^$ & 糖 \x07pots")) if node.annotation else node)
    write_records([replace(record, tree=tree, metadata=replace(record.metadata, title="<b>Bread</b> & 糖心蛋"))], tmp_path / "a.parquet")
    files = draw_stats(stats(tmp_path / "a.parquet"), tmp_path / "out")
    assert len(files) == 8
    for file in files[::2]:
        assert "<script>" not in file.read_text()
        ElementTree.parse(file)


def test_a_set_without_texts_is_drawn_without_a_cloud(tmp_path):
    write_records([], tmp_path / "a.parquet")
    assert len(draw_stats(stats(tmp_path / "a.parquet"), tmp_path)) == 6


@pytest.mark.parametrize("package", ["matplotlib", "wordcloud"])
def test_a_missing_package_is_named_with_its_extra(tmp_path, monkeypatch, package):
    write_records([make_record()], tmp_path / "a.parquet")
    found = stats(tmp_path / "a.parquet")
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingPackageError, match=rf"{package}.*pip install 'action100m\[charts\]'"):
        draw_stats(found, tmp_path)
