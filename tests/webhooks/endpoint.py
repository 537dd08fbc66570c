"""An application that is called: what it got, and what it answers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class Endpoint:
    """answer: a status for each call, or what is done with the connection instead."""

    url: str = ""
    answer: Callable[[BaseHTTPRequestHandler], int | None] = lambda _: 200
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def types(self) -> list[str]:
        """In the order in which they came."""
        return [json.loads(body)["type"] for _, body in self.calls]

    def data(self) -> list[dict[str, Any]]:
        return [json.loads(body)["data"] for _, body in self.calls]


@contextmanager
def listening() -> Iterator[Endpoint]:
    endpoint = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            endpoint.calls.append(({name.lower(): value for name, value in self.headers.items()}, body))
            if (status := endpoint.answer(self)) is not None:
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

        def log_message(self, *_: object) -> None:
            """Not to the terminal."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 1024  # or some of many at once would be reset

    server = Server(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    endpoint.url = f"http://127.0.0.1:{server.server_port}/esms"
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()


def drips(handler: BaseHTTPRequestHandler) -> None:
    """A header that never ends."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    try:
        while True:
            handler.wfile.write(b"x")
            time.sleep(0.05)
    except OSError:
        handler.close_connection = True


def floods(handler: BaseHTTPRequestHandler) -> None:
    """Ten megabytes of an answer."""
    handler.close_connection = True
    try:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10000000\r\n\r\n" + b"x" * 10_000_000)
    except OSError:
        return
