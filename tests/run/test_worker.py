"""What a worker process says, and when it falls silent."""

from __future__ import annotations

import io

import pytest

from action100m.run.executors.channel import Step, receive
from action100m.run.executors.worker import _ThrottledSteps


def test_steps_within_a_stage_are_not_told_too_often():
    stream = io.BytesIO()
    steps = _ThrottledSteps("talk", stream)
    steps.send("embed", "started", 0.0)
    for number in range(1000):
        steps.send("embed", "working", number / 1000)
    steps.send("embed", "finished", 1.0)
    said = [receive(line) for line in stream.getvalue().splitlines()]
    assert said[0] == Step("talk", "embed", "started", 0.0)
    assert said[-1] == Step("talk", "embed", "finished", 1.0)
    assert len(said) < 10


def test_a_dead_parent_ends_the_worker_and_is_no_failure_of_the_video():
    class Closed(io.BytesIO):
        def write(self, _):
            raise BrokenPipeError

    with pytest.raises(SystemExit):  # which `run_one` does not catch
        _ThrottledSteps("talk", Closed()).send("embed", "started", 0.0)
