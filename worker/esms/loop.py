"""An exchange with one loop over all its sockets, without a thread for each; subclasses carry the requests.

It works only inside `take`. An answer that came between two calls is read before it is judged too late, so that a
caller who was held up (by Postgres, say) loses none.
"""

import os
from abc import abstractmethod
from collections import deque
from math import ceil, inf
from time import monotonic
from typing import Any
from weakref import WeakSet

from worker.esms.exchange import GRACE, Exchange, Finish, Finished, Prepared, held_up
from worker.esms.transport_types import Patience
from worker.esms.watching import Watcher

MOST = 800  # requests on the wire; most systems give a process 1024 files
_LOOK = 0.25  # seconds between two looks for requests that take too long
_AT_ONCE = 0.0005  # seconds: news that took longer than this to come were not there before we asked


class Loop(Exchange):
    """Keeps at most in_flight requests on the wire, and never more than 800.

    What stood in line for longer than a whole call may take is not sent, but comes back as NotTaken: whoever put it in
    was held up meanwhile, and may have lost the right to send it.
    """

    def __init__(self, finish: Finish, in_flight: int, patience: Patience, watcher: Watcher) -> None:
        self._finish = finish
        self._most = min(in_flight, MOST)
        self._patience = patience
        self._line: deque[tuple[float, object, Prepared[Any]]] = deque()  # with the moment until when it may be sent
        self._back: list[Finished[Any]] = []
        self._closed = False
        self._watcher = watcher
        self._look_at = 0.0
        self._heard_at = 0.0  # when we last asked for news
        self._nothing_until = 0.0  # up to then none of what we heard there had come
        self._look_every = min(_LOOK, patience.read / 4, patience.total / 4)
        _alive.add(self)

    @property
    def in_flight(self) -> int:
        return len(self._line) + self._on_the_wire + len(self._back)

    def put(self, tag: object, prepared: Prepared[Any], *, until: float = inf) -> None:
        if self._closed:
            raise RuntimeError("the exchange is closed")
        self._line.append((min(until, monotonic() + self._patience.total + GRACE), tag, prepared))

    def take(self, timeout: float, unless: int | None = None) -> list[Finished[Any]]:
        try:
            if unless is not None:
                self._watcher.add(unless)
            self._move_until(monotonic() + timeout, unless)
        except BaseException:  # raised by a signal, say, between any two steps
            self._tidy()
            raise
        finally:  # the file is the caller's
            if unless is not None:
                self._watcher.drop(unless)
        taken, self._back = self._back, []
        return taken

    def close(self) -> None:
        if not self._closed:
            self._line.clear()
            self._abandon()
            self._closed = True
            self._let_go()

    def _move_until(self, until: float, unless: int | None) -> None:
        left = until - monotonic()
        while not self._closed:
            interrupted = self._move(left, unless)
            left = until - monotonic()
            if self._back or interrupted or not self._on_the_wire or left <= 0:
                break

    def _move(self, wait: float, unless: int | None) -> bool:
        """Sends what there is room for, waits for news of a socket or a clock, and finishes what is over.

        True: there is something to read at `unless`.
        """
        self._launch()
        interrupted = self._listen(self._milliseconds(wait), unless)
        if (now := monotonic()) >= self._look_at:
            self._look_at = now + self._look_every
            interrupted |= self._listen(0, unless)  # after being frozen: first read what has come meanwhile
            self._look(now)
        self._launch()
        return interrupted

    def _listen(self, milliseconds: int, unless: int | None) -> bool:
        news = self._news(milliseconds)
        interrupted = news.pop(unless, 0) if unless is not None else 0
        for socket, events in news.items():
            self._hear(socket, events)
        self._collect()
        return bool(interrupted)

    def _news(self, milliseconds: int) -> dict[int, int]:
        asked_at = monotonic()
        news = self._watcher.news(milliseconds)
        now = monotonic()
        self._nothing_until = now if now - asked_at > _AT_ONCE else self._heard_at
        self._heard_at = now
        return news

    def _unheard(self, begun: float) -> float:
        """For how many of the last seconds nobody listened, so that the answer to this request may have been there."""
        return max(0.0, self._heard_at - max(begun, self._nothing_until))

    def _launch(self) -> None:
        while self._line and self._on_the_wire < self._most:
            send_until, tag, prepared = self._line.popleft()
            if monotonic() < send_until:
                self._send(tag, prepared, send_until)
            else:
                self._back.append(held_up(self._finish, tag, prepared))

    def _milliseconds(self, wait: float) -> int:
        if self._back or not self._on_the_wire:
            return 0
        now = monotonic()
        return max(0, ceil(1000 * min(wait, self._wakes_at() - now, self._look_at - now)))

    # What a transport does...

    @property
    @abstractmethod
    def _on_the_wire(self) -> int:
        """How many have left the line and are not over."""

    @abstractmethod
    def _send(self, tag: object, prepared: Prepared[Any], until: float) -> None:
        """Puts one on the wire. until: later than that nothing of it may go out."""

    @abstractmethod
    def _hear(self, socket: int, events: int) -> None:
        """There is news of one of its sockets."""

    @abstractmethod
    def _look(self, now: float) -> None:
        """Ends what takes too long."""

    @abstractmethod
    def _abandon(self) -> None:
        """Ends what is on the wire, whatever became of it."""

    @abstractmethod
    def _let_go(self) -> None:
        """Closes what it holds; nothing is on the wire any more."""

    @abstractmethod
    def _leave_to_parent(self) -> None:
        """This is a forked child: it must neither use the connections nor end them."""

    def _collect(self) -> None:
        """Finishes what is over and did not say so by a socket."""

    def _tidy(self) -> None:
        """Sets right what an exception left halfway; the request that it came over is lost."""

    def _wakes_at(self) -> float:
        """When it has to move although no socket has news."""
        return inf


_alive: WeakSet[Loop] = WeakSet()


def _leave_all_to_parent() -> None:
    for exchange in _alive:
        exchange._leave_to_parent()
        exchange._line, exchange._back = deque(), []
        exchange._closed = True


os.register_at_fork(after_in_child=_leave_all_to_parent)
