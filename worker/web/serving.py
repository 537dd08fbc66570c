"""The process that serves: uvicorn, bounded."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from worker.actor import acting
from worker.settings import Settings
from worker.web.app import make_app
from worker.web.connections import CONNECTIONS, Bounded, make_room
from worker.web.listening import listening

IDLE = 15  # seconds that a connection without a request is kept
GRACE = 30  # seconds for requests under way when it is told to end


class _Told:
    """What the application has told is not told again: a traceback in uvicorn's log may quote a person's text."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(Exception) if scope["type"] == "http" else nullcontext():
            await self._app(scope, receive, send)


class _Peer:
    """Remembers whose connection it is, before a proxy's headers are believed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope.get("client"):
            scope["peer"] = scope["client"][0]
        await self._app(scope, receive, send)


class Server(uvicorn.Server):
    """Says when it listens, and where."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[int], object]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready(self.servers[0].sockets[0].getsockname()[1])


def serve(
    settings: Settings, host: str, port: int, *, proxies: Sequence[str] = (), ready: Callable[[int], object] = int
) -> int:
    """Serve until SIGTERM or Ctrl-C; the exit code. proxies: addresses whose X-Forwarded-* headers are believed.

    ready: called with the port once it listens. Raises Unavailable where it can't listen there.
    """
    with listening(host, port) as sockets:
        make_room()
        server = Server(_configured(settings, proxies), ready)
        with _told_once(), acting(None):  # who started it is not who asks it
            server.run(sockets)
    return 0 if server.started else 1


def _configured(settings: Settings, proxies: Sequence[str]) -> uvicorn.Config:
    app = _Told(make_app(settings))
    return uvicorn.Config(
        _Peer(ProxyHeadersMiddleware(app, list(proxies)) if proxies else app),  # type: ignore[arg-type]
        http=Bounded,
        ws="none",
        access_log=False,  # an address may name a person's number
        log_level="warning",
        server_header=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=IDLE,
        timeout_graceful_shutdown=GRACE,
        proxy_headers=False,
    )


@contextmanager
def _told_once() -> Iterator[None]:
    """uvicorn raises the signal that ended it once more when it has ended: for us it has done its work."""
    before = {number: signal.signal(number, _nothing) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _nothing(*_: object) -> None:
    """Stand in for the handler that would end us."""
