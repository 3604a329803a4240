from dataclasses import FrozenInstanceError, fields
from typing import get_args

import pytest

from action100m.models.base import CaptionField
from action100m.record import Record
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
