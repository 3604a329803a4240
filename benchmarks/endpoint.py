"""What our client costs beside the model: its share of the rate that a server allows, and its own CPU time for each request.

With as many requests under way as the server has slots, a slot waits while the next request is on its way; with twice as many none does.

The server is a process of its own that answers with a fixed text, after 50 ms and for 64 requests at a time, or at once.

python benchmarks/endpoint.py [--requests 6400] [--rounds 3]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from statistics import median

from action100m.annotation import ANNOTATION_SCHEMA
from action100m.models.base import ChatMessage, ChatRequest
from action100m.models.endpoint.chat import EndpointConfig
from action100m.tree import Node, Tree
from action100m.video.video import VideoMetadata

SLOTS = 64
LATENCY = 0.05
GOAL_RATE = 0.95
GOAL_CPU_MS = 1.0
PROMPT = "Describe what happens in this segment of the video. " * 80
"""4,160 characters, some 1,000 tokens."""
COMPLETION = json.dumps(
    {
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "A man cuts bread. " * 60}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 240, "total_tokens": 1240},
    }
).encode()
REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(COMPLETION), COMPLETION)


class Server(asyncio.Protocol):
    """One connection. Protocols are lighter than streams, so that the server does not take the processor from what is measured."""

    latency = 0.0
    waiting: deque[Server] = deque()
    busy = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to listen."""
        self.transport = transport
        self.missing: int | None = None

    def data_received(self, data: bytes) -> None:
        """Wait for the whole request, then for a slot."""
        if self.missing is None:  # the head comes in one piece
            head, _, data = data.partition(b"\r\n\r\n")
            self.missing = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        self.missing -= len(data)
        if not self.missing:
            Server.waiting.append(self)
            Server.fill_slots()

    @staticmethod
    def fill_slots() -> None:
        """Let those that wait have what is free."""
        while Server.waiting and Server.busy < SLOTS:
            Server.busy += 1
            asyncio.get_running_loop().call_later(Server.latency, Server.waiting.popleft().answer)

    def answer(self) -> None:
        """Send the reply and free the slot."""
        Server.busy -= 1
        self.transport.write(REPLY)
        self.transport.close()
        Server.fill_slots()


def serve(latency: float, told: Connection) -> None:
    """Answer for ever; the port is told first."""

    async def listen() -> None:
        server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0, backlog=1024)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    Server.latency = latency
    asyncio.run(listen())


@contextmanager
def server(latency: float) -> Iterator[int]:
    """Run a server in a process of its own; give its port."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(latency, there), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        process.kill()
        process.join()


def ask(port: int, count: int, *, concurrency: int) -> tuple[float, float]:
    """Return seconds on the clock, and CPU seconds of this process, for so many requests through our client."""
    config = EndpointConfig(model="m", base_url=f"http://127.0.0.1:{port}/v1", concurrency=concurrency, max_tokens_in_flight=10**9, check=False)
    model = config.load()
    list(model.chat(_requests(concurrency)))  # warm up
    requests, clock, cpu = _requests(count), time.perf_counter(), time.process_time()
    assert sum(reply.problem is None for reply in model.chat(requests)) == count
    return time.perf_counter() - clock, time.process_time() - cpu


def ask_barely(port: int, count: int, *, concurrency: int) -> float:
    """Return seconds on the clock for so many requests of fixed bytes whose replies nobody reads: the most that this machine allows just now."""
    body = b"x" * 10_000
    request = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)

    async def work(numbers: Iterator[int]) -> None:
        for _ in numbers:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request)
            await reader.read()
            writer.close()

    async def work_all() -> None:
        numbers = iter(range(count))
        await asyncio.gather(*(work(numbers) for _ in range(concurrency)))

    clock = time.perf_counter()
    asyncio.run(work_all())
    return time.perf_counter() - clock


def _requests(count: int) -> list[ChatRequest]:
    tree = Tree((Node("root", None, 0, 0.0, 8.0),))
    messages = (ChatMessage("system", PROMPT), ChatMessage("user", PROMPT))
    return [ChatRequest(str(number), messages, ANNOTATION_SCHEMA, tree, VideoMetadata()) for number in range(count)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=6400)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    count, possible = options.requests, SLOTS / LATENCY
    with server(LATENCY) as port:
        for concurrency in (SLOTS, 2 * SLOTS):
            pairs = [
                (count / ask(port, count, concurrency=concurrency)[0], count / ask_barely(port, count, concurrency=concurrency))
                for _ in range(options.rounds)
            ]
            ours, bare = (median(column) for column in zip(*pairs, strict=True))
            shares = f"{ours / possible:.2f} of the possible {possible:.0f} (goal {GOAL_RATE}), {ours / bare:.2f} of a bare loop of sockets"
            print(f"{SLOTS} slots of {LATENCY * 1000:.0f} ms, {concurrency:3} at once: {ours:5.0f} requests/s, {shares}")
    with server(0.0) as port:
        seconds, cpu = ask(port, count, concurrency=SLOTS)
    print(f"answered at once: {count / seconds:5.0f} requests/s, {cpu / count * 1000:.2f} ms of our CPU for each (goal {GOAL_CPU_MS})")


if __name__ == "__main__":
    main()
