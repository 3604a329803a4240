"""Flags and rounds as a page reads them; texts of megabytes keep nobody waiting."""

from __future__ import annotations

import json
import time
from dataclasses import replace

from action100m.dataset.audit.measures import measure_all
from action100m.dataset.audit.reading import Reading
from action100m.dataset.rounds import Round
from action100m.video.video import Cue
from action100m.viewer.doubts import flags_payload, rounds_payload
from support.records import make_annotation, make_record


def test_every_finding_is_told_once_with_its_meaning():
    record = make_record(provenance=True)
    found = {(node, one["flag"], one["field"], one["message"]) for node, its in flags_payload(record).items() for one in its}
    assert found == {(one.node, one.flag, one.field, one.message) for one in measure_all(Reading(record)).findings}
    assert found
    assert all(one["meaning"] for its in flags_payload(record).values() for one in its)


def test_only_the_beginning_of_a_text_of_megabytes_is_measured():
    record, huge = make_record(), "word " * 2_000_000
    tree = record.tree.update(lambda node: replace(node, clip_caption=huge))
    metadata = replace(record.metadata, description=huge, transcript=(Cue("1", huge),))
    began = time.monotonic()
    assert flags_payload(replace(record, tree=tree, metadata=metadata))
    assert time.monotonic() - began < 10


def test_rounds_tell_what_was_said_or_why_it_could_not_be_used():
    annotation = make_annotation()
    fit = Round("a", "n1", 1, 1, json.dumps(annotation.to_dict()))
    unfit = Round("a", "n1", 2, 1, "half \ud83c", problem="not JSON")
    assert rounds_payload([fit, unfit, replace(fit, node="n2")]) == {
        "n1": [
            {"round": 1, "attempt": 1, "problem": None, "annotation": annotation.to_dict(), "raw": None},
            {"round": 2, "attempt": 1, "problem": "not JSON", "annotation": None, "raw": "half \ud83c"},
        ],
        "n2": [{"round": 1, "attempt": 1, "problem": None, "annotation": annotation.to_dict(), "raw": None}],
    }
    assert rounds_payload([]) == {}
