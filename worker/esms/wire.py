"""Carries one request to the provider and brings status and bytes back, or says in which of two ways it failed.

The keys are in the URL, so requests and urllib3 are shown its public part only: the connection appends the rest as it
writes. No exception of theirs, and no debug line, can then hold a key, however logging is set up.
"""

import http.client
import socket
import ssl
import threading
from http.client import HTTPException, HTTPResponse
from math import inf
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NameResolutionError, NewConnectionError, SSLError
from urllib3.util import Timeout
from urllib3.util.ssl_ import create_urllib3_context
from urllib3.util.ssl_match_hostname import CertificateError

from worker.esms import lost
from worker.esms.errors import EsmsError, MaybeTaken
from worker.esms.response import HurriedResponse, TooLongError
from worker.esms.route import IDLE, Route, origin
from worker.esms.transport_types import Address, HttpAnswer, Parcel, Patience

_HEADERS = {"User-Agent": "esms-worker", "Accept-Encoding": "identity"}


# What the connection in a thread is to append, and when it has to be done. until: later it may not even begin.
_call = threading.local()


class _NeverConnectedError(Exception):
    """No connection, so not one byte of the request went out. Of no class that urllib3 or requests would catch."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _TooLateError(Exception):
    """There is a connection, and nothing may go out over it any more. As the other one, nobody else's."""


class _Moments:
    """The moments that decide: until connect() is through, nothing was taken; from then on, it may have been."""

    sock: Any
    timeout: Any
    debuglevel = 0  # http.client prints requests, keys and all, for those who set this on its class

    def connect(self) -> None:
        try:
            super().connect()  # type: ignore[misc]  # mixed into urllib3's connections below
        except Exception as error:  # noqa: BLE001  whatever stopped us here, no request was written yet
            reason = _why_not(error)
        else:
            if monotonic() < _call.until:
                return
            raise _TooLateError
        raise _NeverConnectedError(reason)

    def request(self, method: str, url: str, **options: Any) -> None:
        super().request(method, url + _call.secret, **options)  # type: ignore[misc]

    def response_class(self, sock: socket.socket, **options: Any) -> HTTPResponse:
        return HurriedResponse(sock, _call.deadline, **options)

    def getresponse(self) -> HTTPResponse:
        self._answered_at = monotonic()
        self.sock.settimeout(self.timeout)
        return http.client.HTTPConnection.getresponse(self)  # type: ignore[arg-type]  # not urllib3's, which wraps it once more

    @property
    def is_connected(self) -> bool:
        """Asked by the pool before a kept connection is used again; False makes it open a new one."""
        return bool(super().is_connected) and monotonic() - self._answered_at < IDLE  # type: ignore[misc]


class _PlainConnection(_Moments, HTTPConnection):  # type: ignore[misc]
    pass


class _TlsConnection(_Moments, HTTPSConnection):  # type: ignore[misc]
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection  # type: ignore[assignment]  # urllib3 types it by a protocol


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection  # type: ignore[assignment]


class _Adapter(HTTPAdapter):
    """requests' adapter without what the GET of a known URL doesn't need: cookies, and parsing it at each call."""

    def __init__(self, in_flight: int, route: Route) -> None:
        self._context = _tls_context(route.bundle)
        self._pools: dict[str, Any] = {}
        super().__init__(pool_maxsize=in_flight)
        for host, proxy in route.proxies.items():  # what is wrong with its URL or its proxy shows before any send
            manager = self.proxy_manager_for(proxy) if proxy else self.poolmanager
            self._pools[host] = manager.connection_from_url(host)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, ssl_context=self._context, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        manager = super().proxy_manager_for(proxy, ssl_context=self._context, **options)
        manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}
        return manager

    def get_connection_with_tls_context(self, request: Any, *_tls: Any, **_options: Any) -> Any:
        return self._pools[request.origin]

    def cert_verify(self, *_tls: Any) -> None:
        """The context verifies."""

    def request_url(self, request: Any, _proxies: Any) -> str:
        return request.url if self._is_passed_on(request) else request.path  # type: ignore[no-any-return]

    def headers_for_proxy(self, request: Any) -> dict[str, str]:
        """What a proxy that passes plain requests on wants to read in each."""
        return dict(self._pools[request.origin].proxy_headers) if self._is_passed_on(request) else {}

    def _is_passed_on(self, request: Any) -> bool:
        """By a proxy that reads it. Through what there is for TLS a proxy is only tunnelled."""
        return request.scheme == "http" and self._pools[request.origin].proxy is not None

    def dial(self, request: Any, timeout: float) -> socket.socket:
        """timeout: seconds for each step. Raises whatever stops it."""
        pool = self._pools[request.origin]
        connection = pool._new_conn()
        connection.timeout = timeout
        try:
            return _connected(connection, pool)
        except BaseException:
            connection.close()
            raise

    def build_response(self, _request: Any, response: Any) -> Any:
        return response


