"""No caption or annotation lands on another node than its own, through 64-fold concurrency, faults, kills and resumption.

The server answers with a digest of the exact pixels and text that it saw. The frames are then decoded once more, by PyAV alone.
"""

from __future__ import annotations

import io
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time

import av
import numpy as np
import pytest
from PIL import Image

from action100m.dataset.io import read_records
from action100m.run.pack import pack
from action100m.stages.prompts import read_prompt
from support.asking import digest_of_pictures
from support.chat_server import Answer, Asked, ChatServer, completion, error
from support.clips import write_clip

SIZE, FPS, FRAMES = 64, 6, 3
PROMPTS = {"frame_caption": "caption_frame", "clip_caption": "caption_clip", "clip_action": "caption_action"}
CONFIG = """
[caption]
frames = {frames}
size = {size}
batch = 512
[caption.captioner]
kind = "endpoint"
model = "test-model"
base_url = "{url}"
concurrency = 64
[annotate]
rounds = 2
min_duration = 2.0
nodes = "all"
efforts = []
[annotate.model]
kind = "endpoint"
model = "test-model"
base_url = "{url}"
concurrency = 64
"""


class Mirror:
    """Tells what it saw, late and at random, and fails on one request in five, on each of them once."""

    def __init__(self) -> None:
        self.captions: list[str] = []
        self.chats: list[str] = []
        self.failed: set[str] = set()
        self._chance = random.Random(0)
        self._lock = threading.Lock()

    def __call__(self, asked: Asked) -> Answer:
        is_chat = "response_format" in asked.body
        told = annotate(asked) if is_chat else digest_of_pictures(asked.pictures, asked.last)
        with self._lock:
            late = self._chance.random() * 0.2
            fails = self._chance.random() < 0.2 and asked.text + told not in self.failed
            fault = self._chance.choice(["429", "500", "reset", "twice"]) if fails else "none"
            if fault in ("none", "twice"):
                (self.chats if is_chat else self.captions).append(told)
            self.failed |= {asked.text + told} if fails else set()
        match fault:
            case "429":
                return error(429, Retry_After="0.1")
            case "500":
                return error(500)
            case "reset":
                return completion(told, sent=30, delay=late)
        return completion(told, delay=late, copies=2 if fault == "twice" else 1)


def annotate(asked: Asked) -> str:
    """Return an annotation that quotes the segment's times and its own captions, which the evidence names last."""
    evidence = asked.body["messages"][1]["content"]
    times = re.search(r"The segment to annotate lasts from (\S+) s to (\S+) s", evidence)
    clip, action = re.findall(r"Clip:\n> (\S+)", evidence)[-1], re.findall(r"Action:\n> (\S+)", evidence)[-1]
    return json.dumps(
        {"summary": {"brief": "-".join(times.groups()), "detailed": clip}, "action": {"brief": action, "detailed": "N/A", "actor": "N/A"}}
    )


def run_until(clips, run, config, is_enough) -> int:
    """Run in a process of its own; kill it and its workers with no warning as soon as `is_enough`. Return its exit code."""
    command = [sys.executable, "-m", "action100m", "run", str(clips), "--out", str(run), "--config", str(config)]
    with (run.parent / "output").open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
    while process.poll() is None:
        if is_enough():
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        time.sleep(0.005)
    return process.returncode


def decode(path) -> dict[float, np.ndarray]:
    """Return the pictures of a clip by their seconds."""
    with av.open(str(path)) as container:
        return {round(frame.time, 6): frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)}


def through_jpeg(picture) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=90, subsampling="4:4:4")
    return np.asarray(Image.open(file))


@pytest.fixture(scope="module")
def resumed(tmp_path_factory):
    """Two clips, the server, and their records, made in three goes, of which two were killed."""
    folder = tmp_path_factory.mktemp("swaps")
    for number in range(2):
        colours = np.random.default_rng(number).integers(0, 255, (14, 1, 1, 3))
        pictures = (np.clip(colours[count // 15] + np.random.default_rng(count).integers(-40, 40, (SIZE, SIZE, 3)), 0, 255) for count in range(210))
        # without subsampled colours RGB is exact, whoever converts it
        write_clip(folder / f"clip{number}.mp4", (picture.astype(np.uint8) for picture in pictures), fps=FPS, pixel_format="yuv444p")
    behave, run = Mirror(), folder / "run"
    with ChatServer(behave) as server:
        (folder / "config.toml").write_text(CONFIG.format(url=server.base_url, frames=FRAMES, size=SIZE))
        goes = [lambda: len(behave.captions) > 100, lambda: len(behave.chats) > 10, lambda: False]
        codes = [run_until(folder, run, folder / "config.toml", is_enough) for is_enough in goes]
    assert codes == [-signal.SIGKILL, -signal.SIGKILL, 0], (folder / "output").read_text()
    pack(run, folder / "data.parquet")
    return folder, behave, server, list(read_records(str(folder / "data.parquet")))


def test_every_caption_is_of_the_frames_that_its_node_names(resumed):
    folder, behave, server, records = resumed
    assert server.most_at_once > 40
    assert len(behave.failed) > 60
    checked = set()
    for record in records:
        pictures = {seconds: through_jpeg(picture) for seconds, picture in decode(folder / f"{record.uid}.mp4").items()}
        nodes = {node.id: node for node in record.tree.nodes}
        for seen in record.provenance.evidence:
            node = nodes[seen.node]
            assert all(node.start <= seconds < node.end for seconds in seen.seconds)
            frames = [pictures[round(seconds, 6)] for seconds in seen.seconds]
            expected = digest_of_pictures(frames, read_prompt(PROMPTS[seen.field]))
            assert getattr(node, seen.field) == expected
            checked.add(expected)
        assert len(record.provenance.evidence) == 2 * len(record.tree) + len(record.tree.leaves())
    assert len(checked) == sum(len(record.provenance.evidence) for record in records) > 300


def test_every_annotation_is_of_its_own_segment(resumed):
    *_, records = resumed
    annotated = [node for record in records for node in record.tree.nodes if node.annotation]
    assert len(annotated) > 30
    for node in annotated:
        annotation = node.annotation
        assert annotation.summary.brief == f"{node.start:.2f}-{node.end:.2f}"
        assert (annotation.summary.detailed, annotation.action.brief) == (node.clip_caption, node.clip_action)


def test_kills_cost_no_more_than_what_was_under_way(resumed):
    _, behave, _, records = resumed
    captions = sum(len(record.provenance.evidence) for record in records)
    assert captions <= len(behave.captions) <= captions + 64
    chats = sum(2 * (node.annotation is not None) for record in records for node in record.tree.nodes)
    assert chats <= len(behave.chats) <= chats + 64
