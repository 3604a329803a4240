"""Worker processes on this machine: for each video, skip what the store has, else run it."""

from __future__ import annotations

import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import IO

from action100m import errors
from action100m.errors import Action100MError, ModelError, WorkerError
from action100m.run.engine import make_failure, stage_keys
from action100m.run.executors.channel import LEAVING_SECONDS, Done, Message, Ready, Start, Step, Task, receive, send
from action100m.run.store import RunStore
from action100m.stages.base import Stage, StageName
from action100m.video.video import Video

_LONGEST_EVIDENCE = 4000
"""Characters of a dead worker's last words that are kept."""

Report = Callable[[Step | Done], None]


def run_local(tasks: Sequence[Task], stages: Sequence[Stage], needed: Sequence[StageName], store: RunStore, *, workers: int, report: Report) -> None:
    """Run videos in `workers` processes, in order, each on the next one that is free.

    needed: the stages that will have work, whose models each worker loads before the first video.
    report: told of every step, in the calling thread.

    Raises:
        ModelError: a model cannot be loaded; no video was touched by that worker.
        KeyboardInterrupt: passed on after the workers are stopped; all that was finished is kept.
    """
    waiting: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
    events: queue.SimpleQueue[Step | Done | Exception | None] = queue.SimpleQueue()
    crew = [_Worker(Start(store.url, tuple(needed)), stages, store) for _ in range(min(workers, len(tasks)))]
    for task in tasks:
        waiting.put(task)
    for _ in crew:
        waiting.put(None)
    threads = [threading.Thread(target=worker.work, args=(waiting, events), daemon=True) for worker in crew]
    try:
        for thread in threads:
            thread.start()
        _relay(events, len(crew), report)
    finally:
        for worker in crew:
            worker.stop()
        patience = time.monotonic() + LEAVING_SECONDS
        for thread in (started := [thread for thread in threads if thread.ident is not None]):
            thread.join(max(0.0, patience - time.monotonic()))
        for worker in crew:
            worker.kill()
        for thread in started:
            thread.join()


def _relay(events: queue.SimpleQueue[Step | Done | Exception | None], busy: int, report: Report) -> None:
    while busy:
        event = events.get()
        if event is None:
            busy -= 1
        elif isinstance(event, Exception):
            raise event
        else:
            report(event)


@dataclass
class _Worker:
    """A process and the thread that feeds it. A process that dies is replaced, and its video noted as failed."""

    start: Start
    stages: Sequence[Stage]
    store: RunStore
    process: subprocess.Popen[bytes] | None = None
    words: IO[bytes] | None = None
    stopped: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)
    """Held while a process starts, so that `stop` meets it before or after. All else is done by the worker's own thread."""

    def work(self, waiting: queue.SimpleQueue[Task | None], events: queue.SimpleQueue[Step | Done | Exception | None]) -> None:
        try:
            while not self.stopped and (task := waiting.get()) is not None:
                self._run(task, events)
        except Exception as error:  # noqa: BLE001 - a thread has nobody above it; the calling thread raises it
            events.put(error)
        finally:
            if self.process is not None:
                self.process.kill()
                self.process.wait()
                self._close()
            events.put(None)

    def stop(self) -> None:
        """Have the process leave, with what the servers have sent noted."""
        with self.lock:
            self.stopped = True
            if (process := self.process) is not None:
                process.terminate()

    def kill(self) -> None:
        """End a process that has not left."""
        if (process := self.process) is not None:
            process.kill()

    def _run(self, task: Task, events: queue.SimpleQueue[Step | Done | Exception | None]) -> None:
        started: StageName = self.stages[0].name
        try:
            if self.process is None:
                self._launch()
            assert self.process is not None
            assert self.process.stdin is not None
            send(self.process.stdin, task)
            while isinstance(event := self._hear(), Step):
                started = event.stage
                events.put(event)
            if isinstance(event, Done):
                events.put(event)
        except (EOFError, BrokenPipeError):
            if not self.stopped:
                events.put(self._bury(task.video, started))

    def _launch(self) -> None:
        with self.lock:
            if self.stopped:
                raise EOFError
            self.words = tempfile.TemporaryFile()  # noqa: SIM115 - closed by _close()
            command = [sys.executable, "-m", "action100m.run.executors.worker"]
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.words)
        assert self.process.stdin is not None
        try:
            send(self.process.stdin, self.start)
            ready = self._hear()
        except (EOFError, BrokenPipeError) as error:
            if self.stopped:
                raise
            raise WorkerError(f"a worker process died while it started: {self._last_words()}") from error
        if isinstance(ready, Ready) and ready.error is not None:
            raise _rebuild(ready.error_class, ready.error)

    def _hear(self) -> Message:
        assert self.process is not None
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        return receive(line)

    def _bury(self, video: Video, stage: StageName) -> Done:
        """Note the death of the process as the failure of the video it was on; the next video starts a new one."""
        assert self.process is not None
        code = self.process.wait()
        cause = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        error = WorkerError(f"the worker process died ({cause}) in stage {stage} of {video.location}; a codec crashed, or memory ran out")
        key = dict(zip((stage.name for stage in self.stages), stage_keys(video, self.stages), strict=True))[stage]
        failure = make_failure(error, location=video.location, uid=video.uid, stage=stage, key=key)
        failure = replace(failure, evidence=self._last_words())
        self.store.save_failure(failure)
        self._close()
        return Done(video.uid, failure)

    def _close(self) -> None:
        assert self.process is not None
        for stream in (self.process.stdout, self.words, self.process.stdin):
            if stream is not None:
                with suppress(BrokenPipeError):  # what was still to be sent to a dead process
                    stream.close()
        self.process = None

    def _last_words(self) -> str:
        assert self.words is not None
        self.words.seek(0)
        return self.words.read().decode(errors="replace")[-_LONGEST_EVIDENCE:].strip()


def _rebuild(name: str | None, message: str) -> Action100MError:
    """Make the error that a worker told of, without calling its constructor, whose arguments are not known here."""
    kind: type[Action100MError] = getattr(errors, name or "", ModelError)
    error = kind.__new__(kind)
    error.args = (message,)
    return error
