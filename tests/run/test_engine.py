from __future__ import annotations

import pytest

from action100m.errors import EndpointError, NotAVideoError
from action100m.run.engine import is_made, run_one
from action100m.run.store import RunStore
from action100m.video.video import Video
from support.toy_stages import toy_stages

VIDEO = Video("clip", "a/clip.mp4", "ab" * 32)


def ignore(stage, state, share):
    """Do nothing."""


def calls(stages):
    return [sum(stage.calls.values()) for stage in stages]


def test_each_stage_is_given_what_those_before_it_made(tmp_path):
    store, stages = RunStore(tmp_path), toy_stages()
    steps = []
    assert run_one(VIDEO, stages, store, on_step=lambda *step: steps.append(step)) is None
    names = ["embed", "segment", "caption", "annotate"]
    assert steps == [(name, *step) for name in names for step in (("started", 0.0), ("working", 0.5), ("finished", 1.0))]
    assert [path.read_text() for path in sorted((tmp_path / "videos" / "clip").iterdir())] == [
        "annotate of clip from ['caption', 'embed', 'segment']",
        "caption of clip from ['embed', 'segment']",
        "embed of clip from []",
        "segment of clip from ['embed']",
    ]
    assert is_made(VIDEO, stages, store)


def test_what_is_made_is_not_made_again(tmp_path):
    store, stages = RunStore(tmp_path), toy_stages()
    run_one(VIDEO, stages, store, on_step=ignore)
    run_one(VIDEO, stages, store, on_step=ignore)
    assert calls(stages) == [1, 1, 1, 1]
    other = toy_stages(caption={"frames": 8})
    assert not is_made(VIDEO, other, store)
    run_one(VIDEO, other, store, on_step=ignore)
    assert calls(other) == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("error", "cause", "retryable", "evidence"),
    [
        (NotAVideoError("clip.mp4 is not a video"), "NotAVideoError", False, ""),
        (EndpointError("no answer"), "EndpointError", True, ""),
        (ZeroDivisionError("by zero"), "ZeroDivisionError", False, "Traceback"),
    ],
)
def test_an_error_becomes_a_row_and_what_was_made_stays(tmp_path, error, cause, retryable, evidence):
    store, stages = RunStore(tmp_path), toy_stages()
    stages[1].error, stages[1].fails_on = error, frozenset({"clip"})
    failure = run_one(VIDEO, stages, store, on_step=ignore)
    assert failure is not None
    assert store.read_failures() == [failure]
    assert (failure.uid, failure.stage, failure.cause, failure.retryable) == ("clip", "segment", cause, retryable)
    assert str(error) in failure.message
    assert evidence in failure.evidence
    assert calls(stages) == [1, 1, 0, 0]
    stages[1].error = None
    assert run_one(VIDEO, stages, store, on_step=ignore) is None
    assert calls(stages) == [1, 2, 1, 1]
    assert store.read_failures() == []


def test_ctrl_c_is_not_a_failure_of_the_video(tmp_path):
    store, stages = RunStore(tmp_path), toy_stages()
    stages[2].error, stages[2].fails_on = KeyboardInterrupt(), frozenset({"clip"})
    with pytest.raises(KeyboardInterrupt):
        run_one(VIDEO, stages, store, on_step=ignore)
    assert store.read_failures() == []
