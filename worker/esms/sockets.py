"""An exchange over sockets of our own: the least that a request can cost. requests only makes the connections.

A request is written by one call of the system's and its answer read by another; in between nothing is asked of anybody.
"""

import select
import socket
import threading
from collections import defaultdict
from contextlib import suppress
from math import inf
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any

from worker.esms import lost
from worker.esms.conversation import Conversation, Request
from worker.esms.errors import EsmsError, NotTaken
from worker.esms.exchange import Finish, Prepared, held_up
from worker.esms.loop import Loop
from worker.esms.route import IDLE
from worker.esms.transport_types import Address, HttpAnswer, Patience
from worker.esms.watching import Watcher, quickest
from worker.esms.wire import Wire

_DIALLERS = 64  # threads that make connections; each is needed for as long as that takes
_LOOK_HOLDS = 0.0005  # seconds for which a look at all idle connections is believed: less than news of one's end takes


class Sockets(Loop):
    """Keeps its connections; a new one is made by a thread, for one request. Nothing is ever sent twice."""

    def __init__(self, finish: Finish, in_flight: int, wire: Wire, patience: Patience) -> None:
        super().__init__(finish, in_flight, patience, quickest())
        self._wire = wire
        self._to_connect = min(patience.connect, patience.total)  # seconds
        self._addresses: dict[str, Address] = {}  # by URL
        self._open: dict[int, Conversation] = {}  # by file
        self._idle: dict[str, list[Conversation]] = defaultdict(list)  # by origin
        self._busy = 0
        self._looked_at = -inf  # when it last looked which idle connections are dead
        self._dialling: set[Request] = set()
        self._diallers = 0
        self._start_over()

    def _start_over(self) -> None:
        """What threads and we tell each other by; a forked child must not touch its parent's."""
        self._to_dial: SimpleQueue[Request | None] = SimpleQueue()
        self._dialled: SimpleQueue[tuple[Request, socket.socket | NotTaken]] = SimpleQueue()
        self._nudge = socket.socketpair()  # what a thread writes here ends our waiting
        self._nudging = threading.Lock()
        for each in self._nudge:
            each.setblocking(False)
        self._watcher.add(self._nudge[0].fileno())

    def _abandon(self) -> None:
        for each in [each for each in self._open.values() if each.request]:
            each.lose(lost.BROKEN)
            self._over(each)
        for request in list(self._dialling):
            self._give_up(request, "the exchange was closed")

    def _let_go(self) -> None:
        for each in self._open.values():
            each.close()
        for _ in range(self._diallers):
            self._to_dial.put(None)
        self._hang_up()
        with self._nudging:  # or a thread might write to whoever is given the same file number next
            for end in self._nudge:
                end.close()

    def _leave_to_parent(self) -> None:
        """Our copies of its sockets may be closed: TLS says nothing on closing here."""
        self._watcher = Watcher()
        for each in self._open.values():
            each.close()
        for end in self._nudge:
            end.close()
        self._open, self._dialling, self._busy, self._diallers = {}, set(), 0, 0
        self._to_dial, self._dialled = SimpleQueue(), SimpleQueue()

    # The loop...

    @property
    def _on_the_wire(self) -> int:
        return self._busy + len(self._dialling)

    def _send(self, tag: object, prepared: Prepared[Any], until: float) -> None:
        request = Request(tag, prepared, self._address(prepared.parcel.url), until)
        if conversation := self._kept(request.address.origin):
            self._say(conversation, request)
        else:
            self._dial(request)

    def _address(self, url: str) -> Address:
        if (address := self._addresses.get(url)) is None:
            self._addresses[url] = address = self._wire.address(url)
        return address

    def _kept(self, origin: str) -> Conversation | None:
        """A connection on which nothing has come unasked, right before it is used: what has, is its end."""
        now = monotonic()
        if now - self._looked_at > _LOOK_HOLDS:  # one for all that go out together
            self._bury()
            self._looked_at = now
        idle = self._idle[origin]
        while idle:
            kept = idle.pop()
            if now - kept.used_at < IDLE and (kept.used_at < self._looked_at or not kept.is_dead()):
                return kept
            self._end(kept)
        return None

    def _bury(self) -> None:
        """Ends the idle connections that are dead. What has come for others is heard in its turn."""
        for file in self._watcher.news(0):
            if (conversation := self._open.get(file)) and conversation.request is None:
                self._hear_idle(conversation)

    def _say(self, conversation: Conversation, request: Request) -> None:
        self._busy += 1
        if not conversation.say(request):
            self._watcher.add(conversation.file, select.POLLIN | select.POLLOUT)

    def _hear(self, file: int, events: int) -> None:
        if (conversation := self._open.get(file)) is None:
            self._nudge[0].recv(4096)
        elif conversation.request is None:
            self._hear_idle(conversation)
        else:
            if events & select.POLLOUT and conversation.say_more():
                self._watcher.add(file)
            if events & ~select.POLLOUT and conversation.hear():
                self._over(conversation)

    def _hear_idle(self, conversation: Conversation) -> None:
        if conversation.is_dead():
            self._idle[conversation.origin].remove(conversation)
            self._end(conversation)

    def _over(self, conversation: Conversation) -> None:
        now, request = monotonic(), conversation.request
        assert request is not None
        came = conversation.outcome(now, self._patience)
        self._busy -= 1
        self._finished(request, now, came)
        if conversation.reusable:
            self._idle[conversation.origin].append(conversation)
        else:
            self._end(conversation)

    def _finished(self, request: Request, now: float, came: HttpAnswer | EsmsError) -> None:
        seconds, unheard = now - request.begun, self._unheard(request.begun)
        self._back.append(self._finish(request.tag, request.prepared, request.started_at, seconds, came, unheard))

    def _end(self, conversation: Conversation) -> None:
        self._watcher.drop(conversation.file)
        del self._open[conversation.file]
        conversation.close()

    def _look(self, now: float) -> None:
        for each in [each for each in self._open.values() if each.is_overdue(now, self._patience)]:
            self._over(each)
        for request in [each for each in self._dialling if now - each.begun >= self._to_connect]:
            self._give_up(request, "connecting took too long")

    def _tidy(self) -> None:
        idle = {each for kept in self._idle.values() for each in kept}
        self._busy = sum(each.request is not None for each in self._open.values())
        for each in [each for each in self._open.values() if each not in idle]:
            if each.request is None:
                self._end(each)
            elif not each.is_said:  # or half of it might be said twice
                each.lose(lost.BROKEN)
                self._over(each)

    # New connections...

    def _dial(self, request: Request) -> None:
        if len(self._open) + len(self._dialling) >= self._most:
            self._end(next(idle for idle in self._idle.values() if idle).pop(0))
        self._dialling.add(request)
        self._to_dial.put(request)
        if self._diallers < min(_DIALLERS, len(self._dialling)):
            self._hire()

    def _hire(self) -> None:
        """Where no thread can be had, those that are there do it, or the time for it passes."""
        with suppress(RuntimeError):
            threading.Thread(target=self._make_connections, name="esms-dialler", daemon=True).start()
            self._diallers += 1

    def _make_connections(self) -> None:
        """In a thread, until the exchange is closed."""
        while (request := self._to_dial.get()) is not None:
            if request in self._dialling:
                self._dialled.put((request, self._connection(request)))
            with self._nudging, suppress(OSError):  # there are nudges enough, or it is closed
                self._nudge[1].send(b"\0")
            if self._closed:
                self._hang_up()

    def _connection(self, request: Request) -> socket.socket | NotTaken:
        try:
            return self._wire.dial(request.prepared.parcel.url)
        except NotTaken as failure:
            return failure

    def _collect(self) -> None:
        while not self._dialled.empty():
            self._connected(*self._dialled.get())

    def _connected(self, request: Request, came: socket.socket | NotTaken) -> None:
        origin = request.address.origin
        if isinstance(came, socket.socket):
            self._keep(came, origin)
        if request not in self._dialling:  # it took too long
            return
        self._dialling.discard(request)
        if isinstance(came, NotTaken):
            self._finished(request, monotonic(), came)
        elif monotonic() >= min(request.until, request.begun + self._to_connect):
            self._back.append(held_up(self._finish, request.tag, request.prepared))
        elif conversation := self._kept(origin):  # it may have come long before somebody took
            self._say(conversation, request)
        else:
            self._give_up(request, "it was closed before anything was said")

    def _keep(self, connection: socket.socket, origin: str) -> None:
        conversation = Conversation(connection, origin)
        self._open[conversation.file] = conversation
        self._watcher.add(conversation.file)
        self._idle[origin].append(conversation)

    def _give_up(self, request: Request, why: str) -> None:
        self._dialling.discard(request)
        self._finished(request, monotonic(), lost.unconnected(why))

    def _hang_up(self) -> None:
        """What was dialled for an exchange that is closed."""
        while not self._dialled.empty():
            with suppress(Empty):  # its threads hang up as well
                _, came = self._dialled.get_nowait()
                if isinstance(came, socket.socket):
                    came.close()
