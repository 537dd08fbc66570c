"""One easy handle of curl's, set up once, and the request that it carries at the moment.

curl calls `_go` when it has a connection and is about to write the request. Until that says yes nothing can have been
taken; from then on it may have been. A second call means that curl would send the request once more (it does so when a
kept connection breaks without an answer, though the server may have read the first): that is refused.
"""

import os
import zlib
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import pycurl

from worker.esms import lost
from worker.esms.curl_connections import KeptConnections
from worker.esms.errors import EsmsError, MaybeTaken
from worker.esms.exchange import Prepared
from worker.esms.response import TooLongError, unpacked
from worker.esms.route import IDLE, Route, origin
from worker.esms.transport_types import HttpAnswer, Patience

_GZIP = b"\x1f\x8b"
_TLS_ERRORS = frozenset(
    getattr(pycurl, name)
    for name in dir(pycurl)
    if name.startswith("E_SSL_") or name in ("E_PEER_FAILED_VERIFICATION", "E_USE_SSL_FAILED")
)
_DNS_ERRORS = frozenset({pycurl.E_COULDNT_RESOLVE_HOST, pycurl.E_COULDNT_RESOLVE_PROXY})


class Handle:
    """Carries one request after the other. curl: pycurl's handle, for the loop that drives it."""

    def __init__(self, route: Route, patience: Patience, kept: KeptConnections) -> None:
        self._proxies = route.proxies
        self._patience = patience
        self._kept = kept
        self._fresh = False  # has to make a connection of its own
        self.curl = _set_up(route.bundle, patience)
        self.curl.setopt(pycurl.PREREQFUNCTION, self._go)
        self.curl.setopt(pycurl.WRITEFUNCTION, self._hear)
        self._origin = self._function = ""
        self.tag: object = None
        self.prepared: Prepared[Any] | None = None
        self._pieces: list[bytes] = []

    def load(self, tag: object, prepared: Prepared[Any], until: float) -> None:
        """Readies it for this request, which goes out when the handle is added to the loop, or not after `until`."""
        self.tag, self.prepared, self._until, self.late = tag, prepared, until, False
        self.started_at, self.begun = datetime.now(UTC), monotonic()
        parcel = prepared.parcel
        self.stale = self._gone = self._too_long = False
        self._port = self._size = self._seen = 0
        self._limit = parcel.limit
        self._heard_at = 0.0
        if parcel.url != self._function:
            self._aim(parcel.url)
        self.curl.setopt(pycurl.URL, parcel.url + parcel.secret)

    def _aim(self, url: str) -> None:
        self._function = url
        if (there := origin(url)) != self._origin:
            self._origin = there
            self.curl.setopt(pycurl.PROXY, self._proxies[there] or "")  # empty: none, whatever the environment says

    def refresh(self) -> None:
        """Readies it for the same request again, of which nothing went out, on a new connection."""
        self.stale = False
        self._make_fresh(True)

    def _make_fresh(self, fresh: bool) -> None:
        self._fresh = fresh
        self.curl.setopt(pycurl.FRESH_CONNECT, fresh)

    def unload(self) -> None:
        """Keeps nothing of the request."""
        self.curl.setopt(pycurl.URL, "")
        if self._fresh:
            self._make_fresh(False)
        self._forget()

    def _forget(self) -> None:
        self.tag = self.prepared = None
        self._pieces = []

    # What curl calls...

    def _go(self, _their_ip: str, _our_ip: str, _their_port: int, our_port: int) -> int:
        if self._gone:
            return int(pycurl.PREREQFUNC_ABORT)
        if not self._fresh and self._kept.is_dead(our_port):
            self._kept.forget(our_port)
            self.stale = True
            return int(pycurl.PREREQFUNC_ABORT)
        if monotonic() >= self._until:
            self.late = True
            return int(pycurl.PREREQFUNC_ABORT)
        self._gone = True
        self._port = our_port
        self._heard_at = monotonic()
        return int(pycurl.PREREQFUNC_OK)

    def _hear(self, piece: bytes) -> int | None:
        self._size += len(piece)
        if self._size > self._limit:
            self._too_long = True
            return -1
        self._pieces.append(piece)
        return None

    # What came of it...

    def overdue(self, now: float) -> bool:
        """Is the time for the whole call up, or has nothing come for too long? (Connecting has curl's own clock.)"""
        if now - self.begun >= self._patience.total:
            return True
        if not self._gone:
            return False
        seen = self.curl.getinfo(pycurl.HEADER_SIZE) + self._size
        if seen != self._seen:
            self._seen, self._heard_at = seen, now
        return now - self._heard_at >= self._patience.read

    def outcome(self, error: int, now: float) -> HttpAnswer | EsmsError:
        """error: curl's number, 0 for none. Its text is left alone: it may name what is secret."""
        self._note_connection(error)
        if not self._gone:
            return lost.unconnected(self._why_not(error))
        if error:
            return MaybeTaken(self._what_was_lost(error, now))
        try:
            return HttpAnswer(self.curl.getinfo(pycurl.RESPONSE_CODE), self._body())
        except (TooLongError, zlib.error) as broken:
            self._too_long = isinstance(broken, TooLongError)
        return MaybeTaken(self._what_was_lost(pycurl.E_BAD_CONTENT_ENCODING, now))

    def _note_connection(self, error: int) -> None:
        if error:
            self._kept.forget(self._port)
        elif self._port not in self._kept:
            self._kept.keep(self._port, self.curl.getinfo(pycurl.ACTIVESOCKET))

    def _body(self) -> bytes:
        body = b"".join(self._pieces)
        return unpacked(body, self._limit) if body.startswith(_GZIP) else body

    def _why_not(self, error: int) -> str:
        if error in _DNS_ERRORS:
            return "its name was not found (DNS)"
        if error == pycurl.E_OPERATION_TIMEDOUT:
            return "connecting took too long"
        if error in _TLS_ERRORS:
            return "TLS failed (is the certificate trusted, and the clock right?)"
        number = self.curl.getinfo(pycurl.OS_ERRNO)
        return os.strerror(number) if number else "the connection failed"

    def _what_was_lost(self, error: int, now: float) -> str:
        if self._too_long:
            return lost.TOO_LONG
        if now - self.begun >= self._patience.total:
            return lost.OUT_OF_TIME
        if error == pycurl.E_OPERATION_TIMEDOUT:
            return lost.SILENT
        return lost.PACKED if error == pycurl.E_BAD_CONTENT_ENCODING else lost.BROKEN


def _set_up(bundle: str, patience: Patience) -> Any:
    """What all requests share. Redirects, cookies, netrc and passwords are off in curl unless asked for."""
    curl = pycurl.Curl()
    curl.setopt(pycurl.NOSIGNAL, 1)
    curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
    curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
    curl.setopt(pycurl.PATH_AS_IS, 1)
    curl.setopt(pycurl.USERAGENT, "esms-worker")
    curl.setopt(pycurl.HTTPHEADER, ["Accept-Encoding: identity"])
    curl.setopt(pycurl.NOPROXY, "")
    curl.setopt(pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_2)
    curl.setopt(pycurl.CAPATH if Path(bundle).is_dir() else pycurl.CAINFO, bundle)
    curl.setopt(pycurl.CONNECTTIMEOUT_MS, max(1, round(1000 * min(patience.connect, patience.total))))
    curl.setopt(pycurl.MAXAGE_CONN, int(IDLE))
    return curl
