"""One call of a webhook: a POST, bounded in bytes and time; it follows no redirect and looks at no answer's body."""

from __future__ import annotations

import ssl
import time
from collections import deque
from http.client import HTTPConnection as Plain
from http.client import HTTPResponse
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection

from worker.esms.response import HurriedResponse, TooLongError
from worker.webhooks.target import Target, Unreachable, address_of

CONNECT, TOTAL = 5.0, 15.0  # seconds
READ_MOST = 64 * 1024  # bytes of an answer, so that its connection can be used again; beyond, it is closed


class _Hurried:
    """Of urllib3's connections: the whole answer is there by the deadline, or it is none."""

    deadline: float
    sock: Any
    timeout: Any

    def response_class(self, sock: Any, **options: Any) -> HTTPResponse:
        return HurriedResponse(sock, self.deadline, **options)

    def getresponse(self) -> HTTPResponse:
        self.sock.settimeout(TOTAL)
        return Plain.getresponse(self)  # type: ignore[arg-type]  # not urllib3's, which wraps it once more


class _PlainConnection(_Hurried, HTTPConnection):  # type: ignore[misc]
    pass


class _TlsConnection(_Hurried, HTTPSConnection):  # type: ignore[misc]
    pass


class Post:
    """Calls one target, from many threads; connections are kept, to addresses that were looked at, until `close`."""

    def __init__(self, target: Target, *, private: bool) -> None:
        self._target, self._private = target, private
        self._context = ssl.create_default_context() if target.tls else None
        self._kept: deque[Any] = deque()

    def send(self, body: bytes, headers: dict[str, str]) -> int | str:
        """The answer's status, or why there is none."""
        try:
            kept = self._kept.pop() if self._kept else None
        except IndexError:  # another thread was quicker
            kept = None
        try:
            return self._exchange(kept or self._connect(), body, headers)
        except Unreachable as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 — whatever it is, the call is not known to have been taken
            if kept and not isinstance(error, TimeoutError):  # the other side had closed it meanwhile
                return self.send(body, headers)
            return _why(error)

    def close(self) -> None:
        """Give the connections back."""
        while self._kept:
            self._kept.pop().close()

    def _exchange(self, connection: Any, body: bytes, headers: dict[str, str]) -> int:
        again = False
        try:
            connection.deadline = time.monotonic() + TOTAL
            connection.request("POST", self._target.path, body=body, headers=headers)
            response = connection.getresponse()
            again = _read(response)
            return int(response.status)
        finally:
            if again:
                self._kept.append(connection)
            else:
                connection.close()

    def _connect(self) -> Any:
        target = self._target
        address = address_of(target, private=self._private)
        if self._context is None:
            return _PlainConnection(address, target.port, timeout=CONNECT)
        return _TlsConnection(
            address,
            target.port,
            timeout=CONNECT,
            ssl_context=self._context,
            server_hostname=target.host,
            assert_hostname=target.host,
        )


def _read(response: Any) -> bool:
    """True: its connection can be used again."""
    try:
        response.read_whole(READ_MOST)
    except TooLongError:
        return False
    return not response.will_close


def _why(error: Exception) -> str:
    told = "no answer came in time" if "Timeout" in type(error).__name__ else "no connection, or it broke"
    return f"{told} ({type(error).__name__})"
