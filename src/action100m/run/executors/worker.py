"""One worker process: `python -m action100m.run.executors.worker`. Takes videos from standard input until it closes.

A process of its own, so that a codec that crashes takes one video with it and not the run; started as a module, so that a user's script needs
no guard around its main part.
"""

from __future__ import annotations

import faulthandler
import math
import os
import queue
import signal
import sys
import threading
import time
from dataclasses import dataclass
from typing import IO, Final

from action100m.errors import Action100MError
from action100m.run.config import make_stages
from action100m.run.engine import run_one
from action100m.run.executors.channel import LEAVING_SECONDS, Done, Ready, Start, Step, Task, receive, send
from action100m.run.ledger import open_ledger
from action100m.run.store import RunStore
from action100m.stages.base import StageName, StepState

_STEP_EVERY: Final = 0.25
"""Seconds between steps within a stage."""


def main() -> None:
    """Serve until the parent closes the channel or dies."""
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the parent decides
    signal.signal(signal.SIGTERM, _leave)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints must not mix with our messages
    inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(inbox,), daemon=True).start()
    start = receive(inbox.get())
    assert isinstance(start, Start)
    try:
        _serve(start, inbox, answers)
    except SystemExit:
        os._exit(128 + signal.SIGTERM)  # as a shell tells it; no thread of a library is waited for


def _leave(*_: object) -> None:
    """End the process at once, also in the middle of a video: artifacts are whole or absent. What the servers have sent is noted on the way out."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit()


def _listen(inbox: queue.SimpleQueue[bytes]) -> None:
    """Pass messages on, and end the process as soon as the parent is gone."""
    for line in sys.stdin.buffer:
        inbox.put(line)
    os.kill(os.getpid(), signal.SIGTERM)  # the main thread leaves
    time.sleep(LEAVING_SECONDS)
    os._exit(0)


def _serve(start: Start, inbox: queue.SimpleQueue[bytes], answers: IO[bytes]) -> None:
    store = RunStore(start.store)
    stages = make_stages(store.read_config())
    try:
        ledger = open_ledger(store.folder)
        for stage in stages:
            if stage.name in start.stages:
                stage.setup(ledger)
    except Action100MError as error:
        send(answers, Ready(error=str(error), error_class=type(error).__name__))
        return
    send(answers, Ready())
    while True:
        task = receive(inbox.get())
        assert isinstance(task, Task)
        if ledger is not None:
            ledger.video = task.video.uid  # so that a pilot can tell what each video cost
        failure = run_one(task.video, stages, store, on_step=_ThrottledSteps(task.video.uid, answers).send, redo_gaps=task.redo_gaps)
        send(answers, Done(task.video.uid, failure))


@dataclass
class _ThrottledSteps:
    """Passes on how far a video is, and not too often."""

    uid: str
    answers: IO[bytes]
    last: float = -math.inf

    def send(self, stage: StageName, state: StepState, share: float) -> None:
        if state == "working" and time.monotonic() - self.last < _STEP_EVERY:
            return
        self.last = time.monotonic()
        try:
            send(self.answers, Step(self.uid, stage, state, share))
        except BrokenPipeError:
            sys.exit()  # the parent is gone, which is no failure of the video


if __name__ == "__main__":
    main()
