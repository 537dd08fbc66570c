"""An exchange of threads: each carries one request at a time through requests.

Needs nothing that is not installed anyway; what it costs is in docs/speed.md.
"""

import select
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from math import ceil, inf
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any

from worker.esms.exchange import GRACE, Exchange, Finish, Finished, Prepared, held_up
from worker.esms.transport_types import Patience

Call = Callable[[object, Prepared[Any], float], Finished[Any]]  # float: until when it may be sent


class Threads(Exchange):
    """Keeps at most in_flight requests on the wire, one to a thread, started as they are needed.

    What stood in line too long comes back as NotTaken.
    """

    def __init__(self, call: Call, finish: Finish, in_flight: int, patience: Patience) -> None:
        self._call, self._finish = call, finish
        self._in_line_most = patience.total + GRACE
        self._most = in_flight
        self._threads = 0
        self._out = 0
        self._line: SimpleQueue[tuple[float, object, Prepared[Any]] | None] = SimpleQueue()
        self._back: SimpleQueue[Finished[Any]] = SimpleQueue()
        self._nudge: tuple[socket.socket, socket.socket] | None = None  # what a thread writes here ends our waiting
        self._closed = False

    @property
    def in_flight(self) -> int:
        return self._out

    def put(self, tag: object, prepared: Prepared[Any], *, until: float = inf) -> None:
        if self._closed:
            raise RuntimeError("the exchange is closed")
        self._out += 1
        self._line.put((min(until, monotonic() + self._in_line_most), tag, prepared))
        if self._threads < min(self._most, self._out):
            self._hire()

    def _hire(self) -> None:
        """Where no thread can be had, those that are there do it; where there is none, whoever takes."""
        with suppress(RuntimeError):
            threading.Thread(target=self._carry_all, name=f"esms-{self._threads + 1}", daemon=True).start()
            self._threads += 1

    def take(self, timeout: float, unless: int | None = None) -> list[Finished[Any]]:
        taken: list[Finished[Any]] = []
        if not self._threads and not self._closed:
            with suppress(Empty):
                self._carry(*self._line.get_nowait())  # type: ignore[misc]  # None is put there by closing alone
        if unless is not None and not self._closed:
            self._wait(timeout, unless)
            timeout = 0
        with suppress(Empty):
            taken.append(self._back.get(timeout=timeout) if timeout > 0 else self._back.get_nowait())
            while True:
                taken.append(self._back.get_nowait())
        self._out -= len(taken)
        return taken

    def close(self) -> None:
        self._closed = True
        for _ in range(self._threads):
            self._line.put(None)
        for each in self._nudge or ():
            each.close()

    def _wait(self, timeout: float, unless: int) -> None:
        """For whichever comes first: an answer, or something to read there."""
        if self._nudge is None:
            self._nudge = socket.socketpair()
            for each in self._nudge:
                each.setblocking(False)
        with suppress(BlockingIOError):
            self._nudge[0].recv(4096)
        if self._back.empty():  # asked only now: whoever puts one there from here on nudges us
            poll = select.poll()
            poll.register(self._nudge[0], select.POLLIN)
            poll.register(unless, select.POLLIN)
            poll.poll(ceil(1000 * timeout))

    def _carry_all(self) -> None:
        while (job := self._line.get()) is not None and not self._closed:
            self._carry(*job)

    def _carry(self, send_until: float, tag: object, prepared: Prepared[Any]) -> None:
        if monotonic() < send_until:
            self._back.put(self._call(tag, prepared, send_until))
        else:
            self._back.put(held_up(self._finish, tag, prepared))
        if self._nudge is not None:
            with suppress(OSError):  # there are nudges enough, or it is closed
                self._nudge[1].send(b"\0")
