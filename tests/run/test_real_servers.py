"""Whole runs through real generating servers on this machine. Their models are random: what they write is nonsense, in the right form or not."""

from __future__ import annotations

import pytest

from action100m.dataset.io import read_records
from action100m.dataset.validate import validate
from action100m.models.endpoint import EndpointConfig
from action100m.run.config import RunConfig
from action100m.run.pack import pack
from action100m.run.run import run_videos
from action100m.run.status import status
from action100m.stages.annotate import AnnotateConfig
from support.llama_server import llama_server, write_gguf


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    model = write_gguf(tmp_path_factory.mktemp("llama") / "tiny.gguf")
    with llama_server(model) as url:
        yield EndpointConfig(model=str(model), base_url=url, temperature=1.0, max_tokens=6000, concurrency=2, retries=0)


def test_llama_cpp_holds_to_the_schema_and_the_counts_add_up(llama, clips, tmp_path):
    config = RunConfig(annotate=AnnotateConfig(model=llama, rounds=2, efforts=(), context_tokens=10_000))
    run = tmp_path / "run"
    assert run_videos([clips / "eggs.mp4"], run, config).made == 1
    valid, rounds = pack(run, tmp_path / "data.parquet").valid_at_first
    assert valid > 0
    (spent,) = status(run).spent
    assert spent.requests >= rounds
    assert spent.usage.output > 100 * valid
    assert {finding.rule for finding in validate(str(tmp_path / "data.parquet")).findings} <= {"text"}
    for record in read_records(str(tmp_path / "data.parquet")):
        reasons = {gap.node: gap.reason for gap in record.provenance.gaps if gap.field == "annotation"}
        assert {node.id for node in record.tree.nodes} == {node.id for node in record.tree.nodes if node.annotation} ^ set(reasons)
    asked = spent.requests
    assert run_videos([], run).fresh == 0
    assert status(run).spent[0].requests == asked
