"""One connection to eSMS: a request is written, its answer is heard, and then the next.

Until `say` nothing of a request has gone out. From then on it may have been taken, whatever fails. The bytes are read
by llhttp (httptools), which is strict about where an answer ends.
"""

import select
import socket
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ssl import SSLWantReadError, SSLWantWriteError
from time import monotonic
from typing import Any

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from worker.esms import lost
from worker.esms.errors import EsmsError, MaybeTaken
from worker.esms.exchange import Prepared
from worker.esms.response import TooLongError, unpacked
from worker.esms.transport_types import Address, HttpAnswer, Patience

_GZIP = b"\x1f\x8b"
_PIECE = 65_536  # bytes read at once
_LONGEST_HEAD = 131_072
_MOST_BYTES = 40 * 1024 * 1024  # of one answer, with all that frames it
_NOT_YET = (BlockingIOError, SSLWantReadError, SSLWantWriteError)
_LENGTHS = (b"content-length", b"transfer-encoding")


@dataclass(slots=True, eq=False)
class Request:
    """What has left the line: where it goes, until when it may be sent, and when it began."""

    tag: object
    prepared: Prepared[Any]
    address: Address
    until: float
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    begun: float = field(default_factory=monotonic)


class Conversation:
    """Takes the socket over. origin: whom it is with.

    file: the socket's number. request: the one that is on the wire, if any. reusable: may another one follow?
    used_at: when it was last good.
    """

    __slots__ = (
        "_body", "_bytes", "_code", "_head", "_heard_at", "_is_cut", "_limit", "_look", "_lost", "_parser", "_size",
        "_sock", "_status", "_unsaid", "file", "origin", "request", "reusable", "used_at",
    )  # fmt: skip

    _lost: str | None

    def __init__(self, sock: socket.socket, origin: str) -> None:
        sock.setblocking(False)
        self._sock, self.origin = sock, origin
        self.file = sock.fileno()
        self._look = select.poll()  # at this one alone: to register it anew is as dear as the look
        self._look.register(sock, select.POLLIN)
        self._parser: Any = HttpResponseParser(self)
        self.request: Request | None = None
        self.reusable = True
        self.used_at = monotonic()
        self._forget()

    def is_dead(self) -> bool:
        """Has anything but TLS's own news come, although nothing was asked? It is its end, or no answer to us."""
        if not self._look.poll(0):
            return False
        try:
            self._sock.recv(1)
        except _NOT_YET:
            return False
        except OSError:
            pass
        return True

    def say(self, request: Request) -> bool:
        """Sends it; False: there is no room for all of it yet."""
        parcel = request.prepared.parcel
        self._limit = parcel.limit
        self._heard_at = monotonic()
        self._unsaid = request.address.words(parcel.secret)
        self.request = request
        return self.say_more()

    def say_more(self) -> bool:
        """Sends what is left of it; False: still not all."""
        try:
            self._unsaid = self._unsaid[self._sock.send(self._unsaid) :]
        except _NOT_YET:
            pass
        except OSError:  # what broke it shows when we listen; nothing may follow what may be half of a request
            self._unsaid, self._is_cut = b"", True
        return not self._unsaid

    @property
    def is_said(self) -> bool:
        return not self._unsaid

    def hear(self) -> bool:
        """Reads all that has come; True: the answer is whole, or there will be none."""
        over = False
        while not over:  # TLS gives a record at once, and an answer may be many
            try:
                data = self._sock.recv(_PIECE)
            except _NOT_YET:
                break
            except OSError:
                return self.lose(lost.BROKEN)
            self._heard_at = monotonic()
            over = self._read(data) if data else self._end()
        return over

    def lose(self, why: str) -> bool:
        """There will be no answer; always True."""
        self._lost = why
        return True

    def is_overdue(self, now: float, patience: Patience) -> bool:
        """Is the time for the whole call up, or has nothing come for too long?"""
        if self.request is None:
            return False
        return now - self.request.begun >= patience.total or now - self._heard_at >= patience.read

    def outcome(self, now: float, patience: Patience) -> HttpAnswer | EsmsError:
        """The answer to what was asked, or that it is lost; both are forgotten then."""
        try:
            return self._answer(now, patience)
        except TooLongError:
            return MaybeTaken(lost.TOO_LONG)
        except zlib.error:
            return MaybeTaken(lost.PACKED)
        finally:
            self.request, self.used_at = None, now
            self._forget()

    def close(self) -> None:
        """Of what was on the wire nothing is heard any more."""
        self._parser = None  # it holds us as well
        self._sock.close()

    # The answer...

    def _forget(self) -> None:
        self._lost = None
        self._status = self._code = 0  # status: that of a whole answer, code: that of one that has begun
        self._size = self._bytes = 0  # of its body, and of all of it
        self._head = self._unsaid = b""
        self._is_cut = False
        self._body: list[bytes] = []

    def _answer(self, now: float, patience: Patience) -> HttpAnswer | EsmsError:
        assert self.request is not None
        if self._unsaid or self._is_cut:  # it was answered before it was said
            self.reusable = False
        if self._status and self._lost is None:
            body = b"".join(self._body)
            return HttpAnswer(self._status, unpacked(body, self._limit) if body.startswith(_GZIP) else body)
        self.reusable = False
        out_of_time = now - self.request.begun >= patience.total and self._lost != lost.TOO_LONG
        return MaybeTaken(lost.OUT_OF_TIME if out_of_time else self._lost or lost.SILENT)

    def _read(self, data: bytes) -> bool:
        if not self._code:
            self._head += data
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):  # what comes behind a whole answer is nobody's
            self.reusable = False
            return True if self._status else self.lose(lost.BROKEN)
        self._bytes += len(data)
        if self._size > self._limit or len(self._head) > _LONGEST_HEAD or self._bytes > _MOST_BYTES:
            return self.lose(lost.TOO_LONG)
        return bool(self._status)

    def _end(self) -> bool:
        """They have closed it: where they named no length, that is the answer's end."""
        if not self._code or _names_a_length(self._head):
            return self.lose(lost.BROKEN)
        self._status, self.reusable = self._code, False
        return True

    # What the parser calls...

    def on_message_begin(self) -> None:
        if self._status:  # one answer too many
            self.reusable = False

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status >= 200:  # those before it are interim
            self._code = self._code or status

    def on_body(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size <= self._limit and not self._status:
            self._body.append(piece)

    def on_message_complete(self) -> None:
        if self._code and not self._status:
            self._status = self._code
            self.reusable = self._parser.should_keep_alive()


def _names_a_length(head: bytes) -> bool:
    framing = _Framing()
    HttpResponseParser(framing).feed_data(head)
    return framing.named


class _Framing:
    """Is an answer's end to be told by its header? Of several, the last one counts."""

    named = False

    def on_message_begin(self) -> None:
        self.named = False

    def on_header(self, name: bytes, _value: bytes) -> None:
        self.named = self.named or name.lower() in _LENGTHS
