"""What a connection may take of the server before it is a request: a place of so many, seconds and bytes for its head.

uvicorn bounds neither: who opens thousands and says nothing, or one that sends headers without end, would stop all.
"""

from __future__ import annotations

import resource
from asyncio import TimerHandle, Transport
from contextlib import suppress
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

CONNECTIONS = 2000  # at once; who asks beyond is answered 503
MOST = CONNECTIONS + 200  # beyond, they are closed unheard
FILES = 2 * MOST  # each is one; the rest is Postgres's, and a broker's
HEAD_WITHIN = 10.0  # seconds, from the connection, or the first byte after an answer, to the end of the headers
BODY_WITHIN = 35.0  # seconds after that: later than the answer that says so (bodies.SECONDS_MOST)
HEAD_BYTES = 64 * 1024


class Bounded(HttpToolsProtocol):
    """uvicorn's, with an end to waiting."""

    _ends: TimerHandle | None = None
    _head: int | None = 0  # bytes of the head that is coming in; None: it is there

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Listen to it, if there is room."""
        super().connection_made(transport)
        if len(self.connections) > MOST:
            transport.abort()
            return
        self._end_within(HEAD_WITHIN)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._end_within(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take a head that is not too long."""
        if self._head is not None:
            self._head += len(data)
        super().data_received(data)
        if self._head is not None and self._head > HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The headers are too long.")
        if self._ends is None and self.cycle is not None and self.cycle.response_complete:
            self._end_within(HEAD_WITHIN)  # blank lines begin no request, and end uvicorn's own waiting

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self._head = 0
        self._end_within(HEAD_WITHIN)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its body may come."""
        self._head = None
        self._end_within(BODY_WITHIN)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """It is there; the answer takes what it takes."""
        self._end_within(None)
        super().on_message_complete()

    def _end_within(self, seconds: float | None) -> None:
        if self._ends is not None:
            self._ends.cancel()
        self._ends = None if seconds is None else self.loop.call_later(seconds, self._end)

    def _end(self) -> None:
        self.transport.abort()


def make_room() -> None:
    """Let the process have as many files open as there may be connections, where the system allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted: Any = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
