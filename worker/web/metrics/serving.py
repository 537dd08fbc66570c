"""The process that is asked: a thread for each question, few at once, none for long."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from socketserver import TCPServer, ThreadingMixIn
from threading import BoundedSemaphore, Event, Thread, Timer
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import CollectorRegistry, make_wsgi_app

from worker.api.reports import Reports
from worker.database import Database
from worker.settings import Settings
from worker.web.listening import cannot_listen
from worker.web.metrics.asking import Asked

CONNECTIONS = 32  # at once; beyond, they are closed unheard
SILENT = 10.0  # seconds in which nothing comes
LONGEST = 60.0  # seconds from the first byte to the last
LIMITS = {"statement_timeout": "8s"}  # a scrape waits ten, and another follows

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def serve_metrics(
    settings: Settings, host: str, port: int, *, ready: Callable[[int], object] = int, tell: Callable[[str], object]
) -> int:
    """Answer until SIGTERM or Ctrl-C; the exit code. Raises Unavailable where it can't listen there.

    ready: called with the port once it listens. tell: hears that Postgres is away, and that it is back.
    """
    with Database(settings.database_url, pool_size=1, limits=LIMITS) as database:
        registry = CollectorRegistry()
        registry.register(Asked(Reports(database, settings), tell))
        with _listening(host, port) as server:
            server.set_app(_routed(make_wsgi_app(registry)))
            _serve_until_told(server, ready)
    return 0


def _serve_until_told(server: _Server, ready: Callable[[int], object]) -> None:
    told = Event()
    before = {number: signal.signal(number, lambda *_: told.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        ready(server.server_port)
        told.wait()
    finally:
        server.shutdown()
        for number, handler in before.items():
            signal.signal(number, handler)


def _routed(metrics: Application) -> Application:
    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/metrics":
            return metrics(environ, start)
        is_livez = environ["PATH_INFO"] == "/livez"
        start("200 OK" if is_livez else "404 Not Found", [("Content-Type", "application/json")])
        return [b'{"status":"ok"}' if is_livez else b'{"status":"ask for /metrics or /livez"}']

    return answer


class _Handler(WSGIRequestHandler):
    timeout = SILENT

    def log_message(self, *_: object) -> None:
        """An address is nobody's business."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 2 * CONNECTIONS

    def __init__(self, family: int, address: Any) -> None:
        self.address_family = family
        self._room = BoundedSemaphore(CONNECTIONS)
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Without asking DNS for our own name."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]
        self.setup_environ()

    def process_request(self, request: Any, client_address: Any) -> None:
        """If there is room."""
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """And not for ever: one byte in a while would keep the place."""
        end = Timer(LONGEST, _end, [request])
        end.daemon = True
        end.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            end.cancel()
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who goes away is no news."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def _end(request: socket.socket) -> None:
    with suppress(OSError):
        request.shutdown(socket.SHUT_RDWR)


def _listening(host: str, port: int) -> _Server:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, *_, address = min(found, key=lambda each: each[0] != socket.AF_INET)
        return _Server(family, address)
    except OSError as error:
        raise cannot_listen(host, port, error) from None
