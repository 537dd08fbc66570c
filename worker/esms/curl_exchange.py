"""An exchange on curl's multi interface: one loop over all sockets, no threads, a fraction of what they cost."""

import select
from math import inf
from time import monotonic
from typing import Any

import pycurl

from worker.esms import lost
from worker.esms.curl_connections import KeptConnections
from worker.esms.curl_handle import Handle
from worker.esms.exchange import Finish, Prepared
from worker.esms.loop import Loop
from worker.esms.route import Route
from worker.esms.transport_types import Patience
from worker.esms.watching import Watcher

_BROKEN = select.POLLERR | select.POLLHUP | select.POLLNVAL
_INTEREST = {
    pycurl.POLL_IN: select.POLLIN,
    pycurl.POLL_OUT: select.POLLOUT,
    pycurl.POLL_INOUT: select.POLLIN | select.POLLOUT,
}

_inherited: list[dict[str, Any]] = []  # what is the parent's, kept from being closed by ours


class CurlExchange(Loop):
    """Carried by curl. Closing waits for a name lookup under way."""

    def __init__(self, finish: Finish, in_flight: int, route: Route, patience: Patience) -> None:
        super().__init__(finish, in_flight, patience, Watcher())
        self._route = route
        self._busy: dict[Any, Handle] = {}  # by curl's own
        self._idle: list[Handle] = []
        self._kept = KeptConnections()
        self._multi = self._set_up()
        self._curl_at = inf  # when curl wants to be called although no socket has news

    def _set_up(self) -> Any:
        multi = pycurl.CurlMulti()
        multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        multi.setopt(pycurl.M_TIMERFUNCTION, self._wind)
        multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_NOTHING)
        multi.setopt(pycurl.M_MAXCONNECTS, self._most)
        multi.setopt(pycurl.M_MAX_TOTAL_CONNECTIONS, self._most)
        return multi

    def _abandon(self) -> None:
        for handle in list(self._busy.values()):
            self._over(handle, pycurl.E_ABORTED_BY_CALLBACK)

    def _let_go(self) -> None:
        for handle in self._idle:
            handle.curl.close()
        self._multi.close()

    # The loop...

    @property
    def _on_the_wire(self) -> int:
        return len(self._busy)

    def _launch(self) -> None:
        super()._launch()
        if monotonic() >= self._curl_at:
            self._curl_at = inf
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)

    def _wakes_at(self) -> float:
        return self._curl_at

    def _hear(self, socket: int, events: int) -> None:
        self._multi.socket_action(socket, _bits(events))

    def _send(self, tag: object, prepared: Prepared[Any], until: float) -> None:
        handle = self._idle.pop() if self._idle else Handle(self._route, self._patience, self._kept)
        handle.load(tag, prepared, until)
        self._busy[handle.curl] = handle
        self._multi.add_handle(handle.curl)

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

    def _look(self, now: float) -> None:
        for handle in [each for each in self._busy.values() if each.overdue(now)]:
            self._over(handle, pycurl.E_OPERATION_TIMEDOUT)

    def _over(self, handle: Handle, error: int) -> None:
        now = monotonic()
        assert handle.prepared is not None
        came = lost.held_up() if handle.late else handle.outcome(error, now)
        unheard = self._unheard(handle.begun)
        finished = self._finish(handle.tag, handle.prepared, handle.started_at, now - handle.begun, came, unheard)
        self._multi.remove_handle(handle.curl)  # of what was not at its end, curl closes the connection
        del self._busy[handle.curl]
        handle.unload()
        self._idle.append(handle)
        self._back.append(finished)

    def _leave_to_parent(self) -> None:
        """Nor may it be closed: TLS says goodbye on closing."""
        _inherited.append(vars(self).copy())
        self._busy, self._idle = {}, []

    # What curl calls...

    def _watch(self, interest: int, socket: int, _multi: Any, _data: Any) -> None:
        if interest == pycurl.POLL_REMOVE:
            self._watcher.drop(socket)
        else:
            self._watcher.add(socket, _INTEREST.get(interest, 0))

    def _wind(self, milliseconds: int) -> None:
        self._curl_at = inf if milliseconds < 0 else monotonic() + milliseconds / 1000


def _bits(news: int) -> int:
    """What poll() says of a socket, as curl wants to hear it."""
    readable = pycurl.CSELECT_IN if news & select.POLLIN else 0
    writable = pycurl.CSELECT_OUT if news & select.POLLOUT else 0
    return int(readable | writable | (pycurl.CSELECT_ERR if news & _BROKEN else 0))
