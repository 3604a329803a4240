"""The same command once more over a finished run: how long it takes to find that nothing is to be done, and that no model is asked again.

    finished             every artifact is there
    artifacts deleted    only the ledger of replies is there: the video is decoded and the prompts are made anew, and nothing is sent

One video of noise whose tree has 1,000 nodes and more; captions, and three rounds of annotations, by a server of this process.

python benchmarks/rerun.py [--nodes 1000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from threading import Thread

from action100m.run.pack import run_records

GOAL = 2.0
SCENE = 2
"""Seconds. Noise within a scene is cut further, down to half a second: about two nodes for a second of video."""
ANNOTATION = {
    "summary": {"brief": "A cook whisks eggs.", "detailed": "A cook in an apron whisks eggs in a bowl."},
    "action": {"brief": "whisk the eggs", "detailed": "Whisk the eggs in a bowl.", "actor": "a cook"},
}
MODEL = 'kind = "endpoint"\nmodel = "m"\nbase_url = "{url}"\nconcurrency = 64\n'
CONFIG = f"[caption]\nframes = 2\nsize = 64\nbatch = 512\n[caption.captioner]\n{MODEL}[annotate]\nrounds = 3\n[annotate.model]\n{MODEL}"


class Handler(BaseHTTPRequestHandler):
    """Answers at once, and counts completions."""

    protocol_version = "HTTP/1.1"
    asked = 0

    def do_GET(self) -> None:
        """Tell the only model."""
        self._send({"data": [{"id": "m"}]})

    def do_POST(self) -> None:
        """Answer with a caption, or an annotation where JSON is wanted."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        text = json.dumps(ANNOTATION) if b'"response_format"' in body else f"A cook whisks {len(body)} eggs."
        Handler.asked += 1
        self._send({"choices": [{"message": {"content": text}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 9, "completion_tokens": 9}})

    def _send(self, value: object) -> None:
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


class Server(ThreadingHTTPServer):
    """Takes many connections at once."""

    daemon_threads = True
    request_queue_size = 256


@contextmanager
def serve() -> Iterator[str]:
    """Run the server; give its address."""
    with Server(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        server.shutdown()


def make_clip(path: Path, seconds: int) -> None:
    """Write noise around one level of grey after the other."""
    noise = f"nullsrc=size=64x48:rate=4:duration={seconds},geq=lum='mod(67*floor(T/{SCENE})\\,200)+random(1)*40':cb=128:cr=128"
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", noise, "-c:v", "libx264", "-preset", "veryfast", str(path)], check=True)


def run_again(folder: Path) -> tuple[float, int]:
    """Return the seconds that the command takes in a process of its own, and how many completions it asks for."""
    command = [sys.executable, "-m", "action100m", "run", str(folder / "clip.mp4"), "--out", str(folder / "run")]
    asked, began = Handler.asked, time.perf_counter()
    subprocess.run([*command, "--config", str(folder / "config.toml")], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began, Handler.asked - asked


def measure(folder: Path, nodes: int, rounds: int) -> Iterator[tuple[str, float, int]]:
    """Yield what was run, its median seconds, and the completions it asked for, over all rounds."""
    make_clip(folder / "clip.mp4", nodes * 6 // 10)
    yield "first run", *run_again(folder)
    (record,) = run_records(folder / "run")
    annotated = sum(node.annotation is not None for node in record.tree.nodes)
    print(f"{len(record.tree)} nodes, {annotated} annotated", flush=True)
    assert len(record.tree) >= nodes
    goes = [run_again(folder) for _ in range(rounds)]
    yield f"finished (goal {GOAL:.0f} s, 0)", median(seconds for seconds, _ in goes), sum(asked for _, asked in goes)
    shutil.rmtree(folder / "run" / "videos")
    yield "artifacts deleted (goal 0)", *run_again(folder)
    assert list(run_records(folder / "run")) == [record]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, serve() as url:
        (Path(name) / "config.toml").write_text(CONFIG.format(url=url), encoding="utf-8")
        for what, seconds, asked in measure(Path(name), options.nodes, options.rounds):
            print(f"{what:28} {seconds:6.2f} s {asked:6} requests", flush=True)


if __name__ == "__main__":
    main()
