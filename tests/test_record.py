from dataclasses import FrozenInstanceError, fields
from typing import get_args

import pytest

from action100m.annotation import Action, Annotation, Summary
from action100m.models.base import CaptionField
from action100m.record import Record, TextField, read_text
from action100m.tree import Node
from support.records import make_record


def test_equal_parts_make_equal_records():
    assert make_record("a", provenance=True) == make_record("a", provenance=True)
    assert make_record("a") != make_record("b")


def test_a_record_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        make_record().uid = "other"


def test_a_record_has_no_provenance_unless_it_tells():
    record = make_record()
    assert Record(record.uid, record.metadata, record.tree).provenance is None


def test_what_a_gap_may_name_are_fields_of_a_node():
    assert {*get_args(CaptionField), "annotation"} <= {field.name for field in fields(Node)}


def test_every_text_of_a_node_can_be_read_by_its_name():
    annotation = Annotation(Summary("a bowl", "a bowl on a table"), Action("stir", "Stir the dough.", "a cook"))
    node = Node("n", None, 0, 0.0, 1.0, frame_caption="frame", clip_caption="clip", clip_action="stirring", annotation=annotation)
    texts = [read_text(node, field) for field in get_args(TextField)]
    assert texts == ["stir", "Stir the dough.", "a cook", "a bowl", "a bowl on a table", "stirring", "clip", "frame"]


def test_a_node_without_annotation_has_none_of_its_texts():
    node = Node("n", None, 0, 0.0, 1.0, clip_caption="clip")
    assert [field for field in get_args(TextField) if read_text(node, field) is not None] == ["clip_caption"]
