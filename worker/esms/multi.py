"""An exchange on curl's multi interface: one loop over all sockets, no threads, a fraction of what they cost.

It moves while somebody takes. An answer that came while nobody did is read before its time is judged, so that a caller
who was held up (by Postgres, say) loses no answer.
"""

import os
import select
from collections import deque
from math import ceil, inf
from time import monotonic
from typing import Any
from weakref import WeakSet

import pycurl

from worker.esms.connections import KeptConnections
from worker.esms.exchange import GRACE, Exchange, Finish, Finished, Prepared, held_up
from worker.esms.handle import Handle
from worker.esms.route import Route
from worker.esms.transport_types import Patience

MOST = 800  # requests on the wire; most systems give a process 1024 files
_LOOK = 0.25  # seconds between two looks for requests that take too long
_BROKEN = select.POLLERR | select.POLLHUP | select.POLLNVAL
_INTEREST = {
    pycurl.POLL_IN: select.POLLIN,
    pycurl.POLL_OUT: select.POLLOUT,
    pycurl.POLL_INOUT: select.POLLIN | select.POLLOUT,
}


class Multi(Exchange):
    """Keeps at most in_flight requests on the wire, and never more than 800.

    What stood in line longer than a whole call may take is not sent any more, but comes back as NotTaken: whoever put
    it in was held up meanwhile, and may have lost the right to send it. Closing waits for a name lookup under way.
    """

    def __init__(self, finish: Finish, in_flight: int, route: Route, patience: Patience) -> None:
        self._finish = finish
        self._most = min(in_flight, MOST)
        self._route, self._patience = route, patience
        self._line: deque[tuple[float, object, Prepared[Any]]] = deque()  # with the moment until when it may be sent
        self._busy: dict[Any, Handle] = {}  # by curl's own
        self._idle: list[Handle] = []
        self._back: list[Finished[Any]] = []
        self._kept = KeptConnections()
        self._closed = False
        self._poll = select.poll()
        self._multi = self._set_up()
        self._curl_at = inf  # when curl wants to be called although no socket has news
        self._look_at = 0.0
        self._look_every = min(_LOOK, patience.read / 4, patience.total / 4)
        _alive.add(self)

    def _set_up(self) -> Any:
        multi = pycurl.CurlMulti()
        multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        multi.setopt(pycurl.M_TIMERFUNCTION, self._wind)
        multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_NOTHING)
        multi.setopt(pycurl.M_MAXCONNECTS, self._most)
        multi.setopt(pycurl.M_MAX_TOTAL_CONNECTIONS, self._most)
        return multi

    @property
    def in_flight(self) -> int:
        return len(self._line) + len(self._busy) + len(self._back)

    def put(self, tag: object, prepared: Prepared[Any], *, until: float = inf) -> None:
        if self._closed:
            raise RuntimeError("the exchange is closed")
        self._line.append((min(until, monotonic() + self._patience.total + GRACE), tag, prepared))

    def take(self, timeout: float, unless: int | None = None) -> list[Finished[Any]]:
        if unless is not None:
            self._poll.register(unless, select.POLLIN)
        try:
            self._move_until(monotonic() + timeout, unless)
        finally:  # curl knows nothing of it
            if unless is not None:
                self._poll.unregister(unless)
        taken, self._back = self._back, []
        return taken

    def _move_until(self, until: float, unless: int | None) -> None:
        left = until - monotonic()
        while not self._closed:
            interrupted = self._move(left, unless)
            left = until - monotonic()
            if self._back or interrupted or not self._busy or left <= 0:
                break

    def close(self) -> None:
        if self._closed:
            return
        self._line.clear()
        for handle in list(self._busy.values()):
            self._over(handle, pycurl.E_ABORTED_BY_CALLBACK)
        self._closed = True
        for handle in self._idle:
            handle.curl.close()
        self._multi.close()

    # The loop...

    def _move(self, wait: float, unless: int | None) -> bool:
        """Sends what there is room for, waits for news of a socket or a clock, and finishes what is over.

        True: there is news where it is not ours to read.
        """
        self._launch()
        news = dict(self._poll.poll(self._milliseconds(wait)))
        interrupted = news.pop(unless, 0) if unless is not None else 0
        for socket, events in news.items():
            self._multi.socket_action(socket, _bits(events))
        self._collect()
        if monotonic() >= self._look_at:
            self._look()
        self._launch()
        return bool(interrupted)

    def _launch(self) -> None:
        while self._line and len(self._busy) < self._most:
            send_until, tag, prepared = self._line.popleft()
            if monotonic() < send_until:
                self._send(tag, prepared)
            else:
                self._back.append(held_up(self._finish, tag, prepared))
        if monotonic() >= self._curl_at:
            self._curl_at = inf
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)

    def _send(self, tag: object, prepared: Prepared[Any]) -> None:
        handle = self._idle.pop() if self._idle else Handle(self._route, self._patience, self._kept)
        handle.load(tag, prepared)
        self._busy[handle.curl] = handle
        self._multi.add_handle(handle.curl)

    def _milliseconds(self, wait: float) -> int:
        if self._back or not self._busy:
            return 0
        now = monotonic()
        return max(0, ceil(1000 * min(wait, self._curl_at - now, self._look_at - now)))

    def _collect(self) -> None:
        _, done, failed = self._multi.info_read()
        for curl in done:
            self._over(self._busy[curl], 0)
        for curl, error, _text in failed:
            handle = self._busy[curl]
            if handle.stale:
                self._again(handle)
            else:
                self._over(handle, error)

    def _again(self, handle: Handle) -> None:
        """Its connection turned out dead before anything of the request went out."""
        self._multi.remove_handle(handle.curl)
        handle.refresh()
        self._multi.add_handle(handle.curl)

    def _look(self) -> None:
        now = monotonic()
        self._look_at = now + self._look_every
        for handle in [each for each in self._busy.values() if each.overdue(now)]:
            self._over(handle, pycurl.E_OPERATION_TIMEDOUT)

    def _over(self, handle: Handle, error: int) -> None:
        now = monotonic()
        assert handle.prepared is not None
        came = handle.outcome(error, now)
        finished = self._finish(handle.tag, handle.prepared, handle.started_at, now - handle.begun, came)
        self._multi.remove_handle(handle.curl)  # of what was not at its end, curl closes the connection
        del self._busy[handle.curl]
        handle.unload()
        self._idle.append(handle)
        self._back.append(finished)

    # What curl calls...

    def _watch(self, interest: int, socket: int, _multi: Any, _data: Any) -> None:
        if interest == pycurl.POLL_REMOVE:
            self._poll.unregister(socket)
        else:
            self._poll.register(socket, _INTEREST.get(interest, 0))

    def _wind(self, milliseconds: int) -> None:
        self._curl_at = inf if milliseconds < 0 else monotonic() + milliseconds / 1000


def _bits(news: int) -> int:
    """What poll() says of a socket, as curl wants to hear it."""
    readable = pycurl.CSELECT_IN if news & select.POLLIN else 0
    writable = pycurl.CSELECT_OUT if news & select.POLLOUT else 0
    return int(readable | writable | (pycurl.CSELECT_ERR if news & _BROKEN else 0))


# After a fork the child must neither use the parent's connections nor close them: TLS says goodbye on closing.
_alive: WeakSet[Multi] = WeakSet()
_inherited: list[dict[str, Any]] = []


def _leave_the_parents_alone() -> None:
    for exchange in _alive:
        _inherited.append(vars(exchange).copy())
        exchange._line, exchange._busy, exchange._idle, exchange._back = deque(), {}, [], []
        exchange._closed = True


os.register_at_fork(after_in_child=_leave_the_parents_alone)
