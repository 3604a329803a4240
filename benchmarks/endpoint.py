"""What our client costs beside the model: its share of the rate that a server allows, and its own CPU time for each request.

The server is a process of its own that answers with a fixed text, after 50 ms and for 64 requests at a time, or at once.

python benchmarks/endpoint.py [--requests 4000]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import time
from collections import deque
from multiprocessing.connection import Connection

from action100m.annotation import ANNOTATION_SCHEMA
from action100m.models.base import ChatMessage, ChatRequest
from action100m.models.endpoint import EndpointConfig
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


def ask(latency: float, count: int, *, concurrency: int) -> tuple[float, float]:
    """Return seconds on the clock, and CPU seconds of this process, for so many requests."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(latency, there), daemon=True)
    process.start()
    try:
        config = EndpointConfig(
            model="m", base_url=f"http://127.0.0.1:{here.recv()}/v1", concurrency=concurrency, max_tokens_in_flight=10**9, check=False
        )
        model = config.load()
        list(model.chat(_requests(concurrency)))
        requests, clock, cpu = _requests(count), time.perf_counter(), time.process_time()
        assert sum(reply.problem is None for reply in model.chat(requests)) == count
        return time.perf_counter() - clock, time.process_time() - cpu
    finally:
        process.kill()
        process.join()


def _requests(count: int) -> list[ChatRequest]:
    tree = Tree((Node("root", None, 0, 0.0, 8.0),))
    messages = (ChatMessage("system", PROMPT), ChatMessage("user", PROMPT))
    return [ChatRequest(str(number), messages, ANNOTATION_SCHEMA, tree, VideoMetadata()) for number in range(count)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=4000)
    count = parser.parse_args().requests
    possible = SLOTS / LATENCY
    for concurrency in (SLOTS, 2 * SLOTS):
        seconds, _ = ask(LATENCY, count, concurrency=concurrency)
        print(f"{SLOTS} slots of {LATENCY * 1000:.0f} ms, {concurrency:3} at once: {count / seconds:6.0f} of {possible:.0f} requests/s, "
              f"{count / seconds / possible:.2f} of the possible rate (goal {GOAL_RATE})")  # fmt: skip
    seconds, cpu = ask(0.0, count, concurrency=SLOTS)
    print(f"answered at once:              {count / seconds:6.0f} requests/s, {cpu / count * 1000:.2f} ms of our CPU for each (goal {GOAL_CPU_MS})")


if __name__ == "__main__":
    main()
