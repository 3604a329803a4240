"""A server of `action100m serve` at work in a thread, asked by a plain client that sends what no browser would."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from action100m.viewer.server import make_app


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Served:
    port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, **headers: str) -> Reply:
        """Send a path as it is, byte by byte."""
        return self.send("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def send(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            given = {"Host": f"127.0.0.1:{self.port}", **(headers or {})}
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in given.items():
                connection.putheader(name, value)
            if body is not None and "Content-Length" not in given:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            found = connection.getresponse()
            return Reply(found.status, {name.lower(): value for name, value in found.getheaders()}, found.read())
        finally:
            connection.close()

    def mark(self, uid: str, node: str | None, field: str | None, mark: str | None, text: str | None = None, **headers: str) -> Reply:
        body = json.dumps({"uid": uid, "node": node, "field": field, "mark": mark, "text": text}).encode()
        own = {"Content-Type": "application/json", "X-Action100m": "1", "Origin": self.address}
        return self.send("POST", "/marks", body, {name: value for name, value in {**own, **headers}.items() if value})

    def wait(self, path: str, done: Any, seconds: float = 20) -> Any:
        """Ask until an answer is the one hoped for."""
        deadline = time.monotonic() + seconds
        while not done(found := self.get(path)):
            assert time.monotonic() < deadline, found.text[:500]
            time.sleep(0.05)
        return found


@contextmanager
def open_server(source: Any, **options: Any) -> Iterator[Served]:
    """Serve a data set while the block runs. Texts are not indexed unless that is asked for."""
    import uvicorn

    app = make_app(source, **{"search_texts": False, "reviewer": "ann", **options})
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", ws="none", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.01)
    try:
        yield Served(server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive(), "the server does not end"
