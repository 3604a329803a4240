"""Planted faults in real records are found: the figures that docs/audit.md gives, with some room."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from action100m.dataset.audit.measures import flags
from action100m.dataset.io import read_records

_SPEC = importlib.util.spec_from_file_location("planting", Path(__file__).parents[3] / "benchmarks" / "planting.py")
planting = importlib.util.module_from_spec(_SPEC)
sys.modules["planting"] = planting  # its dataclasses look themselves up
_SPEC.loader.exec_module(planting)


@pytest.fixture(scope="module")
def records(shared):
    return list(read_records(shared / "data" / "action100m" / "examples.parquet"))


def test_the_same_seed_plants_the_same_faults(records):
    for fault in planting.FAULTS.values():
        first, again = (planting.plant(fault, records[2], seed=1, share=0.05, others=records) for _ in range(2))
        assert first == again
        assert first.nodes
    swaps = [planting.plant(planting.FAULTS["clip captions of two segments swapped"], records[2], seed=seed, share=0.05) for seed in (1, 2)]
    assert swaps[0].nodes != swaps[1].nodes


def test_only_the_planted_nodes_are_changed(records):
    for fault in planting.FAULTS.values():
        planted = planting.plant(fault, records[2], seed=1, share=0.05, others=records)
        changed = {new.id for new, old in zip(planted.record.tree.nodes, records[2].tree.nodes, strict=True) if new != old}
        assert changed == planted.nodes or changed < planted.nodes  # neighbours may have had the same caption before a shift


@pytest.mark.parametrize(
    ("name", "recall", "precision"),
    [
        ("clip captions of two segments swapped", 0.4, 0.4),
        ("annotations of two segments swapped", 0.85, 0.45),
        ("annotation of another video", 0.85, 0.6),
        ("verb of the brief caption negated", 0.7, 0.5),
        ("frame and clip caption of other colours", 0.2, 0.15),
        ("two children of other colours", 0.25, 0.2),
        ("actor of the other sex", 0.6, 0.8),
        ("last sentence over and over", 0.99, 0.9),
        ("clip caption cut off", 0.99, 0.6),
        ("clip caption N/A", 0.99, 0.6),
    ],
)
def test_planted_faults_are_found(records, name, recall, precision):
    fault = planting.FAULTS[name]
    hits = planted = told = 0
    for record in (records[6], records[7]):  # two that no threshold was chosen on
        copy = planting.plant(fault, record, seed=0, share=0.05, others=records)
        found = {node for node, its_flags in flags(copy.record).items() if fault.flag in its_flags}
        hits, planted, told = hits + len(found & copy.nodes), planted + len(copy.nodes), told + len(found)
    assert planted >= 30
    assert hits / planted >= recall
    assert hits / told >= precision
