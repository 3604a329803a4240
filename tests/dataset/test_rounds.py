"""Replies of all rounds beside a data set: written by `pack`, found by uid."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from action100m.dataset.io import read_records
from action100m.dataset.rounds import Round, Rounds, answers, write_rounds
from action100m.errors import DataSetError
from action100m.models.weightless.extractive import ExtractiveConfig
from action100m.run.config import RunConfig
from action100m.run.pack import pack
from action100m.run.run import run_videos
from action100m.stages.annotate import AnnotateConfig
from support.clips import time_code_pictures, write_clip
from support.records import make_annotation

DRAFT = Round("a", "n1", 1, 1, json.dumps(make_annotation("Whisk").to_dict()))
UNFIT = Round("a", "n1", 2, 1, "I cannot say", problem="the reply is not JSON")
LAST = Round("a", "n1", 3, 1, json.dumps(make_annotation("Whisk the eggs").to_dict()))


def test_replies_are_found_by_uid_though_videos_alternate(tmp_path):
    path = str(tmp_path / "rounds.jsonl")
    other = replace(DRAFT, uid="../b\n", text="half a pair \ud83d")
    assert write_rounds([DRAFT, other, UNFIT, LAST], path) == 4
    rounds = Rounds(path)
    assert len(rounds) == 2
    assert rounds.of("a") == (DRAFT, UNFIT, LAST)
    assert rounds.of("../b\n") == (other,)
    assert rounds.of("c") == ()


def test_an_answer_is_the_last_that_fits_in_its_round():
    fenced = replace(UNFIT, text="```json", repaired=json.dumps(make_annotation("Beat").to_dict()))
    told = {node: [(number, one.action.brief) for number, one in rounds] for node, rounds in answers([DRAFT, UNFIT, LAST]).items()}
    assert told == {"n1": [(1, "Whisk"), (3, "Whisk the eggs")]}
    assert [number for number, _ in answers([DRAFT, fenced, LAST])["n1"]] == [1, 2, 3]


@pytest.mark.parametrize("line", ["{", "[]", "{}", '{"uid": 1}', json.dumps({**json.loads('{"uid": "a"}'), "node": 3})])
def test_a_line_that_is_no_reply_is_named(tmp_path, line):
    path = tmp_path / "rounds.jsonl"
    write_rounds([DRAFT], str(path))
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(DataSetError, match="line 2 is not a reply"):
        Rounds(str(path))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataSetError, match=r"nowhere\.jsonl"):
        Rounds(str(tmp_path / "nowhere.jsonl"))


def test_pack_writes_the_replies_of_a_run(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", time_code_pictures([number / 10 for number in range(90)]), fps=10)
    (tmp_path / "clip.srt").write_text("1\n00:00:00,500 --> 00:00:04,500\nNow we are going to whisk the eggs.\n")
    run_videos([str(clip)], str(tmp_path / "run"), RunConfig(annotate=AnnotateConfig(model=ExtractiveConfig(), rounds=2, efforts=(), nodes="all")))
    pack(tmp_path / "run", tmp_path / "data.parquet", history=tmp_path / "rounds.jsonl")
    (record,) = read_records(tmp_path / "data.parquet")
    kept = {node.id: node.annotation for node in record.tree.nodes if node.annotation}
    last = {node: rounds[-1][1] for node, rounds in answers(Rounds(str(tmp_path / "rounds.jsonl")).of("clip")).items()}
    assert kept
    assert [one.round for one in Rounds(str(tmp_path / "rounds.jsonl")).of("clip")] == [1, 2] * len(kept)
    assert last == kept
