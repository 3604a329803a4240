"""Whole runs through real generating servers on this machine. Their models are random: what they write is nonsense, in the right form or not."""

from __future__ import annotations

import pytest

from action100m.cli import main
from action100m.dataset.io import read_records
from action100m.dataset.validate import validate
from action100m.errors import EndpointError
from action100m.models.endpoint.chat import EndpointConfig
from action100m.run.config import RunConfig
from action100m.run.pack import pack
from action100m.run.run import run_videos
from action100m.run.status import status
from action100m.stages.annotate import AnnotateConfig
from support.checkpoints import save_language_model
from support.llama_server import llama_server, write_gguf
from support.transformers_server import transformers_server
from support.vlm_checkpoints import save_vlm


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    model = write_gguf(tmp_path_factory.mktemp("llama") / "tiny.gguf")
    with llama_server(model) as url:
        yield EndpointConfig(model=str(model), base_url=url, temperature=1.0, max_tokens=6000, concurrency=2, retries=0)


def read_packed(run, folder):
    """Pack a run and read its records. They break no rule, save that random models write control characters."""
    packed = pack(run, folder / "data.parquet")
    assert {finding.rule for finding in validate(str(folder / "data.parquet")).findings} <= {"text"}
    return packed, list(read_records(str(folder / "data.parquet")))


def annotation_gaps(record):
    """Return why nodes have no annotation, having checked that each node has either."""
    reasons = {gap.node: gap.reason for gap in record.provenance.gaps if gap.field == "annotation"}
    assert {node.id for node in record.tree.nodes} == {node.id for node in record.tree.nodes if node.annotation} ^ set(reasons)
    return list(reasons.values())


def test_llama_cpp_holds_to_the_schema_and_the_counts_add_up(llama, clips, tmp_path):
    config = RunConfig(annotate=AnnotateConfig(model=llama, rounds=2, efforts=(), subtree_depth=0, global_depth=0))
    run = tmp_path / "run"
    assert run_videos([clips / "eggs.mp4"], run, config).made == 1
    packed, (record,) = read_packed(run, tmp_path)
    valid, rounds = packed.valid_at_first
    assert valid > 0
    (spent,) = status(run).bill.items
    assert spent.requests >= rounds
    assert spent.usage.output > 100 * valid
    annotation_gaps(record)
    asked = spent.requests
    assert run_videos([], run).fresh == 0
    assert status(run).bill.items[0].requests == asked


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The address of transformers' server, a captioner that it can serve without torchvision, and a reasoner."""
    folder = tmp_path_factory.mktemp("served")
    captioner = save_vlm(folder / "captioner", "idefics3", context=8192)
    reasoner = save_language_model(folder / "reasoner", max_position_embeddings=65_536)
    with transformers_server(folder) as url:
        yield url, captioner, reasoner


CONFIG = """
[caption]
frames = 3
size = 64
[caption.captioner]
kind = "endpoint"
model = "{captioner}"
base_url = "{url}"
max_tokens = 5
check = false
[annotate]
rounds = 2
attempts = 2
efforts = []
[annotate.model]
kind = "endpoint"
model = "{reasoner}"
base_url = "{url}"
max_tokens = 20
check = false
"""


def test_behind_transformers_which_ignores_the_schema_annotations_end_in_typed_failures(served, clips, tmp_path, capsys, monkeypatch):
    url, captioner, reasoner = served
    (tmp_path / "config.toml").write_text(CONFIG.format(url=url, captioner=captioner, reasoner=reasoner))
    run = tmp_path / "run"
    monkeypatch.setattr("sys.argv", ["action100m", "run", str(clips / "eggs.mp4"), "--out", str(run), "--config", str(tmp_path / "config.toml")])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert "1 made (1 worked on now), 0 failed, 1 with gaps" in capsys.readouterr().out
    packed, (record,) = read_packed(run, tmp_path)
    failed = [reason for reason in annotation_gaps(record) if reason.startswith("ReplyError: none of 2 replies fits")]
    assert failed
    assert packed.annotated == 0
    assert packed.valid_at_first == (0, len(failed))
    captions, annotations = status(run).bill.items
    assert captions.requests == 2 * len(record.tree) + len(record.tree.leaves())
    assert captions.usage.output <= 5 * captions.requests
    assert annotations.requests == 2 * len(failed)
    (failure,) = status(run).failures
    assert (failure.cause, failure.partial, failure.message.split()[0]) == ("ReplyError", True, str(len(failed)))
    assert sum(node.clip_caption is not None for node in record.tree.nodes) > len(record.tree) / 2


def test_a_list_of_models_that_fails_or_is_empty_is_an_error_that_names_the_cure(served):
    url, _, reasoner = served
    config = EndpointConfig(model=str(reasoner), base_url=url, retries=0)
    with pytest.raises(EndpointError, match=r"error 500.*set endpoint\.check to false"):  # the folder that it would list is not there
        config.load()
    (reasoner.parent / "home" / "hub").mkdir(parents=True, exist_ok=True)
    with pytest.raises(EndpointError, match=r"none at all.*endpoint\.check to false"):
        config.load()
