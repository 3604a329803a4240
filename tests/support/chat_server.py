"""A real HTTP server on this machine that speaks the OpenAI chat protocol, and misbehaves on demand."""

from __future__ import annotations

import io
import json
import socket
import struct
import threading
import time
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image


@dataclass(frozen=True)
class Asked:
    """One request for a chat completion, as the server saw it."""

    body: dict[str, Any]
    headers: Mapping[str, str]
    at: float
    """Monotonic seconds."""

    @property
    def text(self) -> str:
        """All messages, one after the other."""
        return "\n".join(_text_of(message["content"]) for message in self.body["messages"])

    @property
    def last(self) -> str:
        """The message to be answered."""
        return _text_of(self.body["messages"][-1]["content"])

    @property
    def urls(self) -> list[str]:
        """The data URLs of the last message's pictures and clips."""
        return [part[part["type"]]["url"] for part in self.body["messages"][-1]["content"] if part["type"] != "text"]

    @property
    def pictures(self) -> list[NDArray[np.uint8]]:
        """The pictures of the last message, decoded."""
        return [np.asarray(Image.open(io.BytesIO(read_url(url, "image/jpeg")))) for url in self.urls]


def read_url(url: str, media_type: str) -> bytes:
    """Return what a data URL holds."""
    head, _, data = url.partition(",")
    assert head == f"data:{media_type};base64"
    return b64decode(data, validate=True)


def _text_of(content: str | list[dict[str, Any]]) -> str:
    return content if isinstance(content, str) else "\n".join(part["text"] for part in content if part["type"] == "text")


@dataclass(frozen=True)
class Answer:
    """What the server sends."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    delay: float = 0.0
    """Seconds before it is sent."""
    sent: int | None = None
    """Bytes of the body after which the connection is reset; None sends all."""
    copies: int = 1
    """How often it is sent, one right after the other."""


def completion(
    text: str | None, *, finish_reason: str = "stop", delay: float = 0.0, sent: int | None = None, copies: int = 1, cached: int = 0, **message: Any
) -> Answer:
    """A completion that says `text`. Further keywords, such as `reasoning_content` and `refusal`, become fields of the message."""
    value = {
        "id": "completion",
        "object": "chat.completion",
        "created": 0,
        "model": "test-model",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text, **message}, "finish_reason": finish_reason}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10, "prompt_tokens_details": {"cached_tokens": cached}},
    }
    return Answer(json.dumps(value).encode(), delay=delay, sent=sent, copies=copies)


def error(status: int, message: str = "it went wrong", **headers: str) -> Answer:
    """An error as the protocol tells it."""
    body = json.dumps({"error": {"message": message, "type": "error", "code": None}}).encode()
    return Answer(body, status, {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}})


def html(status: int) -> Answer:
    """A page as a proxy sends it."""
    return Answer(b"<html><body><h1>It works!</h1></body></html>", status, {"Content-Type": "text/html"})


class ChatServer:
    """Answers every chat request with what `behave` makes of it. Used with `with`; `asked` is the list of what came, in order of arrival."""

    def __init__(
        self, behave: Callable[[Asked], Answer], *, models: Sequence[str] = ("test-model",), listing: Answer | None = None, port: int = 0
    ) -> None:
        names = {"object": "list", "data": [{"id": name, "object": "model", "created": 0, "owned_by": "test"} for name in models]}
        self.behave = behave
        self.listing = listing or Answer(json.dumps(names).encode())
        self.asked: list[Asked] = []
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = _Server(("127.0.0.1", port), _handler_for(self))

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, body: dict[str, Any], headers: Mapping[str, str]) -> Answer:
        with self._lock:
            asked = Asked(body, headers, time.monotonic())
            self.asked.append(asked)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            answer = self.behave(asked)
            self._closing.wait(answer.delay)
            return answer
        finally:
            with self._lock:
                self._at_once -= 1


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of the tests."""


def _handler_for(owner: ChatServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._send(owner.listing if self.path == "/v1/models" else error(404, f"no {self.path} here"))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._send(
                owner.answer(body, {name.lower(): value for name, value in self.headers.items()})
                if self.path == "/v1/chat/completions"
                else error(404, f"no {self.path} here")
            )

        def _send(self, answer: Answer) -> None:
            for _ in range(answer.copies):
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body[: answer.sent])
            if answer.sent is not None:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close with a reset
                self.connection.close()
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Tests read `asked` instead."""

    return Handler
