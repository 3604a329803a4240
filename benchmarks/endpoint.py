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


def serve(latency: float, told: Connection) -> None:
    """Answer for ever; the port is told first."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.split(b":")[1]))
        async with slots:
            if latency:
                await asyncio.sleep(latency)
        writer.write(REPLY)
        writer.close()

    async def listen() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=1024)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    slots = asyncio.Semaphore(SLOTS)
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
