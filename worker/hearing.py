"""Redis tells at once that a bell was rung, whom it would else have to be asked by every few milliseconds.

A connection of its own, on which Redis (6 and newer) writes when the bell's mark changes: its client-side caching. Of
what it writes nobody reads more than that it did. It does so once for each time that it was asked whether the mark is
there: what is written to a process that has nothing to do, and so does not read, would pile up in Redis. Where that
can't be had, who listens goes on asking.
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
MUTED = 30.0  # seconds without a try after it could not be had
NOT_RUNG = b":0\r\n"  # what Redis answers where the mark is not there
ENDS = (b"", b"-")  # so begins what it says last: nothing, or that it refuses
# Hardly anything is written here: only so is it found out that the way to Redis is cut. Seconds, seconds, times; and
# milliseconds, since nothing of it holds while what was written is not acknowledged.
ALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 25_000}


class Hearing:
    """For one bell and one thread."""

    def __init__(self, redis_url: str | None, task: Task) -> None:
        self._redis_url, self._mark = redis_url, mark_of(task)
        self._connection: Any = None
        self._expects = False
        self._muted_until = 0.0

    @property
    def socket(self) -> int | None:
        """There is something to read here once the bell may have been rung; None: ask."""
        return None if self._connection is None else int(self._connection._sock.fileno())

    def attend(self) -> None:
        """Be told from now on, if that can be had. Nobody may have read since the last time."""
        self.news()
        if self._connection is None and self._redis_url and time.monotonic() >= self._muted_until:
            try:
                self._connection, self._expects = _attentive(self._redis_url, self._mark), False
            except Exception:  # noqa: BLE001 — whatever it is, asking goes on without it, and tells of a Redis that is away
                self._muted_until = time.monotonic() + MUTED
        self.expect()

    def expect(self) -> None:
        """Once there was news: be told of the next ring, too. Nobody waits for the answer: it is news where it tells of
        one that came meanwhile.
        """
        if self._connection is not None and not self._expects:
            try:
                self._connection._sock.sendall(b"".join(self._connection.pack_command("EXISTS", self._mark)))
                self._expects = True
            except OSError:
                self.close()

    def news(self) -> bool:
        """Has anything come since it was last asked? If not, nobody rang. If so, nothing more comes until `expect`."""
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
