"""Have Redis say at once that a bell was rung, rather than ask it every few milliseconds.

On a connection of its own Redis (6 and newer) is asked whether the bell's mark is there, and then writes once when that
changes: its client-side caching. Only the fact that it wrote is looked at, never what. It is asked anew (`expect`) only
while somebody listens, for what is written to an idle process that does not read would pile up in Redis. Where this
can't be had, the listener asks every few milliseconds after all.
"""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from ssl import SSLWantReadError
from typing import Any

from worker.bell import mark_of
from worker.queues import Task

PATIENCE = 0.5  # seconds for Redis
MUTED = 30.0  # seconds until it is tried again after it could not be had
NOT_RUNG = b":0\r\n"  # what Redis answers where the mark is not there
ENDS = (b"", b"-")  # how the last thing begins that it says: nothing (it hung up), or an error
# Hardly anything is ever written here, so keepalives alone find out that the way to Redis is cut (seconds, seconds,
# times). They rest while something written waits to be acknowledged: then TCP_USER_TIMEOUT counts (milliseconds).
ALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 25_000}


class BellWatch:
    """Watches one bell, in one thread."""

    def __init__(self, redis_url: str | None, task: Task) -> None:
        self._redis_url, self._mark = redis_url, mark_of(task)
        self._connection: Any = None
        self._expects = False
        self._muted_until = 0.0

    @property
    def socket(self) -> int | None:
        """The file to wait at: something to read there means that the bell may have been rung. None: ask instead."""
        return None if self._connection is None else int(self._connection._sock.fileno())

    def attend(self) -> None:
        """Be told of the next ring, if that can be had. What came while nobody listened is dropped: look for work."""
        self.news()
        if self._connection is None and self._redis_url and time.monotonic() >= self._muted_until:
            try:
                self._connection, self._expects = _attentive(self._redis_url, self._mark), False
            except Exception:  # noqa: BLE001 — whatever it is, asking works without, and tells of a Redis that is away
                self._muted_until = time.monotonic() + MUTED
        self.expect()

    def expect(self) -> None:
        """After news: be told of the next ring as well.

        Nobody waits for Redis's answer: if it says that the mark is there already, that is news itself.
        """
        if self._connection is not None and not self._expects:
            try:
                self._connection._sock.sendall(b"".join(self._connection.pack_command("EXISTS", self._mark)))
                self._expects = True
            except OSError:
                self.close()

    def news(self) -> bool:
        """Has anything come since the last look, or was the line cut? If neither, nobody rang. Then `expect` anew."""
        came = False
        try:
            while self._connection is not None and (said := self._connection._sock.recv(4096))[:1] not in ENDS:
                came = came or said.replace(NOT_RUNG, b"") != b""
        except (BlockingIOError, SSLWantReadError):
            self._expects = self._expects and not came
            return came
        except OSError:
            pass
        self.close()
        return True

    def close(self) -> None:
        """Give the connection back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(OSError):
                connection.disconnect()


def _attentive(redis_url: str, mark: str) -> Any:
    from redis import Redis

    options: dict[str, Any] = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE}
    if not redis_url.startswith("unix"):
        known = {getattr(socket, name): value for name, value in ALIVE.items() if hasattr(socket, name)}
        options |= {"socket_keepalive": True, "socket_keepalive_options": known}
    connection: Any = Redis.from_url(redis_url, protocol=3, **options).connection_pool.make_connection()
    connection.connect()
    for command in (("CLIENT", "TRACKING", "ON"), ("EXISTS", mark)):
        connection.send_command(*command)
        connection.read_response()  # raises what it refuses
    connection._sock.setblocking(False)
    return connection
