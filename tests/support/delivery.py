"""A server that knows which of its replies it has sent whole, and Ctrl-C at a chosen moment."""

from __future__ import annotations

import json
import random
import signal
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of the tests."""


class DeliveryServer:
    """Answers each chat request with its number, after a random wait of at most `slowest` seconds. Used with `with`."""

    def __init__(self, slowest: float, *, text: Callable[[int], str] = str, fails_at: int | None = None) -> None:
        """fails_at: the request that is refused as if the key were wrong."""
        self.asked: list[str] = []
        self.delivered: list[tuple[float, str]] = []
        """Monotonic seconds after the last byte was sent, and what was sent."""
        chance, lock = random.Random(0), threading.Lock()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with lock:
                    owner.asked.append(body.decode())
                    number, wait = len(owner.asked), chance.random() * slowest
                time.sleep(wait)
                answer = text(number)
                value: dict[str, Any] = {"choices": [{"message": {"content": answer}, "finish_reason": "stop"}]}
                reply = json.dumps(value).encode()
                status = b"401 No" if number == fails_at else b"200 OK"
                self.connection.sendall(b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status, len(reply), reply))
                if number != fails_at:
                    owner.delivered.append((time.monotonic(), answer))
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def delivered_before(self, moment: float) -> set[str]:
        return {text for at, text in list(self.delivered) if at < moment}


def press_ctrl_c(when: Callable[[], bool], pressed: list[float]) -> None:
    """Press Ctrl-C in the main thread once a condition holds; `pressed` gets the moment before."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background job lacks

    def wait_and_press() -> None:
        begun = time.monotonic()
        while not when() and time.monotonic() - begun < 20:
            time.sleep(0.0005)
        pressed.append(time.monotonic())
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    threading.Thread(target=wait_and_press, daemon=True).start()
