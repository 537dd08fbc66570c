"""An exchange of threads: each carries one request at a time through requests.

Needs nothing that is not installed anyway; what it costs is in docs/speed.md.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any

from worker.esms.exchange import GRACE, Exchange, Finish, Finished, Prepared, held_up
from worker.esms.transport_types import Patience

Call = Callable[[object, Prepared[Any]], Finished[Any]]


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
        self._closed = False

    @property
    def in_flight(self) -> int:
        return self._out

    def put(self, tag: object, prepared: Prepared[Any]) -> None:
        if self._closed:
            raise RuntimeError("the exchange is closed")
        self._out += 1
        self._line.put((monotonic() + self._in_line_most, tag, prepared))
        if self._threads < min(self._most, self._out):
            self._threads += 1
            threading.Thread(target=self._carry, name=f"esms-{self._threads}", daemon=True).start()

    def take(self, timeout: float) -> list[Finished[Any]]:
        taken: list[Finished[Any]] = []
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

    def _carry(self) -> None:
        while (job := self._line.get()) is not None and not self._closed:
            send_until, tag, prepared = job
            if monotonic() < send_until:
                self._back.put(self._call(tag, prepared))
            else:
                self._back.put(held_up(self._finish, tag, prepared))