class _PublicRequest:
    """What requests' adapter wants to know of a request; one for each function, made once."""

    method = "GET"
    body = None
    headers = _HEADERS

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.url, self.path, self.scheme = url, parts.path, parts.scheme
        self.origin = origin(url)


class Wire:
    """The one door to the network, for many threads at once. Nothing is ever sent twice: no retries, no redirects.

    in_flight: how many connections are kept open.
    """

    def __init__(self, *, route: Route, patience: Patience, in_flight: int) -> None:
        self._patience = patience
        self._route = route
        self._requests: dict[str, _PublicRequest] = {}
        self._adapter = _Adapter(in_flight, route)
        self._room = in_flight

    def make_room(self, in_flight: int) -> None:
        """Keeps that many connections from now on; those in use finish as they are."""
        previous, self._adapter = self._adapter, _Adapter(in_flight, self._route)
        self._room = in_flight
        previous.close()

    @property
    def room(self) -> int:
        return self._room

    def send(self, parcel: Parcel, until: float = inf) -> HttpAnswer:
        """One GET. Raises NotTaken when no connection was made in time, MaybeTaken when the answer is lost."""
        begun = monotonic()
        try:
            _call.secret, _call.deadline, _call.until = parcel.secret, begun + self._patience.total, until
            return self._exchange(parcel)
        except _TooLateError:
            failure: EsmsError = lost.held_up()
        except _NeverConnectedError as error:
            failure = lost.unconnected(error.reason)
        except Exception as error:  # noqa: BLE001  after the first byte, no failure whatever may pass for "not taken"
            failure = MaybeTaken(_what_was_lost(error, monotonic() - begun >= self._patience.total))
        finally:
            _call.secret = ""
        raise failure  # out here, so that no foreign exception hangs on to it as its context

    def address(self, url: str) -> Address:
        """What a request to this URL is written as, by whoever writes it on a connection of `dial`."""
        request = self._request(url)
        headers = {"Host": urlsplit(url).netloc} | _HEADERS | self._adapter.headers_for_proxy(request)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return Address(request.origin, f"GET {self._adapter.request_url(request, None)}", f" HTTP/1.1\r\n{lines}\r\n")

    def dial(self, url: str) -> socket.socket:
        """A new connection, as far as the first byte of a request. Raises NotTaken."""
        timeout = min(self._patience.connect, self._patience.total)
        _call.deadline, _call.until = monotonic() + timeout, inf  # a proxy answers as well
        try:
            return self._adapter.dial(self._request(url), timeout)
        except _NeverConnectedError as error:
            reason = error.reason
        except Exception as error:  # noqa: BLE001  whatever stopped us here, no request was written yet
            reason = _why_not(error)
        raise lost.unconnected(reason)

    def _exchange(self, parcel: Parcel) -> HttpAnswer:
        patience = self._patience
        timeout = Timeout(connect=min(patience.connect, patience.total), read=min(patience.read, patience.total))
        response: Any = self._adapter.send(self._request(parcel.url), timeout=timeout)  # type: ignore[arg-type]
        connection = response._connection
        try:
            body = response.read_whole(parcel.limit)
        except BaseException:
            connection.close()
            raise
        finally:
            response._pool._put_conn(connection)
        return HttpAnswer(response.status, body)

    def _request(self, url: str) -> _PublicRequest:
        if url not in self._requests:
            self._requests[url] = _PublicRequest(url)
        return self._requests[url]

    def close(self) -> None:
        self._adapter.close()


def _connected(connection: Any, pool: Any) -> socket.socket:
    if pool.proxy is not None:
        pool._prepare_proxy(connection)  # for TLS, a tunnel and what is said through it
    if connection.is_closed:
        connection.connect()
    if not isinstance(connection.sock, socket.socket):
        raise _NeverConnectedError("TLS to a proxy is not for sockets (choose the transport requests)")
    return connection.sock


def _tls_context(bundle: str) -> Any:
    context = create_urllib3_context()
    context.load_verify_locations(**{"capath" if Path(bundle).is_dir() else "cafile": bundle})
    return context


def _why_not(error: Exception) -> str:
    match error:
        case NameResolutionError():
            return "its name was not found (DNS)"
        case NewConnectionError():  # a kind of ConnectTimeoutError to urllib3
            return getattr(error.__cause__, "strerror", None) or "the connection failed"
        case ConnectTimeoutError() | TimeoutError():
            return "connecting took too long"
        case ssl.SSLError() | SSLError() | CertificateError():
            return "TLS failed (is the certificate trusted, and the clock right?)"
        case _:
            return getattr(error, "strerror", None) or type(error).__name__


def _what_was_lost(error: Exception, out_of_time: bool) -> str:
    if out_of_time:
        return lost.OUT_OF_TIME
    match error:
        case TooLongError():
            return lost.TOO_LONG
        case requests.Timeout() | TimeoutError() | HTTPError() if "Timeout" in type(error).__name__:
            return lost.SILENT
        case requests.ConnectionError() | HTTPError() | HTTPException() | OSError():
            return lost.BROKEN
        case _:
            return f"the answer was lost ({type(error).__name__})"
